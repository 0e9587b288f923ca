/**
 * What makes a machine a node of its cluster: it joins with the machine config's token, registers the Node, renews its Lease,
 * tells its status. A stand-in of the kubelet, in this process. KWOK's node stages would need a process for each node, or
 * one that keeps the leases of dead nodes alive too; so KWOK has the pods only (kwok.ts).
 *
 * The node is NotReady for the missing network plugin, in the real kubelet's words, until a pod of one runs on it: a pod with the
 * labels of `networkPluginSelector`, which tolerates what a NotReady node is tainted with, as those of Cilium's DaemonSet do.
 */
import { errorMessage } from "../../common/errors.ts";
import { systemClock } from "../../common/poll.ts";
import { KubeApi } from "./kube-api.ts";
import { kubeletIdentity, type KubeletIdentityArgs } from "./kubelet-identity.ts";
import type { NodeFacts, OwnedByTalos } from "./node-object.ts";
import { applyOwned, RegisteredNode } from "./registered-node.ts";

export interface KubeletArgs extends Omit<KubeletIdentityArgs, "name"> {
  readonly facts: NodeFacts;
  /** What Talos wants on the Node. */
  readonly owned: OwnedByTalos;
  /**
   * A control plane's: Talos changes its Node as the cluster's administrator there. A worker does it as itself, and may not set
   * labels of `node-role.kubernetes.io` nor change taints of a Node that is registered: the real API server refuses it.
   */
  readonly admin?: { readonly crt: string; readonly key: string } | undefined;
}

/** Pause between two looks: while something is awaited, and later. */
const pauseMs = { awaiting: 500, settled: 5_000 } as const;

export class Kubelet {
  readonly #args: KubeletArgs;
  #owned: OwnedByTalos;
  #applied: OwnedByTalos | undefined;
  #life: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;
  #problem: string | undefined;

  constructor(args: KubeletArgs) {
    this.#args = args;
    this.#owned = args.owned;
  }

  get running(): boolean {
    return this.#life !== undefined;
  }

  /** Starts it. What it cannot do yet it tries again, for as long as it runs. */
  start(): void {
    if (this.#life !== undefined) return;
    this.#problem = "it has not registered its node yet";
    this.#applied = undefined;
    const stop = new AbortController();
    this.#life = { stop, done: this.#live(stop.signal) };
  }

  /** Ends it and leaves the Node where it is: the cluster finds out by itself that nobody renews its Lease. */
  async stop(): Promise<void> {
    const life = this.#life;
    this.#life = undefined;
    life?.stop.abort();
    await life?.done;
  }

  /** Another machine config: other labels, annotations or taints. */
  configure(owned: OwnedByTalos): void {
    this.#owned = owned;
  }

  /** Why it is not a kubelet that its cluster hears from; nothing when it is. A missing network is its node's problem, not its own. */
  problem(): string | undefined {
    if (this.#life === undefined) return `kubelet of ${this.#args.facts.name} is stopped`;
    return this.#problem === undefined ? undefined : `kubelet of ${this.#args.facts.name}: ${this.#problem}`;
  }

  async #live(signal: AbortSignal): Promise<void> {
    let joined: Joined | undefined;
    while (!signal.aborted) {
      try {
        joined ??= await this.#join(signal);
        await this.#step(joined);
        this.#problem = undefined;
      } catch (error) {
        this.#problem = errorMessage(error);
      }
      const settled = this.#problem === undefined && joined?.node.networkReady === true;
      await systemClock.wait(settled ? pauseMs.settled : pauseMs.awaiting, signal).catch(() => undefined);
    }
    joined?.api.close();
    joined?.talos.close();
  }

  async #step({ node, talos }: Joined): Promise<void> {
    await node.tell();
    const wanted = this.#owned;
    if (wanted === this.#applied) return;
    await applyOwned(talos, this.#args.facts.name, wanted);
    this.#applied = wanted;
  }

  async #join(signal: AbortSignal): Promise<Joined> {
    const { facts, controlPlanes, clusterCa: ca, admin } = this.#args;
    const identity = await kubeletIdentity({ ...this.#args, name: facts.name }, signal);
    const api = new KubeApi(controlPlanes, { ca, ...identity }, signal);
    try {
      return { api, node: await RegisteredNode.register(api, facts), talos: new KubeApi(controlPlanes, { ca, ...(admin ?? identity) }, signal) };
    } catch (error) {
      api.close();
      throw error;
    }
  }
}

interface Joined {
  /** As the node itself. */
  readonly api: KubeApi;
  readonly node: RegisteredNode;
  /** As the one who puts labels and taints on it. */
  readonly talos: KubeApi;
}
