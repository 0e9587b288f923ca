import { ExitCode, UserError } from "../common/errors.ts";
import type { CheckResult, Gate, GateResult } from "../gates/gate.ts";
import { gates as allGates } from "../gates/registry.ts";
import { runGate } from "../gates/runner.ts";
import { describeCheck, describeGate } from "./describe.ts";
import type { LedgerEvent } from "./ledger.ts";
import { gateContext, type Session } from "./session.ts";

/** The gates with these numbers, or all of them. */
export function selectGates(numbers: readonly string[] | undefined): readonly Gate[] {
  if (numbers === undefined) return allGates;
  const known = allGates.map(({ number }) => number).join(", ");
  return numbers.map((number) => {
    const gate = allGates.find((candidate) => candidate.number === number.padStart(2, "0"));
    if (gate === undefined) throw new UserError(`There is no gate "${number}".`, { exitCode: ExitCode.usage, fix: `Known gates: ${known}.` });
    return gate;
  });
}

/** Runs gates one after the other, shows and records every check. */
export async function runGates(session: Session, gates: readonly Gate[], options: { readonly exercise: boolean; readonly stage?: string }): Promise<GateResult[]> {
  const { console, journal, signal, clock } = session;
  const results: GateResult[] = [];
  const stage = options.stage === undefined ? {} : { stage: options.stage };
  for (const gate of gates) {
    const place = { ...stage, gate: gate.number };
    console.say("start", `gate ${gate.number} ${gate.name}`);
    journal.record({ kind: "gate", ...place, status: "started" });
    const result = await console.during(`gate ${gate.number}`, () =>
      runGate(gate, gateContext(session), {
        exercise: options.exercise,
        clock,
        signal,
        onCheck: (found) => journal.record({ kind: "check", ...place, ...checkFields(found) }),
      }),
    );
    // Checks end in any order; people read them in the gate's own.
    for (const check of result.checks) console.say(check.status === "red" ? "bad" : check.status === "green" ? "good" : "wait", describeCheck(check));
    journal.record({ kind: "gate", ...place, status: result.status, via: result.via, durationMs: result.durationMs });
    console.say(result.status === "red" ? "bad" : "good", describeGate(result));
    results.push(result);
  }
  return results;
}

function checkFields({ check, status, via, asked, evidence, error, durationMs }: CheckResult): Omit<LedgerEvent, "at" | "run" | "kind"> {
  return {
    check: check.id,
    status,
    via,
    durationMs,
    evidence: evidence === undefined ? `asked ${asked}` : `${evidence} (${asked})`,
    ...(error === undefined ? {} : { error }),
  };
}

export function redGates(results: readonly GateResult[]): readonly GateResult[] {
  return results.filter(({ status }) => status === "red");
}
