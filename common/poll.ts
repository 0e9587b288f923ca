import { setTimeout as delay } from "node:timers/promises";

/** Time as the product sees it: tests put their own in. */
export interface Clock {
  /** Milliseconds since the epoch; jumps when somebody sets the clock. */
  now(): number;
  /** Milliseconds since some moment; never jumps, so that it tells how long something took. */
  elapsed(): number;
  /** Waits; rejects with the signal's reason when told to end. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  wait: async (milliseconds, signal) => {
    try {
      await delay(milliseconds, undefined, signal ? { signal } : {});
    } catch (error) {
      // Node's AbortError only wraps the reason.
      signal?.throwIfAborted();
      throw error;
    }
  },
};

export interface PollOptions {
  /** How long to go on trying, in milliseconds. */
  readonly timeoutMs: number;
  /** Pause between two tries, in milliseconds. */
  readonly intervalMs: number;
  readonly clock?: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** What one try says: a value ends the poll, a reason lets it go on. */
export type Attempt<T> = { readonly done: true; readonly value: T } | { readonly done: false; readonly reason: string };

/** Tries until a value comes or the time is over; the timeout error keeps the last reason. */
export async function poll<T>(attempt: () => Promise<Attempt<T>>, options: PollOptions): Promise<T> {
  const clock = options.clock ?? systemClock;
  const start = clock.elapsed();
  for (;;) {
    options.signal?.throwIfAborted();
    const result = await attempt();
    if (result.done) return result.value;
    if (clock.elapsed() - start + options.intervalMs > options.timeoutMs) {
      throw new PollTimeout(result.reason, clock.elapsed() - start);
    }
    await clock.wait(options.intervalMs, options.signal);
  }
}

export class PollTimeout extends Error {
  override readonly name = "PollTimeout";
  constructor(lastReason: string, waitedMs: number) {
    super(`${lastReason} (waited ${(waitedMs / 1000).toFixed(1)} s)`);
  }
}
