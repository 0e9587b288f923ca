import type { Check, Gate } from "../../gates/gate.ts";
import { declared } from "../../gates/policies.ts";
import { gates } from "../../gates/registry.ts";
import { stages } from "../../stacks/registry.ts";
import type { LedgerEvent } from "../ledger.ts";
import type { KnownStage } from "../standing.ts";

/** A gate as the page shows it. The half of a gate that judges plans is a row of its own. */
export interface GateRow {
  /** Unique, and fit for an HTML id. */
  readonly key: string;
  readonly number: string;
  readonly name: string;
  readonly checks: readonly Pick<Check, "id" | "title">[];
  /** Whether it looks at plans, so that its word is none on what is there. */
  readonly ofPlans: boolean;
}

/** What this version knows; a ledger may have been written by another. */
export interface Registry {
  readonly stages: readonly KnownStage[];
  readonly rows: readonly GateRow[];
}

export function rowOfGate({ number, name, checks }: Pick<Gate, "number" | "name"> & Pick<GateRow, "checks">, ofPlans = false): GateRow {
  return { key: `gate-${number}${ofPlans ? "-plan" : ""}`, number, name, checks, ofPlans };
}

/** Every stage and gate of this version, in their order. */
export const registry: Registry = {
  stages,
  rows: gates.flatMap((gate) => [rowOfGate(gate), ...(gate.number === declared.number ? [rowOfGate(declared, true)] : [])]),
};

/** Finds the key of the row that the event of a gate or check belongs to; nothing where this version does not know it. */
export function rowFinder({ rows }: Registry): (event: LedgerEvent) => string | undefined {
  const ofCheck = new Map(rows.flatMap(({ key, checks }) => checks.map(({ id }) => [id, key] as const)));
  const ofGate = new Map(rows.filter(({ ofPlans }) => !ofPlans).map(({ key, number }) => [number, key] as const));
  return ({ kind, gate = "", check = "" }) => (kind === "check" ? ofCheck.get(check) : ofGate.get(gate));
}

/** The names of the stages that a gate proves. */
export function stagesProved({ stages: all }: Registry, { number }: GateRow): string[] {
  return all.filter(({ gates: numbers }) => numbers.includes(number)).map(({ name }) => name);
}
