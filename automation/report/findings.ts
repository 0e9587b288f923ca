import type { Check } from "../../gates/gate.ts";
import type { LedgerEvent } from "../ledger.ts";
import { takenDown } from "../standing.ts";
import { stagesProved, type GateRow, type Registry } from "./registry.ts";
import { together, type GateLook } from "./runs.ts";

/** The last that a check found; of a plan, the last of each stage's plan. */
export interface CheckFindings {
  readonly check: Pick<Check, "id" | "title">;
  readonly status: GateLook["status"] | "never run";
  readonly found: readonly LedgerEvent[];
  /** Whether what it looked at was taken down since. */
  readonly past: boolean;
}

export interface RowFindings {
  readonly row: GateRow;
  readonly checks: readonly CheckFindings[];
}

/** Pure: the last finding of every check that this version has. */
export function lastFindings(events: readonly LedgerEvent[], registry: Registry): RowFindings[] {
  const byCheck = Map.groupBy(events.map((event, place) => ({ event, place })).filter(({ event }) => event.kind === "check"), ({ event }) => event.check);
  const goneAt = takenDown(events);
  const gone = new Map(registry.stages.map(({ name }) => [name, goneAt(name)]));
  return registry.rows.map((row) => {
    const proved = stagesProved(registry, row);
    const isPast = ({ event, place }: { event: LedgerEvent; place: number }): boolean => [event.stage ?? proved].flat().some((stage) => place < (gone.get(stage) ?? -1));
    return {
      row,
      checks: row.checks.map((check) => {
        const found = lastOfEachStage(byCheck.get(check.id) ?? []);
        const status = found.length === 0 ? "never run" : together(found.map(({ event }) => event));
        return { check, status, found: found.map(({ event }) => event), past: found.length > 0 && found.every(isPast) };
      }),
    };
  });
}

/** The last word on each stage. What was found outside of any stage is a word on all of them. */
function lastOfEachStage<Of extends { readonly event: LedgerEvent }>(found: readonly Of[]): Of[] {
  const stagesSeen = new Set(found.flatMap(({ event }) => event.stage ?? []));
  if (stagesSeen.size === 0) return found.slice(-1);
  const last = new Set([...stagesSeen].map((name) => found.findLast(({ event: { stage = name } }) => stage === name)));
  return found.filter((one) => last.has(one));
}

/** Who answered the last findings, in checks. One stand-in among those asked makes it a stand-in's. */
export interface Answered {
  readonly real: number;
  readonly standIn: number;
  readonly unsaid: number;
}

export function answered(findings: readonly RowFindings[]): Answered {
  const vias = findings.flatMap(({ checks }) => checks.filter(({ found }) => found.length > 0).map(({ found }) => found.map(({ via }) => via)));
  const standIn = vias.filter((of) => of.includes("stand-in")).length;
  const unsaid = vias.filter((of) => of.includes(undefined) && !of.includes("stand-in")).length;
  return { standIn, unsaid, real: vias.length - standIn - unsaid };
}
