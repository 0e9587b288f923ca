/**
 * What cannot be changed in an object that exists. The list is the official provider's (pulumi/pulumi-kubernetes v4.32,
 * `provider/pkg/provider/diff.go`): the same change must mean the same there.
 */
import { isRecord, type Properties } from "../values.ts";
import type { PlaceOfChange } from "./differences.ts";
import type { KindId } from "./kind.ts";
import { ANY, leadsInto, parsePath, type Path } from "./paths.ts";

export interface Mutability {
  /** Data of ConfigMaps and Secrets may change in place; the official provider replaces them otherwise. */
  readonly configMaps: boolean;
  readonly secrets: boolean;
}

const inSpec = (...names: readonly string[]): readonly string[] => names.map((name) => `spec.${name}`);

const POD = [
  ...inSpec(
    "affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "enableServiceLinks", "hostAliases", "hostIPC", "hostNetwork",
    "hostPID", "hostname", "imagePullSecrets", "nodeName", "nodeSelector", "overhead", "preemptionPolicy", "priority", "priorityClassName",
    "readinessGates", "restartPolicy", "runtimeClassName", "schedulerName", "securityContext", "serviceAccount", "serviceAccountName",
    "shareProcessNamespace", "subdomain", "terminationGracePeriodSeconds", "volumes",
  ),
  ...["containers", "initContainers"].flatMap((list) => [
    "args", "command", "env", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "ports", "readinessProbe", "resources",
    "securityContext", "stdin", "stdinOnce", "terminationMessagePath", "terminationMessagePolicy", "tty", "volumeDevices", "volumeMounts",
    "workingDir",
  ].map((name) => `spec.${list}[${ANY}].${name}`)),
];

const VOLUME_SOURCES = [
  "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker", "gcePersistentDisk", "glusterfs",
  "hostPath", "iscsi", "local", "nfs", "photonPersistentDisk", "portworxVolume", "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume",
];

/** By group and kind; a group's versions agree in all that a server of today serves. */
const FIXED: Readonly<Record<string, readonly string[]>> = {
  "apps/DaemonSet": inSpec("selector"),
  "apps/Deployment": inSpec("selector"),
  "apps/StatefulSet": inSpec("podManagementPolicy", "revisionHistoryLimit", "selector", "serviceName", "volumeClaimTemplates"),
  "batch/Job": inSpec("completions", "parallelism", "selector", "template"),
  "rbac.authorization.k8s.io/ClusterRoleBinding": ["roleRef"],
  "rbac.authorization.k8s.io/RoleBinding": ["roleRef"],
  "storage.k8s.io/StorageClass": ["parameters", "provisioner"],
  "/PersistentVolume": inSpec(...VOLUME_SOURCES),
  "/PersistentVolumeClaim": inSpec("accessModes", "selector", "storageClassName", "volumeName"),
  "/Pod": POD,
  "/ResourceQuota": inSpec("scopes"),
  "/Secret": ["type"],
  "/Service": inSpec("clusterIP"),
};

/** An object's identity: with another one it is another object. */
const IDENTITY = ["kind", "metadata.name", "metadata.namespace"];

/** Whether a change needs a new object. */
export function replaces(change: PlaceOfChange, { kind, inputs, mutability }: { kind: KindId; inputs: Properties; mutability: Mutability }): boolean {
  // Without metadata there is no name left.
  if (change.kind === "delete" && change.path.length === 1 && change.path[0] === "metadata") return true;
  return [...IDENTITY, ...fixed(kind, inputs, mutability)].some((text) => reaches(parsePath(text) ?? [], change));
}

function fixed(kind: KindId, inputs: Properties, mutability: Mutability): readonly string[] {
  const listed = FIXED[`${kind.group}/${kind.kind}`] ?? [];
  const frozen = inputs["immutable"] === true;
  if (kind.group !== "") return listed;
  if (kind.kind === "Secret" && (frozen || !mutability.secrets)) return [...listed, "stringData", "data"];
  if (kind.kind === "ConfigMap" && (frozen || !mutability.configMaps)) return ["binaryData", "data"];
  return listed;
}

/** Whether the change is at the fixed place, within it, or of something bigger that has a value there. */
function reaches(place: Path, { path, wanted }: PlaceOfChange): boolean {
  if (leadsInto(place, path)) return true;
  if (!leadsInto(place.slice(0, path.length), path)) return false;
  return holds(wanted, place.slice(path.length));
}

function holds(value: unknown, [step, ...rest]: Path): boolean {
  if (step === undefined) return value !== undefined;
  if (step === ANY) return Array.isArray(value) && value.some((item) => holds(item, rest));
  return isRecord(value) && holds(value[step], rest);
}
