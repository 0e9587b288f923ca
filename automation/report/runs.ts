import type { Verdict } from "../../gates/gate.ts";
import type { LedgerEvent } from "../ledger.ts";

type Ended = Exclude<LedgerEvent["status"], "started">;
type Outcome = Ended | "broken off" | "did not end";

/** What one run did to a stage. `started`: it began, and its end was never written. */
export interface StageWork {
  readonly stage: string;
  readonly status: LedgerEvent["status"];
  readonly evidence?: string;
  readonly durationMs?: number;
  /** Whether the stage was not there before: never built, or taken down since. */
  readonly first: boolean;
}

/** What one run found of a gate, over all the stages it looked at. */
export interface GateLook {
  readonly gate: string;
  readonly status: Verdict["status"] | "broken off";
  /** When it was last heard of. */
  readonly at: string;
  readonly durationMs: number;
}

export interface Run {
  readonly id: string;
  /** Place in the ledger, from 0. */
  readonly index: number;
  readonly verb: string;
  /** ISO 8601, of the first and of the last thing it wrote. */
  readonly began: string;
  readonly last: string;
  /** A run that was killed never says how it ended; one that is under way has not said so yet. */
  readonly outcome: Outcome;
  readonly durationMs?: number;
  readonly error?: string;
  readonly stages: readonly StageWork[];
  /** By the key of their row. */
  readonly gates: ReadonlyMap<string, GateLook>;
  readonly red: readonly LedgerEvent[];
}

/** Pure: the runs of a ledger, oldest first. `rowOf` names the row that a gate's or check's event belongs to, or nothing. */
export function runsOf(events: readonly LedgerEvent[], rowOf: (event: LedgerEvent) => string | undefined): Run[] {
  const grouped = Map.groupBy(events, ({ run }) => run);
  const built = new Set<string>();
  return [...grouped].map(([id, own], index) => {
    const ofRun = own.filter(({ kind }) => kind === "run");
    const verb = ofRun.find((event) => event.verb !== undefined)?.verb ?? (own.every(({ check = "" }) => isPlanCheck(check)) ? "preview" : "unknown");
    const end = ofRun.findLast(({ status }) => status !== "started");
    const { durationMs, error } = end ?? {};
    return {
      id,
      index,
      verb,
      began: own[0]?.at ?? "",
      last: own.at(-1)?.at ?? "",
      outcome: (end?.status as Ended | undefined) ?? (verb === "preview" ? together(own) : "did not end"),
      ...(durationMs === undefined ? {} : { durationMs }),
      ...(error === undefined ? {} : { error }),
      stages: stageWork(own, verb, built),
      gates: gateLooks(own, rowOf),
      red: own.filter(({ kind, status }) => kind === "check" && status === "red"),
    };
  });
}

/** A preview writes no begin and no end, only what the checks on its plans found. */
function isPlanCheck(check: string): boolean {
  return /^\d\d\.plan-/.test(check);
}

function stageWork(own: readonly LedgerEvent[], verb: string, built: Set<string>): StageWork[] {
  const byStage = Map.groupBy(own.filter(({ kind }) => kind === "stage"), ({ stage = "" }) => stage);
  return [...byStage].map(([stage, [begun, ...more]]) => {
    const { status = "started", evidence, durationMs } = more.at(-1) ?? begun ?? {};
    const first = !built.has(stage);
    if (status === "green" && verb === "down") built.delete(stage);
    else if (status === "green") built.add(stage);
    return { stage, status, first, ...(evidence === undefined ? {} : { evidence }), ...(durationMs === undefined ? {} : { durationMs }) };
  });
}

function gateLooks(own: readonly LedgerEvent[], rowOf: (event: LedgerEvent) => string | undefined): Map<string, GateLook> {
  const byRow = Map.groupBy(own.filter(({ kind }) => kind === "gate" || kind === "check"), rowOf);
  const looks = new Map<string, GateLook>();
  for (const [row, found] of byRow) {
    if (row === undefined) continue;
    const gateEvents = found.filter(({ kind }) => kind === "gate");
    // What a gate finds in plans has checks only.
    const verdicts = gateEvents.length === 0 ? found : lastOfEachStage(gateEvents);
    looks.set(row, { gate: row, status: together(verdicts), at: found.at(-1)?.at ?? "", durationMs: gateEvents.reduce((sum, event) => sum + (event.durationMs ?? 0), 0) });
  }
  return looks;
}

/** One word for several findings: the worst. */
export function together(found: readonly { readonly status: LedgerEvent["status"] }[]): GateLook["status"] {
  const is = (...statuses: LedgerEvent["status"][]): boolean => found.some(({ status }) => statuses.includes(status));
  if (is("red", "failed")) return "red";
  if (is("started")) return "broken off";
  return is("green") ? "green" : "not-applicable";
}

function lastOfEachStage(found: readonly LedgerEvent[]): LedgerEvent[] {
  return [...Map.groupBy(found, ({ stage }) => stage).values()].flatMap((of) => of.slice(-1));
}
