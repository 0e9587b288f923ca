import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { errorMessage } from "../../common/errors.ts";

/** How long one question waits for a change; the emulator's own limit is longer. */
const waitSeconds = 10;
/** How long nobody may listen at the emulator's address until its world counts as gone: its state is memory only. */
const goneMs = 3_000;

const changesAnswer = z.object({ changes: z.number() });
const worldAnswer = z.object({ epoch: z.string() });

export interface Watched {
  readonly endpoint: string;
  readonly epoch: string;
}

/** Calls `look` at the start and after every change of the emulator's world, one call at a time; ends when that world does. */
export async function watchWorld({ endpoint, epoch }: Watched, look: (signal: AbortSignal) => Promise<void>, log: (line: string) => void, signal: AbortSignal): Promise<string> {
  let seen = -1;
  let silentSince: number | undefined;
  /** The last fault that was logged: one that stays is told once. */
  let said = "";
  while (!signal.aborted) {
    try {
      const stranger = await strangerAt({ endpoint, epoch }, signal);
      if (stranger !== undefined) return stranger;
      const { changes } = changesAnswer.parse(await ask(`${endpoint}/moonback/changes?after=${seen}&wait=${waitSeconds}`, signal));
      silentSince = undefined;
      await look(signal);
      seen = changes;
      said = "";
    } catch (error) {
      // Told to end in the middle of a question: no fault.
      if (isAborted(signal)) break;
      if (isRefused(error)) {
        silentSince ??= performance.now();
        if (performance.now() - silentSince > goneMs) return `the emulator at ${endpoint} is gone`;
      } else if (errorMessage(error) !== said) {
        said = errorMessage(error);
        log(`${endpoint}: ${said}`);
      }
      await delay(500, undefined, { signal }).catch(() => undefined);
    }
  }
  return "told to end";
}

/** What is wrong when another emulator than ours answers there. */
export async function strangerAt({ endpoint, epoch }: Watched, signal: AbortSignal): Promise<string | undefined> {
  const world = worldAnswer.parse(await ask(`${endpoint}/moonback/world`, signal));
  return world.epoch === epoch ? undefined : `the emulator at ${endpoint} is another one now (epoch ${world.epoch}, not ${epoch})`;
}

const isAborted = ({ aborted }: AbortSignal): boolean => aborted;

async function ask(url: string, signal: AbortSignal): Promise<unknown> {
  const answer = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout((waitSeconds + 20) * 1_000)]) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.json();
}

/** Nobody listens there: not the same as one who is slow. */
function isRefused(error: unknown): boolean {
  return error instanceof Error && [error, error.cause].some((one) => one instanceof Error && "code" in one && one.code === "ECONNREFUSED");
}
