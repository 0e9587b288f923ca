import type { KubeObject } from "./kube-api.ts";

export interface Manifest {
  readonly collection: string;
  readonly object: KubeObject;
}

const rbac = "/apis/rbac.authorization.k8s.io/v1";
const group = "rbac.authorization.k8s.io";

function binding(name: string, role: string, groups: readonly string[]): Manifest {
  return {
    collection: `${rbac}/clusterrolebindings`,
    object: {
      apiVersion: `${group}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name },
      subjects: groups.map((subject) => ({ kind: "Group", name: subject, apiGroup: group })),
      roleRef: { kind: "ClusterRole", name: role, apiGroup: group },
    },
  };
}

/**
 * What a Talos v1.11 control plane puts into a new cluster so that kubelets can join it with the machine config's token
 * (k8s/internal/k8stemplates, manifests 00 to 11). `token` is `cluster.token`. CoreDNS, flannel and kube-proxy are not made:
 * nothing resolves or forwards here.
 */
export function bootstrapManifests(token: string): readonly Manifest[] {
  const [tokenId, tokenSecret] = token.split(".");
  if (tokenId === undefined || tokenSecret === undefined) throw new Error("a bootstrap token is of the form <id>.<secret>");
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `bootstrap-token-${tokenId}`, namespace: "kube-system" },
    type: "bootstrap.kubernetes.io/token",
    stringData: { "token-id": tokenId, "token-secret": tokenSecret, "usage-bootstrap-authentication": "true", "auth-extra-groups": "system:bootstrappers:nodes" },
  };
  const role = {
    apiVersion: `${group}/v1`,
    kind: "ClusterRole",
    metadata: { name: "system:talos-nodes" },
    rules: [{ apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"] }],
  };
  return [
    { collection: "/api/v1/namespaces/kube-system/secrets", object: secret },
    binding("system-bootstrap-node-bootstrapper", "system:node-bootstrapper", ["system:bootstrappers:nodes", "system:nodes"]),
    binding("system-bootstrap-approve-node-client-csr", "system:certificates.k8s.io:certificatesigningrequests:nodeclient", ["system:bootstrappers:nodes"]),
    binding("system-bootstrap-node-renewal", "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", ["system:nodes"]),
    { collection: `${rbac}/clusterroles`, object: role },
    binding("system:talos-nodes", "system:talos-nodes", ["system:nodes"]),
  ];
}
