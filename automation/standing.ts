import { stages } from "../stacks/registry.ts";
import type { LedgerEvent } from "./ledger.ts";

/** What is to be known of a stage here. */
export interface KnownStage {
  readonly name: string;
  readonly gates: readonly string[];
}

export interface StageStatus {
  readonly stage: string;
  readonly status: LedgerEvent["status"] | "not built";
  readonly at?: string;
  readonly gates: readonly { readonly gate: string; readonly status: LedgerEvent["status"] | "never run"; readonly via?: string; readonly at?: string }[];
}

/** Pure: the last word of the ledger on each stage and its gates. What was taken down makes all earlier words on it void. */
export function stageStatus(events: readonly LedgerEvent[], all: readonly KnownStage[] = stages): StageStatus[] {
  const goneAt = takenDown(events);
  return all.map(({ name, gates }) => {
    const current = events.slice(goneAt(name) + 1);
    const built = current.findLast(({ kind, stage }) => kind === "stage" && stage === name);
    return {
      stage: name,
      status: built?.status ?? "not built",
      ...(built === undefined ? {} : { at: built.at }),
      gates: gates.map((gate) => {
        // A gate may look at several stages' plans; here counts what it found of this one, or of all.
        const isHere = ({ stage = name }: LedgerEvent): boolean => stage === name;
        const last = current.findLast((event) => event.kind === "gate" && event.gate === gate && event.status !== "started" && isHere(event));
        return { gate, status: last?.status ?? "never run", ...(last?.via === undefined ? {} : { via: last.via }), ...(last === undefined ? {} : { at: last.at }) };
      }),
    };
  });
}

/** Pure: where in the ledger a stage was last taken down; -1 if it never was. */
export function takenDown(events: readonly LedgerEvent[]): (stage: string) => number {
  const downs = new Set(events.filter(({ kind, verb }) => kind === "run" && verb === "down").map(({ run }) => run));
  return (name) => events.findLastIndex(({ kind, stage, status, run }) => kind === "stage" && stage === name && status === "green" && downs.has(run));
}
