/** What the cluster tells of an object that does not become ready: its pods, and the warnings about them. */
import type { Properties } from "../../values.ts";
import type { Cluster } from "../cluster.ts";
import { at, nameOf, namespaceOf, recordsAt, textAt } from "../objects.ts";
import { judgePod } from "./pods.ts";

const SHOWN_PODS = 3;
const SHOWN_EVENTS = 5;

/** One line each; nothing where nothing is told, or nobody can be asked any more. */
export async function symptoms(object: Properties, cluster: Pick<Cluster, "list">): Promise<readonly string[]> {
  try {
    const pods = await podsOf(object, cluster);
    const concerned = new Set([object, ...pods].map((each) => textAt(each, "metadata", "uid")));
    const events = await cluster.list({ group: "", version: "v1", kind: "Event" }, namespaceOf(object) || "default", { fields: "type=Warning" });
    const own = events.filter((event) => concerned.has(textAt(event, "involvedObject", "uid")));
    return [...podLines(pods), ...eventLines(own)];
  } catch {
    // They are an addition to a failure that is reported anyway.
    return [];
  }
}

async function podsOf(object: Properties, cluster: Pick<Cluster, "list">): Promise<readonly Properties[]> {
  const selector = at(object, "spec", "selector", "matchLabels") ?? (textAt(object, "kind") === "Service" ? at(object, "spec", "selector") : undefined);
  if (typeof selector !== "object" || selector === null) return [];
  const labels = Object.entries(selector).map(([key, value]) => `${key}=${String(value)}`).join(",");
  return cluster.list({ group: "", version: "v1", kind: "Pod" }, namespaceOf(object), { labels });
}

function podLines(pods: readonly Properties[]): string[] {
  const lines = pods.flatMap((pod) => {
    const judgement = judgePod(pod);
    return judgement.is === "ready" ? [] : [`pod ${nameOf(pod)}: ${judgement.reason}`];
  });
  const more = lines.length - SHOWN_PODS;
  return [...lines.slice(0, SHOWN_PODS), ...(more > 0 ? [`and ${more} more pods`] : [])];
}

function eventLines(events: readonly Properties[]): string[] {
  const when = (event: Properties): string => textAt(event, "lastTimestamp") ?? textAt(event, "eventTime") ?? "";
  const latest = [...events].sort((a, b) => (when(a) < when(b) ? -1 : 1)).slice(-SHOWN_EVENTS);
  return latest.map((event) => {
    const about = `${(textAt(event, "involvedObject", "kind") ?? "").toLowerCase()} ${textAt(event, "involvedObject", "name") ?? ""}`;
    return `event of ${about}: ${textAt(event, "reason") ?? ""}: ${textAt(event, "message") ?? ""}`;
  });
}

/** What is left of an object that is being deleted, and of a namespace's contents. */
export function leftOf(object: Properties): string {
  const finalizers = at(object, "metadata", "finalizers");
  const own = Array.isArray(finalizers) && finalizers.length > 0 ? [`it has the finalizers ${finalizers.join(", ")}`] : [];
  const conditions = recordsAt(object, "status", "conditions")
    .filter((condition) => textAt(condition, "status") === "True" && textAt(condition, "type")?.startsWith("Namespace"))
    .map((condition) => textAt(condition, "message") ?? "");
  return [...own, ...conditions].join("; ") || "nothing tells why";
}
