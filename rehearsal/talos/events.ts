import { randomBytes } from "node:crypto";
import { systemClock } from "../../common/poll.ts";

/** What Talos tells those who watch a node, by the name of its message in Talos' API. */
export type EventValue =
  | { readonly type: "machine.SequenceEvent"; readonly value: { readonly sequence: string; readonly action: "START" | "STOP" | "NOOP"; readonly error?: { readonly code: "FATAL"; readonly message: string } } }
  | { readonly type: "machine.PhaseEvent"; readonly value: { readonly phase: string; readonly action: "START" | "STOP" } }
  | { readonly type: "machine.TaskEvent"; readonly value: { readonly task: string; readonly action: "START" | "STOP" } }
  | { readonly type: "machine.ServiceStateEvent"; readonly value: { readonly service: string; readonly action: string; readonly message: string; readonly health: object } }
  | { readonly type: "machine.ConfigLoadErrorEvent" | "machine.ConfigValidationErrorEvent"; readonly value: { readonly error: string } }
  | { readonly type: "machine.MachineStatusEvent"; readonly value: { readonly stage: string; readonly status: { readonly ready: boolean; readonly unmet_conditions: readonly { readonly name: string; readonly reason: string }[] } } };

export type NodeEvent = EventValue & { readonly id: string; readonly actorId: string; readonly at: number };

/** As many as Talos keeps. */
const kept = 1_000;

/** Unique, and later ones sort behind earlier ones, as Talos' (xid). */
let count = 0;
export const eventId = (): string => Math.floor(systemClock.now() / 1_000).toString(32).padStart(7, "0") + randomBytes(5).toString("hex").slice(0, 7) + (count++ % 32 ** 6).toString(32).padStart(6, "0");

/** The events of one boot of a node. */
export class Events {
  readonly #events: NodeEvent[] = [];
  readonly #watchers = new Set<(event: NodeEvent) => void>();

  publish(event: EventValue, actorId = ""): void {
    const full: NodeEvent = { ...event, id: eventId(), actorId, at: systemClock.now() };
    this.#events.push(full);
    if (this.#events.length > kept) this.#events.shift();
    for (const watcher of this.#watchers) watcher(full);
  }

  /** The last ones (all with -1). */
  tail(number: number): readonly NodeEvent[] {
    return number === 0 ? [] : number < 0 ? [...this.#events] : this.#events.slice(-number);
  }

  /** Calls for every event from now on, until the signal. */
  watch(watcher: (event: NodeEvent) => void, signal: AbortSignal): void {
    this.#watchers.add(watcher);
    signal.addEventListener("abort", () => this.#watchers.delete(watcher), { once: true });
  }
}
