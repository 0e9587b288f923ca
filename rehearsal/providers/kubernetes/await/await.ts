import { errorMessage, UserError } from "../../../../common/errors.ts";
import { type Attempt, type Clock, poll, PollTimeout } from "../../../../common/poll.ts";
import type { Properties } from "../../values.ts";
import type { Cluster, Place } from "../cluster.ts";
import { isNotFound, Unreachable } from "../errors.ts";
import { ANNOTATIONS, annotationOf, describe, textAt } from "../objects.ts";
import type { Rule } from "./rules.ts";
import { leftOf, symptoms } from "./symptoms.ts";

/** The official provider's own. */
const DEFAULT_SECONDS = 600;
const INTERVAL_MS = 250;

export interface Waiting {
  readonly cluster: Cluster;
  readonly place: Place;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly timeoutSeconds: number;
}

/** How long is waited: what the resource's options say, its annotation, or ten minutes. */
export function patienceOf(timeoutSeconds: number, inputs: Properties): number {
  const own = Number(annotationOf(inputs, ANNOTATIONS.timeoutSeconds));
  return timeoutSeconds > 0 ? timeoutSeconds : own > 0 ? own : DEFAULT_SECONDS;
}

/** An object that is there and not as it should be, with the object as it was last seen. */
export class NotReady extends UserError {
  override readonly name = "NotReady";
  readonly object: Properties;

  constructor(message: string, object: Properties, cause?: unknown) {
    super(message, { cause });
    this.object = object;
  }
}

/**
 * Waits until an object is as its rule wants it.
 * @returns the object as it is then
 * @throws NotReady when it says that it never will be, when the time is over, and when the plug-in is told to end
 */
export async function untilReady(made: Properties, rule: Rule, waiting: Waiting): Promise<Properties> {
  const { cluster, place, timeoutSeconds } = waiting;
  let seen = made;
  const look = async (): Promise<Attempt<Properties>> => {
    try {
      seen = await cluster.get(place);
      if (textAt(seen, "metadata", "uid") !== textAt(made, "metadata", "uid")) throw new NotReady(`${describe(made)} was deleted, and another one made`, made);
      const judgement = await rule(seen, cluster);
      if (judgement.is === "failed") throw new NotReady(await explained(`${describe(made)} failed: ${judgement.reason}`, seen, cluster), seen);
      return judgement.is === "ready" ? { done: true, value: seen } : { done: false, reason: judgement.reason };
    } catch (error) {
      if (isNotFound(error)) throw new NotReady(`${describe(made)} was deleted before it was ready`, made, error);
      // An API server may be started anew meanwhile.
      if (error instanceof Unreachable) return { done: false, reason: error.message };
      throw error;
    }
  };
  try {
    return await polled(look, waiting);
  } catch (error) {
    if (error instanceof NotReady) throw error;
    const what = error instanceof PollTimeout ? `${describe(made)} is not ready after ${timeoutSeconds} s: ${reasonIn(error)}` : `${describe(made)}: ${errorMessage(error)}`;
    throw new NotReady(await explained(what, seen, cluster), seen, error);
  }
}

/**
 * Waits until an object is gone, or another one is in its place.
 * @throws UserError when the time is over
 */
export async function untilGone(uid: string | undefined, what: string, waiting: Waiting): Promise<void> {
  const look = async (): Promise<Attempt<undefined>> => {
    try {
      const object = await waiting.cluster.get(waiting.place);
      if (uid !== undefined && textAt(object, "metadata", "uid") !== uid) return { done: true, value: undefined };
      return { done: false, reason: leftOf(object) };
    } catch (error) {
      if (isNotFound(error)) return { done: true, value: undefined };
      if (error instanceof Unreachable) return { done: false, reason: error.message };
      throw error;
    }
  };
  try {
    await polled(look, waiting);
  } catch (error) {
    if (error instanceof PollTimeout) throw new UserError(`${what} is being deleted and still there after ${waiting.timeoutSeconds} s: ${reasonIn(error)}`, { cause: error });
    throw error;
  }
}

function polled<T>(look: () => Promise<Attempt<T>>, { clock, signal, timeoutSeconds }: Waiting): Promise<T> {
  return poll(look, { timeoutMs: timeoutSeconds * 1_000, intervalMs: INTERVAL_MS, clock, signal });
}

/** Without the seconds, which are said already. */
function reasonIn(error: PollTimeout): string {
  return error.message.replace(/ \(waited [\d.]+ s\)$/, "");
}

async function explained(message: string, object: Properties, cluster: Cluster): Promise<string> {
  return [message, ...(await symptoms(object, cluster))].join("\n  ");
}
