import type { LedgerEvent } from "../ledger.ts";

/** What of a ledger can be told; the rest is counted, by what is strange about it. */
export interface Sifted {
  readonly events: readonly LedgerEvent[];
  readonly strange: readonly { readonly what: string; readonly lines: number }[];
}

const kinds: readonly unknown[] = ["run", "stage", "gate", "check"];
const statuses: readonly unknown[] = ["started", "green", "red", "failed", "not-applicable"];
/** What an event of each kind cannot be told without. */
const needed = { run: [], stage: ["stage"], gate: ["gate"], check: ["gate", "check"] } as const;
const texts = ["verb", "stage", "gate", "check", "evidence", "error"] as const;

/** Pure: keeps the events that this version knows. Another version may have written anything at all. */
export function sift(lines: readonly unknown[]): Sifted {
  const strange = new Map<string, number>();
  const events = lines.flatMap((line) => {
    const event = known(line);
    if (typeof event !== "string") return [event];
    strange.set(event, (strange.get(event) ?? 0) + 1);
    return [];
  });
  return { events, strange: [...strange].map(([what, count]) => ({ what, lines: count })) };
}

/** The event, without fields of another type than they should have; or what is strange about it. */
function known(line: unknown): LedgerEvent | string {
  if (typeof line !== "object" || line === null) return "no event";
  const fields = line as Record<string, unknown>;
  const { at, run, kind, status, via, durationMs } = fields;
  if (!kinds.includes(kind)) return typeof kind === "string" ? `kind "${kind.slice(0, 40)}"` : "no kind";
  if (!statuses.includes(status)) return typeof status === "string" ? `status "${status.slice(0, 40)}"` : "no status";
  if (typeof at !== "string" || Number.isNaN(Date.parse(at))) return "no time";
  if (typeof run !== "string") return "no run";
  const missing = needed[kind as LedgerEvent["kind"]].find((name) => typeof fields[name] !== "string");
  if (missing !== undefined) return `a ${kind as string} without its ${missing === kind ? "name" : missing}`;
  return {
    at,
    run,
    kind: kind as LedgerEvent["kind"],
    status: status as LedgerEvent["status"],
    ...Object.fromEntries(texts.filter((name) => typeof fields[name] === "string").map((name) => [name, fields[name]])),
    ...(via === "real" || via === "stand-in" ? { via } : {}),
    ...(typeof durationMs === "number" && durationMs >= 0 ? { durationMs } : {}),
  };
}
