import { z } from "zod";
import { systemClock } from "../../common/poll.ts";
import { KubeRefusal, type KubeApi } from "./kube-api.ts";
import { newNode, nodeObject, nodeStatus, withOwned, type NodeFacts, type OwnedByTalos } from "./node-object.ts";

/** What the pods of a network plugin are labelled with: Cilium's agent, or anything else that says so itself. */
export const networkPluginSelector = "k8s-app in (cilium,network-plugin)";

/** As the real kubelet: a lease of 40 s is renewed every 10, the status looked at as often, and told when it differs or is 5 minutes old. */
const leaseSeconds = 40;
const lookMs = 10_000;
const statusMs = 300_000;

const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
const nodes = "/api/v1/nodes";
const podList = z.object({ items: z.array(z.unknown()) });

/** The Node of a running kubelet. */
export class RegisteredNode {
  readonly #api: KubeApi;
  readonly #facts: NodeFacts;
  readonly #uid: string;
  #networkReady = false;
  #lookedAt = -Infinity;
  #toldAt = -Infinity;

  private constructor(api: KubeApi, facts: NodeFacts, uid: string) {
    this.#api = api;
    this.#facts = facts;
    this.#uid = uid;
  }

  /** Registers the Node, or takes over the one that is there. `api` is asked as the node itself. */
  static async register(api: KubeApi, facts: NodeFacts): Promise<RegisteredNode> {
    await api.ensure(nodes, newNode(facts, now()));
    const { metadata } = nodeObject.parse(await api.get(`${nodes}/${facts.name}`));
    return new RegisteredNode(api, facts, metadata.uid);
  }

  /** Whether a network plugin runs on it. */
  get networkReady(): boolean {
    return this.#networkReady;
  }

  /** Tells the cluster what is due. A Node that somebody deleted is not made again, as by the real kubelet: it registers once. */
  async tell(): Promise<void> {
    const networkReady = await this.#hasNetworkPlugin();
    const elapsed = systemClock.elapsed();
    if (networkReady === this.#networkReady && elapsed - this.#lookedAt < lookMs) return;
    await this.#tellStatus(networkReady, elapsed - this.#toldAt >= statusMs);
    await this.#renewLease();
    [this.#networkReady, this.#lookedAt] = [networkReady, elapsed];
  }

  /** Compares with what the cluster has: it may have declared the node dead in the meantime. */
  async #tellStatus(networkReady: boolean, due: boolean): Promise<void> {
    const path = `${nodes}/${this.#facts.name}`;
    const { conditions: before } = nodeObject.parse(await this.#api.get(path)).status;
    const status = nodeStatus(this.#facts, { networkReady, at: now(), before });
    const same = status.conditions.every(({ type, status: wanted, reason }) => before.some((one) => one.type === type && one.status === wanted && one.reason === reason));
    if (same && !due) return;
    await this.#api.strategicMerge(`${path}/status`, { status });
    this.#toldAt = systemClock.elapsed();
  }

  async #hasNetworkPlugin(): Promise<boolean> {
    const fields = encodeURIComponent(`spec.nodeName=${this.#facts.name},status.phase=Running`);
    const pods = await this.#api.get(`/api/v1/pods?limit=1&fieldSelector=${fields}&labelSelector=${encodeURIComponent(networkPluginSelector)}`);
    return podList.parse(pods).items.length > 0;
  }

  async #renewLease(): Promise<void> {
    const { name } = this.#facts;
    const spec = { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime: now().replace("Z", "000Z") };
    try {
      await this.#api.merge(`${leases}/${name}`, { spec });
    } catch (error) {
      if (!(error instanceof KubeRefusal && error.status === 404)) throw error;
      const ownerReferences = [{ apiVersion: "v1", kind: "Node", name, uid: this.#uid }];
      await this.#api.ensure(leases, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name, namespace: "kube-node-lease", ownerReferences }, spec });
    }
  }
}

/** Puts on a Node what Talos wants there. `api` is asked as whoever may do that. */
export async function applyOwned(api: KubeApi, name: string, wanted: OwnedByTalos): Promise<void> {
  for (;;) {
    const node = nodeObject.parse(await api.get(`${nodes}/${name}`));
    const changed = withOwned(node, wanted);
    if (JSON.stringify(changed) === JSON.stringify(node)) return;
    try {
      await api.put(`${nodes}/${name}`, changed);
      return;
    } catch (error) {
      // Somebody else changed it since it was read.
      if (!(error instanceof KubeRefusal && error.status === 409)) throw error;
    }
  }
}

const now = (): string => new Date(systemClock.now()).toISOString();
