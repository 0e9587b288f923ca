/** A Node as Talos' kubelet describes it: pure, from what the machine is. */
import { z } from "zod";
import type { KubeObject } from "./kube-api.ts";

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
}

/** What a machine is, as its kubelet finds it. */
export interface NodeFacts {
  readonly name: string;
  /** The plan's. */
  readonly address: string;
  /** "v1.34.1" */
  readonly kubeletVersion: string;
  /** "Talos (v1.11.5)" */
  readonly osImage: string;
  /** "6.12.57-talos" */
  readonly kernelVersion: string;
  /** "containerd://2.1.5" */
  readonly containerRuntimeVersion: string;
  readonly machineId: string;
  readonly cpus: number;
  readonly memoryMiB: number;
  /** `machine.kubelet.extraConfig.maxPods`, 110 without it. */
  readonly maxPods: number;
}

/** What Talos puts on its node: from the machine config, from the role, from the system extensions. */
export interface OwnedByTalos {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
}

const nodeCondition = z.looseObject({ type: z.string(), status: z.string(), reason: z.string().default(""), message: z.string().default(""), lastTransitionTime: z.string().nullish() });
type NodeCondition = z.infer<typeof nodeCondition>;

const texts = z.record(z.string(), z.string());
/** A Node as the API has it; what is not named here is kept. */
export const nodeObject = z.looseObject({
  metadata: z.looseObject({ uid: z.string(), labels: texts.default({}), annotations: texts.default({}) }),
  spec: z.looseObject({ taints: z.array(z.looseObject({ key: z.string() })).default([]) }).default({ taints: [] }),
  status: z.looseObject({ conditions: z.array(nodeCondition).default([]) }).default({ conditions: [] }),
});
type NodeObject = z.infer<typeof nodeObject>;

const architecture = "arm64";
const kibi = 1024;

/** Reserved for Talos itself (KubeletSystemReserved… of constants.go); the same on every role here. */
const reserved = { cpuMillis: 50, memoryMiB: 512 } as const;

export const controlPlaneLabel = "node-role.kubernetes.io/control-plane";

/** What a control plane has of its role; the taint only where `cluster.allowSchedulingOnControlPlanes` is false. */
export function controlPlaneRole(allowScheduling: boolean): Pick<OwnedByTalos, "labels" | "taints"> {
  return { labels: { [controlPlaneLabel]: "" }, taints: allowScheduling ? [] : [{ key: controlPlaneLabel, effect: "NoSchedule" }] };
}

/** The object that a kubelet registers. */
export function newNode(facts: NodeFacts, at: string): KubeObject {
  const { name } = facts;
  const labels = {
    "beta.kubernetes.io/arch": architecture,
    "beta.kubernetes.io/os": "linux",
    "kubernetes.io/arch": architecture,
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": "linux",
  };
  return { apiVersion: "v1", kind: "Node", metadata: { name, labels }, status: nodeStatus(facts, { networkReady: false, at, before: [] }) };
}

export interface StatusReport {
  readonly networkReady: boolean;
  /** ISO 8601. */
  readonly at: string;
  /** The conditions that the Node has. */
  readonly before: readonly NodeCondition[];
}

/** A kubelet's status; the API merges conditions by their type. */
export function nodeStatus(facts: NodeFacts, { networkReady, at, before }: StatusReport): KubeObject & { readonly conditions: readonly NodeCondition[] } {
  const { name, address, cpus, memoryMiB, maxPods } = facts;
  const rest = { pods: String(maxPods), "ephemeral-storage": `${16 * kibi * kibi}Ki` };
  return {
    addresses: [{ type: "InternalIP", address }, { type: "Hostname", address: name }],
    capacity: { cpu: String(cpus), memory: `${memoryMiB * kibi}Ki`, ...rest },
    allocatable: { cpu: `${cpus * 1000 - reserved.cpuMillis}m`, memory: `${(memoryMiB - reserved.memoryMiB) * kibi}Ki`, ...rest },
    conditions: conditions(networkReady).map((condition) => {
      const same = before.find(({ type, status }) => type === condition.type && status === condition.status);
      return { ...condition, lastHeartbeatTime: at, lastTransitionTime: same?.lastTransitionTime ?? at };
    }),
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: {
      architecture,
      operatingSystem: "linux",
      bootID: facts.machineId,
      machineID: facts.machineId,
      systemUUID: facts.machineId,
      kernelVersion: facts.kernelVersion,
      osImage: facts.osImage,
      containerRuntimeVersion: facts.containerRuntimeVersion,
      kubeletVersion: facts.kubeletVersion,
      kubeProxyVersion: "",
    },
  };
}

/** Word for word what kubelet v1.34 says (pkg/kubelet/nodestatus/setters.go). */
function conditions(networkReady: boolean): readonly NodeCondition[] {
  return [
    { type: "MemoryPressure", status: "False", reason: "KubeletHasSufficientMemory", message: "kubelet has sufficient memory available" },
    { type: "DiskPressure", status: "False", reason: "KubeletHasNoDiskPressure", message: "kubelet has no disk pressure" },
    { type: "PIDPressure", status: "False", reason: "KubeletHasSufficientPID", message: "kubelet has sufficient PID available" },
    networkReady
      ? { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" }
      : {
          type: "Ready",
          status: "False",
          reason: "KubeletNotReady",
          message: "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
        },
  ];
}

/** Annotations in which Talos keeps what it put there, so that it can take it away again (constants.go). */
const owned = { labels: "talos.dev/owned-labels", annotations: "talos.dev/owned-annotations", taints: "talos.dev/owned-taints" } as const;

/** The node with what Talos wants on it, and without what it wanted there before; others' stays (controllers/k8s/node_apply.go). */
export function withOwned(node: NodeObject, wanted: OwnedByTalos): NodeObject {
  const { labels, annotations } = node.metadata;
  const before = { labels: list(annotations[owned.labels]), annotations: list(annotations[owned.annotations]), taints: list(annotations[owned.taints]) };
  const record = {
    ...listed(owned.labels, Object.keys(wanted.labels)),
    ...listed(owned.annotations, Object.keys(wanted.annotations)),
    ...listed(owned.taints, wanted.taints.map(({ key }) => key)),
  };
  const others = node.spec.taints.filter(({ key }) => !before.taints.includes(key) && !wanted.taints.some((taint) => taint.key === key));
  return {
    ...node,
    metadata: {
      ...node.metadata,
      labels: { ...without(labels, before.labels), ...wanted.labels },
      annotations: { ...without(annotations, [...before.annotations, ...Object.values(owned)]), ...wanted.annotations, ...record },
    },
    spec: { ...node.spec, taints: [...others, ...wanted.taints.map((taint) => ({ ...taint }))] },
  };
}

const listed = (annotation: string, keys: readonly string[]): Readonly<Record<string, string>> => (keys.length === 0 ? {} : { [annotation]: JSON.stringify([...keys].sort()) });
const list = (text: string | undefined): readonly string[] => (text === undefined ? [] : (JSON.parse(text) as string[]));
const without = (record: Readonly<Record<string, string>>, keys: readonly string[]): Record<string, string> => Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
