import { createHash } from "node:crypto";
import { join } from "node:path";
import { errorMessage } from "../../common/errors.ts";
import type { KeyPair } from "../kubernetes/certificates.ts";
import { Kwok } from "../kubernetes/kwok.ts";

interface Cluster {
  readonly kwok: Kwok;
  /** Addresses of the control planes whose API server runs. */
  readonly servers: Set<string>;
  /** One change after the other. */
  settled: Promise<void>;
}

/** What runs the pods of the clusters in one room: a real KWOK for each cluster, at one of its API servers. */
export class ClusterPods {
  readonly #folder: string;
  readonly #mark: string;
  readonly #program: string;
  readonly #log: (line: string) => void;
  readonly #clusters = new Map<string, Cluster>();

  constructor({ folder, mark, program, log }: { folder: string; mark: string; program: string; log: (line: string) => void }) {
    this.#folder = folder;
    this.#mark = mark;
    this.#program = program;
    this.#log = log;
  }

  /** An API server of the cluster of this authority runs at an address of the plan. */
  serverRuns(clusterCa: KeyPair, address: string): void {
    const name = createHash("sha256").update(clusterCa.crt).digest("hex").slice(0, 12);
    const known = this.#clusters.get(name);
    const cluster = known ?? { kwok: new Kwok({ folder: join(this.#folder, `cluster-${name}`), mark: this.#mark, clusterCa, program: this.#program }), servers: new Set(), settled: Promise.resolve() };
    this.#clusters.set(name, cluster);
    cluster.servers.add(address);
    this.#settle(cluster);
  }

  serverEnded(address: string): void {
    for (const cluster of this.#clusters.values()) if (cluster.servers.delete(address)) this.#settle(cluster);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#clusters.values()].map(async ({ kwok, settled }) => {
      await settled;
      await kwok.stop();
    }));
  }

  #settle(cluster: Cluster): void {
    cluster.settled = cluster.settled
      .then(() => cluster.kwok.follow([...cluster.servers][0]))
      .catch((error: unknown) => this.#log(`kwok: ${errorMessage(error)}`));
  }
}
