import { systemClock } from "../../../common/poll.ts";
import { eventId, type NodeEvent } from "../events.ts";
import type { Talos } from "../talos.ts";
import type { Calls } from "./calls.ts";
import type { Message } from "./descriptors.ts";

/** How Talos names the types of its events. */
const typeUrl = (type: string): string => `talos/runtime/${type}`;

/** What happens on a node, from now on or from before: how talosctl follows a reboot. */
export function eventCalls(node: Talos): Calls {
  const message = ({ type, value, id, actorId }: NodeEvent): Message => ({ id, actor_id: actorId, data: { type_url: typeUrl(type), value: node.site.descriptors.encode(type, value) } });
  return {
    unary: {},
    streaming: {
      "/machine.MachineService/Events": async (request, { signal }, send) => {
        const { tail_events: last = 0, tail_seconds: seconds = 0, with_actor_id: actor = "" } = request as { tail_events?: number; tail_seconds?: number; with_actor_id?: string };
        const wanted = ({ actorId }: NodeEvent): boolean => actor === "" || actorId === actor;
        // The first one is empty: it says that the stream stands.
        send({ id: eventId(), actor_id: actor, data: { type_url: typeUrl(""), value: Buffer.alloc(0) } });
        const since = systemClock.now() - seconds * 1_000;
        const before = seconds > 0 ? node.events.tail(-1).filter(({ at }) => at >= since) : node.events.tail(last);
        for (const event of before.filter(wanted)) send(message(event));
        const over = AbortSignal.any([signal, node.signal]);
        node.events.watch((event) => {
          if (wanted(event)) send(message(event));
        }, over);
        await new Promise<void>((done) => over.addEventListener("abort", () => done(), { once: true }));
      },
    },
  };
}
