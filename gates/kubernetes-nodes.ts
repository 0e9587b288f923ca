import type { NodePlan } from "../stacks/config.ts";
import type { Kubernetes } from "./gate.ts";

/** A node as the cluster has it. */
export interface ClusterNode {
  readonly name: string;
  readonly architecture: string;
  readonly addresses: readonly string[];
  /** `Ready`, or why not. */
  readonly ready: string;
}

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status?: {
      readonly nodeInfo?: { readonly architecture?: string };
      readonly addresses?: readonly { readonly type: string; readonly address: string }[];
      readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string }[];
    };
  }[];
}

export async function clusterNodes(kubernetes: Kubernetes): Promise<ClusterNode[]> {
  const { status, body } = await kubernetes.get("/api/v1/nodes");
  if (status !== 200) throw new Error(`${kubernetes.server}/api/v1/nodes answered ${status}: ${body.slice(0, 200)}`);
  return (JSON.parse(body) as NodeList).items.map(({ metadata, status: seen }) => {
    const ready = seen?.conditions?.find(({ type }) => type === "Ready");
    return {
      name: metadata.name,
      architecture: seen?.nodeInfo?.architecture ?? "?",
      addresses: (seen?.addresses ?? []).filter(({ type }) => type === "InternalIP").map(({ address }) => address),
      ready: ready?.status === "True" ? "Ready" : `${ready?.reason ?? "has never reported"}: ${ready?.message ?? ""}`.trim(),
    };
  });
}

/** What kubelet says of a node that lacks nothing but its network (kubernetes, pkg/kubelet, "NetworkPluginNotReady"). */
const onlyNetwork = /^KubeletNotReady: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady [^;,]*$/;

/** What is wrong with a node, if anything: CozyStack brings the network plugin, so its lack is none. */
export function nodeProblem(node: ClusterNode, wanted: NodePlan | undefined): string | undefined {
  if (wanted === undefined) return undefined;
  if (node.architecture !== "arm64") return `${node.name} is ${node.architecture}, not arm64`;
  if (!node.addresses.includes(wanted.address)) return `${node.name} has the address ${node.addresses.join(", ") || "none"}, not ${wanted.address}`;
  return node.ready === "Ready" || onlyNetwork.test(node.ready) ? undefined : `${node.name} is not ready: ${node.ready}`;
}
