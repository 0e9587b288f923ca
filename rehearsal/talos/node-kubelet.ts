import { z } from "zod";
import { issueCertificate } from "../kubernetes/certificates.ts";
import { KubeApi } from "../kubernetes/kube-api.ts";
import { kubeletIdentity, type KubeletIdentityArgs } from "../kubernetes/kubelet-identity.ts";
import { Kubelet } from "../kubernetes/kubelet.ts";
import { controlPlaneRole, type NodeFacts, type OwnedByTalos, type Taint } from "../kubernetes/node-object.ts";
import type { Extension } from "./formats/initramfs.ts";
import { tagOf } from "./images.ts";
import { endpointHost, isControlPlane, type MachineConfig } from "./machine-config.ts";

/** Talos v1.11.5's kernel and container runtime (its release notes). */
const kernelVersion = "6.12.57-talos";
const containerRuntimeVersion = "containerd://2.1.5";

export interface KubeletPlan {
  readonly hostname: string;
  readonly address: string;
  readonly folder: string;
  readonly config: MachineConfig;
  /** Talos' own. */
  readonly version: string;
  readonly extensions: readonly Extension[];
  readonly machineId: string;
  readonly cpus: number;
  readonly memoryMiB: number;
}

/** The kubelet that Talos runs by its machine config. */
export async function nodeKubelet(plan: KubeletPlan): Promise<Kubelet> {
  const { hostname, address, config, version, machineId, cpus, memoryMiB } = plan;
  const { kubelet } = config.machine;
  const facts: NodeFacts = {
    name: hostname, address, machineId, cpus, memoryMiB, kernelVersion, containerRuntimeVersion,
    kubeletVersion: tagOf(kubelet.image),
    osImage: `Talos (${version})`,
    maxPods: kubelet.extraConfig.maxPods,
  };
  const admin = isControlPlane(config) ? await issueCertificate(config.cluster.ca, { commonName: "admin", organization: "system:masters", usages: ["client"] }) : undefined;
  const { folder, controlPlanes, clusterCa, bootstrapToken } = identityArgs(plan);
  return new Kubelet({ folder, controlPlanes, clusterCa, bootstrapToken, facts, admin, owned: ownedByTalos(plan) });
}

/** What Talos puts on its Node: the machine config's, the role's, and a label for each system extension (controllers/k8s/node_label_spec.go). */
export function ownedByTalos({ config, extensions }: Pick<KubeletPlan, "config" | "extensions">): OwnedByTalos {
  const { nodeLabels, nodeAnnotations, nodeTaints } = config.machine;
  const role = isControlPlane(config) ? controlPlaneRole(config.cluster.allowSchedulingOnControlPlanes) : { labels: {}, taints: [] };
  const ofExtensions = Object.fromEntries(extensions.map(({ name, version }) => [`extensions.talos.dev/${name}`, version]));
  return { labels: { ...ofExtensions, ...role.labels, ...nodeLabels }, annotations: nodeAnnotations, taints: [...role.taints, ...Object.entries(nodeTaints).map(taintOf)] };
}

/** `value:Effect`, as the machine config has it. */
function taintOf([key, text]: [string, string]): Taint {
  const colon = text.lastIndexOf(":");
  const value = text.slice(0, colon);
  return { key, ...(value === "" ? {} : { value }), effect: text.slice(colon + 1) as Taint["effect"] };
}

function identityArgs({ hostname, address, folder, config }: KubeletPlan): KubeletIdentityArgs {
  const { ca, token } = config.cluster;
  const controlPlanes = [...new Set([...(isControlPlane(config) ? [address] : []), endpointHost(config)])];
  return { name: hostname, folder, controlPlanes, clusterCa: ca.crt, bootstrapToken: token };
}

/** The node's own client certificate for the cluster; waits for the cluster where there is none yet. */
export const nodeIdentity = (plan: KubeletPlan, signal: AbortSignal) => kubeletIdentity(identityArgs(plan), signal);

const nodeStatus = z.object({ status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]) }) });

/** Whether the cluster takes a node for ready: asked as the node itself, over one connection. */
export class NodeReadiness {
  readonly #plan: KubeletPlan;
  readonly #kubelet: Kubelet;
  #api: KubeApi | undefined;

  constructor(plan: KubeletPlan, kubelet: Kubelet) {
    this.#plan = plan;
    this.#kubelet = kubelet;
  }

  /** Why not, in Talos' words; nothing when it does. */
  async problem(signal: AbortSignal): Promise<string | undefined> {
    const { hostname } = this.#plan;
    const unavailable = `node "${hostname}" status is not available yet`;
    // Before it has registered there is nobody to ask as.
    if (this.#kubelet.problem() !== undefined) return unavailable;
    try {
      this.#api ??= await this.#connect(signal);
      const { status } = nodeStatus.parse(await this.#api.get(`/api/v1/nodes/${hostname}`));
      return status.conditions.some(({ type, status: value }) => type === "Ready" && value === "True") ? undefined : `node "${hostname}" is not ready`;
    } catch {
      return unavailable;
    }
  }

  close(): void {
    this.#api?.close();
  }

  async #connect(signal: AbortSignal): Promise<KubeApi> {
    const { controlPlanes, clusterCa: ca } = identityArgs(this.#plan);
    return new KubeApi(controlPlanes, { ca, ...(await nodeIdentity(this.#plan, signal)) });
  }
}
