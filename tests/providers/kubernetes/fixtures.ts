import type { Properties } from "../../../rehearsal/providers/values.ts";
import type { KubernetesLab } from "./lab.ts";

/** What the contract has to know of a kind. */
export interface Fixture {
  readonly token: string;
  /** Where the API server has it, `{name}` for its name; what comes before its status. */
  readonly path: string;
  /** Minimal inputs of an object that is ready by itself; what it needs is made on the way. */
  inputs(lab: KubernetesLab, name: string): Properties | Promise<Properties>;
  /** Changes, and what has to come of each: the engine's words for the places. */
  readonly changes: readonly { readonly to: Properties; readonly places: readonly string[] }[];
  /** What somebody else changes, and the place that has to be told. */
  readonly behindTheBack: { readonly change: Properties; readonly place: string };
}

const labels = { app: "web" };
const template = (over: Properties = {}): Properties => ({
  metadata: { labels },
  spec: { containers: [{ name: "web", image: "registry.example/web:1", resources: { requests: { cpu: "1000m", memory: "1024Mi" } }, ...over }] },
});
const metadata = (name: string, over: Properties = {}): Properties => ({ name, namespace: "default", ...over });

const configMap: Fixture = {
  token: "kubernetes:core/v1:ConfigMap",
  path: "/api/v1/namespaces/default/configmaps/{name}",
  inputs: (_, name) => ({ metadata: metadata(name), data: { colour: "red", "a.b": "dots" } }),
  changes: [
    { to: { data: { colour: "blue" } }, places: ["delete-replace data[\"a.b\"]", "update-replace data.colour"] },
    { to: { metadata: { name: "other", namespace: "default" } }, places: ["update-replace metadata.name"] },
    { to: { metadata: { name: "{name}", namespace: "kube-system" } }, places: ["update-replace metadata.namespace"] },
    { to: { metadata: { name: "{name}", namespace: "default", labels: { "app.kubernetes.io/name": "x" } } }, places: ["add metadata.labels"] },
  ],
  behindTheBack: { change: { data: { colour: "green", theirs: "kept" } }, place: "update-replace data.colour" },
};

const secret: Fixture = {
  token: "kubernetes:core/v1:Secret",
  path: "/api/v1/namespaces/default/secrets/{name}",
  inputs: (_, name) => ({ metadata: metadata(name), stringData: { password: "hunter4711" }, data: { token: Buffer.from("token4711").toString("base64") } }),
  changes: [
    { to: { metadata: { name: "{name}", namespace: "default", annotations: { why: "x" } } }, places: ["add metadata.annotations"] },
    { to: { stringData: { password: "hunter4712" } }, places: ["update-replace stringData.password"] },
    { to: { type: "example.org/other" }, places: ["add-replace type"] },
  ],
  behindTheBack: { change: { data: { password: Buffer.from("stolen").toString("base64") } }, place: "update-replace stringData.password" },
};

const namespace: Fixture = {
  token: "kubernetes:core/v1:Namespace",
  path: "/api/v1/namespaces/{name}",
  inputs: (_, name) => ({ metadata: { name, labels: { tenant: "demo" } } }),
  changes: [
    { to: { metadata: { name: "{name}", labels: { tenant: "other" } } }, places: ["update metadata.labels.tenant"] },
    { to: { metadata: { name: "{name}" } }, places: ["delete metadata.labels"] },
  ],
  behindTheBack: { change: { metadata: { labels: { tenant: "theirs" } } }, place: "update metadata.labels.tenant" },
};

const serviceAccount: Fixture = {
  token: "kubernetes:core/v1:ServiceAccount",
  path: "/api/v1/namespaces/default/serviceaccounts/{name}",
  inputs: (_, name) => ({ metadata: metadata(name), automountServiceAccountToken: true }),
  changes: [{ to: { automountServiceAccountToken: false }, places: ["update automountServiceAccountToken"] }],
  behindTheBack: { change: { automountServiceAccountToken: null }, place: "add automountServiceAccountToken" },
};

const deployment: Fixture = {
  token: "kubernetes:apps/v1:Deployment",
  path: "/apis/apps/v1/namespaces/default/deployments/{name}",
  inputs: (_, name) => ({ metadata: metadata(name), spec: { replicas: 0, minReadySeconds: 1, selector: { matchLabels: labels }, template: template() } }),
  changes: [
    {
      to: { spec: { replicas: 0, minReadySeconds: 1, selector: { matchLabels: labels }, template: template({ image: "registry.example/web:2", args: ["-v"] }) } },
      places: ["add spec.template.spec.containers[0].args", "update spec.template.spec.containers[0].image"],
    },
    { to: { spec: { replicas: 0, selector: { matchLabels: labels }, template: template() } }, places: ["delete spec.minReadySeconds"] },
    { to: { spec: { replicas: 0, minReadySeconds: 1, selector: { matchLabels: { app: "other" } }, template: template() } }, places: ["update-replace spec.selector.matchLabels.app"] },
  ],
  behindTheBack: { change: { spec: { minReadySeconds: 5, paused: true } }, place: "update spec.minReadySeconds" },
};

const statefulSet: Fixture = {
  token: "kubernetes:apps/v1:StatefulSet",
  path: "/apis/apps/v1/namespaces/default/statefulsets/{name}",
  inputs: (_, name) => ({ metadata: metadata(name), spec: { replicas: 0, minReadySeconds: 1, serviceName: "web", selector: { matchLabels: labels }, template: template() } }),
  changes: [
    { to: { spec: { replicas: 0, minReadySeconds: 1, serviceName: "other", selector: { matchLabels: labels }, template: template() } }, places: ["update-replace spec.serviceName"] },
    { to: { spec: { replicas: 0, minReadySeconds: 2, serviceName: "web", selector: { matchLabels: labels }, template: template() } }, places: ["update spec.minReadySeconds"] },
  ],
  behindTheBack: { change: { spec: { minReadySeconds: 5 } }, place: "update spec.minReadySeconds" },
};

// No node is like that, so that nobody has to play one.
const nowhere = { metadata: { labels }, spec: { nodeSelector: { moon: "dark" }, containers: [{ name: "agent", image: "registry.example/agent:1" }] } };
const daemonSet: Fixture = {
  token: "kubernetes:apps/v1:DaemonSet",
  path: "/apis/apps/v1/namespaces/default/daemonsets/{name}",
  inputs: (_, name) => ({ metadata: metadata(name), spec: { minReadySeconds: 1, selector: { matchLabels: labels }, template: nowhere } }),
  changes: [{ to: { spec: { minReadySeconds: 2, selector: { matchLabels: labels }, template: nowhere } }, places: ["update spec.minReadySeconds"] }],
  behindTheBack: { change: { spec: { minReadySeconds: 9 } }, place: "update spec.minReadySeconds" },
};

const jobTemplate = { spec: { restartPolicy: "Never", containers: [{ name: "work", image: "registry.example/work:1" }] } };
const job: Fixture = {
  token: "kubernetes:batch/v1:Job",
  path: "/apis/batch/v1/namespaces/default/jobs/{name}",
  // With nothing to be done it is done.
  inputs: (_, name) => ({ metadata: metadata(name), spec: { completions: 0, backoffLimit: 2, template: jobTemplate } }),
  changes: [
    { to: { spec: { completions: 0, backoffLimit: 3, template: jobTemplate } }, places: ["update spec.backoffLimit"] },
    {
      to: { spec: { completions: 0, backoffLimit: 2, template: { spec: { ...jobTemplate.spec, containers: [{ name: "work", image: "registry.example/work:2" }] } } } },
      places: ["update-replace spec.template.spec.containers[0].image"],
    },
  ],
  behindTheBack: { change: { spec: { backoffLimit: 7 } }, place: "update spec.backoffLimit" },
};

const service: Fixture = {
  token: "kubernetes:core/v1:Service",
  path: "/api/v1/namespaces/default/services/{name}",
  inputs: (_, name) => ({ metadata: metadata(name), spec: { selector: { app: name }, ports: [{ port: 80, targetPort: "http" }] } }),
  changes: [
    { to: { spec: { selector: { app: "{name}" }, ports: [{ port: 80, targetPort: 8080 }] } }, places: ["update spec.ports[0].targetPort"] },
    { to: { spec: { selector: { app: "{name}" }, ports: [{ name: "a", port: 80, targetPort: "http" }, { name: "b", port: 81 }] } }, places: ["add spec.ports[0].name", "add spec.ports[1]"] },
    { to: { spec: { clusterIP: "None", selector: { app: "{name}" }, ports: [{ port: 80, targetPort: "http" }] } }, places: ["add-replace spec.clusterIP"] },
  ],
  behindTheBack: { change: { spec: { selector: { app: "elsewhere" } } }, place: "update spec.selector.app" },
};

const claim: Fixture = {
  token: "kubernetes:core/v1:PersistentVolumeClaim",
  path: "/api/v1/namespaces/default/persistentvolumeclaims/{name}",
  async inputs(lab, name) {
    await lab.post("/apis/storage.k8s.io/v1/storageclasses", {
      apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: { name }, provisioner: "example.org/none", volumeBindingMode: "WaitForFirstConsumer",
    });
    return {
      metadata: metadata(name, { labels: { tier: "a" } }),
      spec: { accessModes: ["ReadWriteOnce"], storageClassName: name, resources: { requests: { storage: "1024Mi" } } },
    };
  },
  changes: [{ to: { metadata: { name: "{name}", namespace: "default", labels: { tier: "b" } } }, places: ["update metadata.labels.tier"] }],
  behindTheBack: { change: { metadata: { labels: { tier: "c" } } }, place: "update metadata.labels.tier" },
};

const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }];
const role: Fixture = {
  token: "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
  path: "/apis/rbac.authorization.k8s.io/v1/clusterroles/{name}",
  inputs: (_, name) => ({ metadata: { name }, rules }),
  changes: [{ to: { rules: [...rules, { nonResourceURLs: ["/healthz"], verbs: ["get"] }] }, places: ["add rules[1]"] }],
  // A list that is one piece: what others add to it is no business of theirs alone.
  behindTheBack: { change: { rules: [...rules, { apiGroups: ["*"], resources: ["*"], verbs: ["*"] }] }, place: "delete rules[1]" },
};

const binding: Fixture = {
  token: "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
  path: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{name}",
  inputs: (_, name) => ({
    metadata: { name }, roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
    subjects: [{ kind: "ServiceAccount", name: "one", namespace: "default" }],
  }),
  changes: [
    { to: { roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "edit" } }, places: ["update-replace roleRef.name"] },
    { to: { subjects: [{ kind: "ServiceAccount", name: "two", namespace: "default" }] }, places: ["update subjects[0].name"] },
  ],
  behindTheBack: {
    change: { subjects: [{ kind: "ServiceAccount", name: "one", namespace: "default" }, { kind: "ServiceAccount", name: "thief", namespace: "default" }] },
    place: "delete subjects[1]",
  },
};

/** A definition as the SDK writes it, with underscores. */
export function definition(plural: string, kind: string): Properties {
  const schema = { type: "object", properties: { spec: { type: "object", x_kubernetes_preserve_unknown_fields: true }, status: { type: "object", x_kubernetes_preserve_unknown_fields: true } } };
  return {
    metadata: { name: `${plural}.example.org` },
    spec: {
      group: "example.org", scope: "Namespaced", names: { plural, kind, singular: kind.toLowerCase() },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema }, subresources: { status: {} } }],
    },
  };
}

const kindOf = (name: string): string => name.replaceAll(/[^a-z0-9]/g, "").replace(/^./, (letter) => letter.toUpperCase());
const pluralOf = (name: string): string => `${name.replaceAll(/[^a-z0-9]/g, "")}s`;

const customResourceDefinition: Fixture = {
  token: "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
  path: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}",
  inputs: (_, name) => definition(pluralOf(name), kindOf(name)),
  changes: [{ to: { metadata: { name: "{name}", labels: { a: "b" } } }, places: ["add metadata.labels"] }],
  behindTheBack: { change: { spec: { names: { shortNames: ["x"] } }, metadata: { labels: { theirs: "1" } } }, place: "" },
};

const customResource: Fixture = {
  token: "kubernetes:example.org/v1:Widget",
  path: "/apis/example.org/v1/namespaces/default/widgets/{name}",
  async inputs(lab, name) {
    await haveWidgets(lab);
    return { apiVersion: "example.org/v1", kind: "Widget", metadata: metadata(name), spec: { size: 3, parts: ["a", "b"] } };
  },
  changes: [{ to: { spec: { size: 4, parts: ["a"] } }, places: ["delete spec.parts[1]", "update spec.size"] }],
  behindTheBack: { change: { spec: { size: 5 } }, place: "update spec.size" },
};

/** Makes the kind of these tests, past the provider, once for the whole cluster. */
export async function haveWidgets(lab: KubernetesLab): Promise<void> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const known = await lab.get(path);
  const names = (known["items"] as { metadata: { name: string } }[]).map((item) => item.metadata.name);
  if (names.includes("widgets.example.org")) return;
  await lab.provider.create("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", definition("widgets", "Widget"));
}

const ingress: Fixture = {
  token: "kubernetes:networking.k8s.io/v1:Ingress",
  path: "/apis/networking.k8s.io/v1/namespaces/default/ingresses/{name}",
  inputs: (_, name) => ({
    metadata: metadata(name, { annotations: { "pulumi.com/skipAwait": "true" } }),
    spec: { defaultBackend: { service: { name: "web", port: { number: 80 } } } },
  }),
  changes: [{ to: { spec: { defaultBackend: { service: { name: "web", port: { number: 81 } } } } }, places: ["update spec.defaultBackend.service.port.number"] }],
  behindTheBack: { change: { spec: { defaultBackend: { service: { name: "theirs", port: { number: 80 } } } } }, place: "update spec.defaultBackend.service.name" },
};

const quota: Fixture = {
  token: "kubernetes:core/v1:ResourceQuota",
  path: "/api/v1/namespaces/default/resourcequotas/{name}",
  inputs: (_, name) => ({ metadata: metadata(name), spec: { hard: { "requests.storage": "1000Ti" } } }),
  changes: [{ to: { spec: { hard: { "requests.storage": "1001Ti" } } }, places: ["update spec.hard[\"requests.storage\"]"] }],
  behindTheBack: { change: { spec: { hard: { "requests.storage": "999Ti" } } }, place: "update spec.hard[\"requests.storage\"]" },
};

export const fixtures: readonly Fixture[] = [
  configMap, secret, namespace, serviceAccount, deployment, statefulSet, daemonSet, job, service, claim, role, binding,
  customResourceDefinition, customResource, ingress, quota,
];
