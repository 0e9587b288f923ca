import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorMessage } from "../../common/errors.ts";
import { systemClock } from "../../common/poll.ts";
import type { NodeNetwork } from "./network.ts";
import { pull, type Mirrors, type PulledImage } from "./pulls.ts";

/** Pauses between tries, in milliseconds; the last one stays. */
const pausesMs = [1_000, 2_000, 4_000, 5_000];
export const pauseMs = (failures: number): number => pausesMs[Math.min(failures, pausesMs.length) - 1] ?? 1_000;

export interface ImageStorePlan {
  /** On the node's disk. */
  readonly folder: string;
  readonly network: NodeNetwork;
  readonly mirrors: () => Mirrors;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** A node's container images: pulled once for the life of its disk. */
export class ImageStore {
  readonly #plan: ImageStorePlan;
  readonly #file: string;

  constructor(plan: ImageStorePlan) {
    this.#plan = plan;
    this.#file = join(plan.folder, "images.json");
  }

  /** Pulls what is not there yet, for as long as it takes; each failure is on the console. */
  async ensure(reference: string): Promise<void> {
    const there = this.#list();
    if (reference in there) return;
    const { digest } = await this.fetch(reference);
    writeFileSync(this.#file, `${JSON.stringify({ ...this.#list(), [reference]: digest }, undefined, 1)}\n`, { mode: 0o600 });
  }

  /** Pulls it, there or not, until it has come. */
  async fetch(reference: string): Promise<PulledImage> {
    const { mirrors, network, say, signal } = this.#plan;
    for (let failures = 1; ; failures++) {
      try {
        say(`pulling image "${reference}"`);
        const image = await pull(reference, mirrors(), network, signal);
        say(`pulled image "${reference}" (${image.digest})`);
        return image;
      } catch (error) {
        signal.throwIfAborted();
        say(`retrying error: ${errorMessage(error)}`);
        await systemClock.wait(pauseMs(failures), signal);
      }
    }
  }

  #list(): Readonly<Record<string, string>> {
    return existsSync(this.#file) ? (JSON.parse(readFileSync(this.#file, "utf8")) as Record<string, string>) : {};
  }
}
