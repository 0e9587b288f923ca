// One real cluster for all these tests: etcd, API server and controllers, and no kubelet: what a node would say, the tests say.

import { randomInt } from "node:crypto";
import { poll, systemClock } from "../../../common/poll.ts";
import { Client, type Call } from "../../../rehearsal/providers/kubernetes/client.ts";
import { ApiError } from "../../../rehearsal/providers/kubernetes/errors.ts";
import { readKubeconfig } from "../../../rehearsal/providers/kubernetes/kubeconfig.ts";
import { kubernetesProvider } from "../../../rehearsal/providers/kubernetes/provider.ts";
import { serve, type Served } from "../../../rehearsal/providers/server.ts";
import { isRecord, type Properties } from "../../../rehearsal/providers/values.ts";
import { messages, type proto, toStruct } from "../../../rehearsal/providers/wire.ts";
import { Cluster as TestCluster } from "../../kubernetes/cluster.ts";
import { placesOf, ProviderUnderTest, type Recorded, urnOf } from "../harness.ts";

/** The address plan of these tests; several runs of them may be at it at once. */
const address = `10.79.${randomInt(1, 255)}.11`;

export interface RunningCluster {
  /** As the project writes it: the plan's address. */
  readonly kubeconfig: string;
  readonly address: string;
  readonly clusterCa: string;
  stop(): Promise<void>;
}

let shared: Promise<RunningCluster> | undefined;

/** The cluster that all files share; ended after the last test. */
export function sharedCluster(): Promise<RunningCluster> {
  return (shared ??= startCluster(address));
}

after(async () => {
  await (await shared)?.stop();
});

export async function startCluster(at: string): Promise<RunningCluster> {
  const cluster = await TestCluster.make();
  const endpoint = `https://${at}:6443`;
  const member = cluster.member(1, { address: at, endpoint });
  await member.start();
  return { kubeconfig: await member.adminKubeconfig(endpoint), address: at, clusterCa: cluster.pki.clusterCa.crt, stop: () => cluster.stop() };
}

/** Speaks to the provider as the engine does to one that takes secrets: they go as they are. */
export class SecretTaking extends ProviderUnderTest {
  override diff(): never {
    throw new Error("use places()");
  }

  /** Every place that differs, and what that means. */
  async places(old: Recorded, inputs: Properties, ignoreChanges: string[] = []): Promise<{ places: string[]; deleteBeforeReplace: boolean }> {
    const request = new messages.DiffRequest().setUrn(urnOf(old.token)).setId(old.id).setOldInputs(toStruct(old.inputs))
      .setOlds(toStruct(old.state)).setNews(toStruct(inputs)).setIgnorechangesList(ignoreChanges);
    const response = await this.send<proto.DiffResponse>("diff", request);
    return { places: placesOf(response), deleteBeforeReplace: response.getDeletebeforereplace() };
  }
}

export class KubernetesLab {
  readonly provider: SecretTaking;
  readonly cluster: RunningCluster;
  readonly #served: Served;
  readonly #client: Client;
  #counter = 0;

  private constructor(cluster: RunningCluster, served: Served) {
    this.cluster = cluster;
    this.#served = served;
    this.provider = new SecretTaking(served.port, { takesSecrets: true });
    this.#client = new Client(readKubeconfig(cluster.kubeconfig, { context: undefined, cluster: undefined }), systemClock);
  }

  static async open(args: Properties = {}): Promise<KubernetesLab> {
    const cluster = await sharedCluster();
    const lab = new KubernetesLab(cluster, await serve(kubernetesProvider({}), { closeMs: 0 }));
    await lab.provider.configure({ kubeconfig: cluster.kubeconfig, ...args });
    return lab;
  }

  async close(): Promise<void> {
    this.provider.client.close();
    await this.#served.stop();
    this.#client.close();
  }

  /** Asks the API server, past the provider. */
  ask(call: Call): Promise<Properties> {
    return this.#client.send(call);
  }

  get(path: string): Promise<Properties> {
    return this.ask({ method: "GET", path });
  }

  post(path: string, body: Properties): Promise<Properties> {
    return this.ask({ method: "POST", path, body });
  }

  /** Changes an object as somebody else would; `path/status` as its controller would. */
  async merge(path: string, change: Properties): Promise<Properties> {
    // Controllers change it meanwhile.
    return poll(async () => {
      const body = merged(await this.get(path), change);
      try {
        return { done: true, value: await this.ask({ method: "PUT", path, query: { fieldManager: "somebody" }, body }) };
      } catch (error) {
        if (error instanceof ApiError && error.reason === "Conflict") return { done: false, reason: error.message };
        throw error;
      }
    }, { timeoutMs: 10_000, intervalMs: 20 });
  }

  /** A name that no other object of this lab has. */
  name(prefix: string): string {
    this.#counter += 1;
    return `${prefix}-${this.#counter}-${randomInt(1e9).toString(36)}`;
  }
}

/** JSON merge patch, as far as needed here: `null` takes away. */
function merged(object: Properties, change: Properties): Properties {
  const entries = Object.entries(change).map(([key, value]) => {
    const inner = object[key];
    return [key, isRecord(value) ? merged(isRecord(inner) ? inner : {}, value) : value] as const;
  });
  return Object.fromEntries(Object.entries({ ...object, ...Object.fromEntries(entries) }).filter(([, value]) => value !== null));
}
