import { status } from "@grpc/grpc-js";
import { parse } from "yaml";
import { z } from "zod";
import { errorMessage } from "../../../common/errors.ts";
import { systemClock } from "../../../common/poll.ts";
import { clusterNodes, type ClusterNode } from "../cluster-nodes.ts";
import type { Talos } from "../talos.ts";
import type { Caller, Calls } from "./calls.ts";
import type { Message } from "./descriptors.ts";
import { ApiFailure } from "./failure.ts";
import type { OtherNodes } from "./forward.ts";

/** Between two tries of a check, in milliseconds; Talos takes five seconds. */
const intervalMs = 1_000;

const healthRequest = z.object({
  wait_timeout: z.object({ seconds: z.coerce.number() }).nullish(),
  cluster_info: z.object({ control_plane_nodes: z.array(z.string()), worker_nodes: z.array(z.string()) }).nullish(),
});
const serviceList = z.object({ messages: z.array(z.object({ services: z.array(z.object({ id: z.string(), state: z.string(), health: z.object({ healthy: z.boolean() }).nullable() })) })) });
const memberList = z.object({ messages: z.array(z.object({ members: z.array(z.object({ id: z.string(), hostname: z.string(), is_learner: z.boolean(), peer_urls: z.array(z.string()) })) })) });
const podStatus = z.object({ resource: z.object({ metadata: z.object({ id: z.string() }), spec: z.object({ yaml_spec: z.string() }) }) });
const stageSpec = z.object({ stage: z.string() });

/** Names what is checked, and says what is wrong. */
type Check = readonly [what: string, problem: () => Promise<string | undefined>];

/**
 * `talosctl health`, run on the node (pkg/cluster/check): each check goes on until it is right or the time is over. Left out of
 * Talos' list: sizes of memory and disks, diagnostics, kube-proxy and CoreDNS.
 */
export function healthCalls(node: Talos, others: OtherNodes): Calls {
  const check = async (request: Message, caller: Caller, send: (message: Message) => void): Promise<void> => {
    const { wait_timeout: limit, cluster_info: given } = healthRequest.parse(request);
    const deadline = systemClock.elapsed() + (limit?.seconds ?? 300) * 1_000;
    const named = [...(given?.control_plane_nodes ?? []).map((address) => ({ address, controlPlane: true })), ...(given?.worker_nodes ?? []).map((address) => ({ address, controlPlane: false }))];
    const nodes = named.length > 0 ? named : await clusterNodes(node.config, node.site.network.address);
    send({ message: `discovered nodes: [${nodes.map(({ address }) => JSON.stringify(address)).join(" ")}]` });
    for (const [what, problem] of checks(node, new Asked(node, others, caller), nodes)) await becomesRight(what, problem, { deadline, caller, send });
  };
  return { unary: {}, streaming: { "/cluster.ClusterService/HealthCheck": check } };
}

async function becomesRight(what: string, problem: Check[1], { deadline, caller, send }: { deadline: number; caller: Caller; send: (message: Message) => void }): Promise<void> {
  let told = "";
  const tell = (state: string): void => {
    if (state !== told) send({ message: `waiting for ${what}: ${state}` });
    told = state;
  };
  tell("...");
  for (;;) {
    caller.signal.throwIfAborted();
    const wrong = await problem().catch(errorMessage);
    tell(wrong ?? "OK");
    if (wrong === undefined) return;
    if (systemClock.elapsed() + intervalMs > deadline) throw new ApiFailure(status.DEADLINE_EXCEEDED, "context deadline exceeded");
    await systemClock.wait(intervalMs, caller.signal);
  }
}

/** The nodes' own answers, this one's too: asked over their API in the caller's name. */
class Asked {
  readonly #node: Talos;
  readonly #others: OtherNodes;
  readonly #caller: Caller;

  constructor(node: Talos, others: OtherNodes, caller: Caller) {
    this.#node = node;
    this.#others = others;
    this.#caller = caller;
  }

  async unary(address: string, path: string, request: Message = {}): Promise<Message> {
    const { requestSerialize, responseDeserialize } = this.#node.site.descriptors.method(path);
    return responseDeserialize(await this.#others.unary(address, path, requestSerialize(request), this.#caller.roles, this.#caller.signal));
  }

  async service(address: string, id: string): Promise<string | undefined> {
    const { messages } = serviceList.parse(await this.unary(address, "/machine.MachineService/ServiceList"));
    const found = messages[0]?.services.find((service) => service.id === id);
    if (found === undefined) return `${address}: service "${id}" is not registered`;
    if (found.state !== "Running") return `${address}: service "${id}" not in expected state "Running": current state [${found.state}]`;
    return found.health?.healthy === true ? undefined : `${address}: service is not healthy: ${id}`;
  }

  async members(address: string) {
    const { messages } = memberList.parse(await this.unary(address, "/machine.MachineService/EtcdMemberList"));
    return messages[0]?.members ?? [];
  }

  async stage(address: string): Promise<string> {
    const { resource } = (await this.unary(address, "/cosi.resource.State/Get", { namespace: "runtime", type: "MachineStatuses.runtime.talos.dev", id: "machine" })) as { resource: { spec: { yaml_spec: string } } };
    return stageSpec.parse(parse(resource.spec.yaml_spec)).stage;
  }

  async staticPods(address: string): Promise<string | undefined> {
    const path = "/cosi.resource.State/List";
    const { requestSerialize, responseDeserialize } = this.#node.site.descriptors.method(path);
    const found: z.infer<typeof podStatus>[] = [];
    const request = requestSerialize({ namespace: "k8s", type: "StaticPodStatuses.kubernetes.talos.dev" });
    await this.#others.streaming(address, path, request, this.#caller.roles, this.#caller.signal, (bytes) => found.push(podStatus.parse(responseDeserialize(bytes))));
    if (found.length < 3) return `${address}: missing static pods: it has ${found.length}`;
    const wrong = found.find(({ resource }) => !resource.spec.yaml_spec.includes('status: "True"'));
    return wrong === undefined ? undefined : `${address}: static pod ${wrong.resource.metadata.id} is not ready`;
  }
}

interface Known {
  readonly address: string;
  readonly controlPlane: boolean;
}

function checks(node: Talos, asked: Asked, nodes: readonly Known[]): readonly Check[] {
  const all = nodes.map(({ address }) => address);
  const controlPlanes = nodes.filter(({ controlPlane }) => controlPlane).map(({ address }) => address);
  const each = async (addresses: readonly string[], problem: (address: string) => Promise<string | undefined>): Promise<string | undefined> => {
    const problems = await Promise.all(addresses.map((address) => problem(address).catch((error: unknown) => `${address}: ${errorMessage(error)}`)));
    return problems.find((found) => found !== undefined);
  };
  const reported = (): Promise<readonly ClusterNode[]> => clusterNodes(node.config, node.site.network.address);
  const listed = async (wrong: (one: ClusterNode) => boolean, text: string): Promise<string | undefined> => {
    const names = (await reported()).filter(wrong).map(({ name }) => name);
    return names.length === 0 ? undefined : `some nodes are not ${text}: [${names.join(" ")}]`;
  };
  return [
    ["etcd to be healthy", () => each(controlPlanes, (address) => asked.service(address, "etcd"))],
    ["etcd members to be consistent across nodes", async () => {
      const lists = await Promise.all(controlPlanes.map(async (address) => JSON.stringify((await asked.members(address)).map(({ id, hostname, is_learner: learner }) => [id, hostname, learner]).sort())));
      return new Set(lists).size <= 1 ? undefined : "the control planes list different etcd members";
    }],
    ["etcd members to be control plane nodes", async () => {
      const members = (await asked.members(node.site.network.address)).flatMap(({ peer_urls: urls }) => urls.map((url) => new URL(url).hostname));
      return members.every((address) => controlPlanes.includes(address)) ? undefined : `etcd member ips [${members.join(" ")}] are not subset of control plane node ips [${controlPlanes.join(" ")}]`;
    }],
    ["apid to be ready", () => each(all, async (address) => {
      await asked.unary(address, "/machine.MachineService/Version");
      return undefined;
    })],
    ["kubelet to be healthy", () => each(controlPlanes, (address) => asked.service(address, "kubelet"))],
    ["all nodes to finish boot sequence", () => each(all, async (address) => {
      const stage = await asked.stage(address);
      return stage === "running" ? undefined : `nodes "${address}" are still not finished booting: stage ${stage}`;
    })],
    ["all k8s nodes to report", async () => {
      const found = (await reported()).map(({ address }) => address);
      const [missing, unexpected] = [all.find((address) => !found.includes(address)), found.find((address) => !all.includes(address))];
      if (missing !== undefined) return `can't find expected node with IPs ["${missing}"]`;
      return unexpected === undefined ? undefined : `unexpected nodes with IPs ["${unexpected}"]`;
    }],
    ["all control plane static pods to be running", () => each(controlPlanes, (address) => asked.staticPods(address))],
    ["all k8s nodes to report ready", () => listed(({ ready }) => !ready, "ready")],
    ["all k8s nodes to report schedulable", () => listed(({ schedulable }) => !schedulable, "schedulable")],
  ];
}
