import type { Properties } from "../values.ts";

/** A kind of object, as the API server serves it. */
export interface KindId {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** `kubernetes:<group>/<version>:<Kind>`; the core group is written out there. */
const TOKEN = /^kubernetes:([^/:]+)\/([^/:]+):([^/:]+)$/;

/** What the stand-in will not do, and what to do instead. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [/^kubernetes:helm\.sh\/v\d+:/, "Helm charts: let Flux install them, or declare the chart's objects"],
  [/^kubernetes:kustomize(\/v\d+)?:/, "kustomizations: let Flux apply them, or declare their objects"],
  [/^kubernetes:yaml(\/v\d+)?:/, "YAML manifests: declare the objects with typed resources or CustomResource"],
];

/** The kind that a resource type's token names; `undefined` for what is no token of this package. */
export function kindOfToken(token: string): KindId | undefined {
  const [, group, version, kind] = TOKEN.exec(token) ?? [];
  if (group === undefined || version === undefined || kind === undefined) return undefined;
  return { group: group === "core" ? "" : group, version, kind };
}

/**
 * Why resources of this token cannot be, as a sentence; `undefined` where they can.
 * @param inputs with their own `kind`, which tells a Patch from a kind that is only called so
 */
export function refusalOf(token: string, inputs: Properties): string | undefined {
  const what = REFUSED.find(([pattern]) => pattern.test(token))?.[1];
  if (what !== undefined) return `the stand-in kubernetes provider does not support ${what}`;
  const named = kindOfToken(token);
  if (named === undefined) return `${token} is no type of the kubernetes provider: it must be kubernetes:<group>/<version>:<Kind>`;
  const kind = typeof inputs["kind"] === "string" ? inputs["kind"] : named.kind;
  if (named.kind.endsWith("Patch") && (isBuiltIn(named.group) || kind !== named.kind)) {
    return `the stand-in kubernetes provider does not support Patch resources: declare the whole ${named.kind.replace(/Patch$/, "")} instead of ${token}`;
  }
  if (kind.endsWith("List") && isBuiltIn(named.group)) {
    return `a ${kind} cannot be made: list resources exist for manifests only. Declare its items one by one`;
  }
  return undefined;
}

/** Kinds that come with every API server. */
function isBuiltIn(group: string): boolean {
  return !group.includes(".") || group.endsWith(".k8s.io");
}

/** As objects say it: `v1`, `apps/v1`. */
export function apiVersionOf({ group, version }: KindId): string {
  return group === "" ? version : `${group}/${version}`;
}

/** The kind that an object says it is of; parts that it does not say are the token's. */
export function kindOfObject(object: Properties, token: KindId): KindId {
  const { apiVersion, kind } = object;
  const parts = typeof apiVersion === "string" ? apiVersion.split("/") : [token.group, token.version];
  const [group = "", version = ""] = parts.length === 1 ? ["", ...parts] : parts;
  return { group: group === "core" ? "" : group, version, kind: typeof kind === "string" ? kind : token.kind };
}

/** Kinds without a namespace, for when no API server can be asked; by group. */
const CLUSTER_WIDE: Readonly<Record<string, readonly string[]>> = {
  "": ["Namespace", "Node", "PersistentVolume", "ComponentStatus"],
  "admissionregistration.k8s.io": [
    "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
  ],
  "apiextensions.k8s.io": ["CustomResourceDefinition"],
  "apiregistration.k8s.io": ["APIService"],
  "certificates.k8s.io": ["CertificateSigningRequest", "ClusterTrustBundle"],
  "flowcontrol.apiserver.k8s.io": ["FlowSchema", "PriorityLevelConfiguration"],
  "networking.k8s.io": ["IngressClass", "IPAddress", "ServiceCIDR"],
  "node.k8s.io": ["RuntimeClass"],
  "rbac.authorization.k8s.io": ["ClusterRole", "ClusterRoleBinding"],
  "resource.k8s.io": ["DeviceClass", "ResourceSlice"],
  "scheduling.k8s.io": ["PriorityClass"],
  "storage.k8s.io": ["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"],
};

/** Whether objects of the kind live in a namespace, as far as that is known without asking; a kind of a CRD is not. */
export function namespacedByItself({ group, kind }: KindId): boolean | undefined {
  if (CLUSTER_WIDE[group]?.includes(kind)) return false;
  return isBuiltIn(group) ? true : undefined;
}
