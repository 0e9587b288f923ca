import { ExitCode, UserError } from "../common/errors.ts";
import type { CheckResult, Gate, GateContext, GateResult } from "../gates/gate.ts";
import { gates as allGates } from "../gates/registry.ts";
import { runGate } from "../gates/runner.ts";
import { describeCheck, describeGate } from "./describe.ts";
import { causeOf } from "./failures.ts";
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

export interface GatesRun {
  readonly exercise: boolean;
  readonly stage?: string;
  /** The longest that a check may stay red; its own time by default. */
  readonly patienceMs?: number;
  /** Shows the checks that are red only. */
  readonly brief?: boolean;
  /** Whom the gates ask; the session's world by default. */
  readonly context?: GateContext;
}

/** Runs gates one after the other, shows and records every check. */
export async function runGates(session: Session, gates: readonly Gate[], options: GatesRun): Promise<GateResult[]> {
  const { console, journal, signal, clock } = session;
  const context = options.context ?? gateContext(session);
  const results: GateResult[] = [];
  const stage = options.stage === undefined ? {} : { stage: options.stage };
  for (const gate of gates) {
    const place = { ...stage, gate: gate.number };
    console.say("start", `gate ${gate.number} ${gate.name}`);
    // What a gate finds in a plan is no finding about what is there: the ledger keeps its checks, which say so by their names.
    const record = (fields: Pick<LedgerEvent, "status"> & Partial<LedgerEvent>): void => {
      if (context.plan === undefined) journal.record({ kind: "gate", ...place, ...fields });
    };
    record({ status: "started" });
    const waiting = new Map<string, string>();
    const waitingFor = (): string => [`gate ${gate.number}`, ...[...waiting].slice(0, 1).map(([id, error]) => `${id}: ${error}`)].join(", ");
    const result = await console.during(waitingFor, () =>
      runGate(gate, context, {
        exercise: options.exercise,
        ...(options.patienceMs === undefined ? {} : { patienceMs: options.patienceMs }),
        clock,
        signal,
        onLook: ({ id }, error) => {
          if (error === undefined) waiting.delete(id);
          else waiting.set(id, error);
        },
        onCheck: (found) => journal.record({ kind: "check", ...place, ...checkFields(found) }),
      }),
    );
    // Checks end in any order; people read them in the gate's own.
    const shown = options.brief === true ? result.checks.filter(({ status }) => status === "red") : result.checks;
    for (const check of shown) console.say(check.status === "red" ? "bad" : check.status === "green" ? "good" : "wait", describeCheck(check));
    record({ status: result.status, via: result.via, durationMs: result.durationMs });
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
    evidence: evidence === undefined ? `asked ${asked.join(", ")}` : `${evidence} (${asked.join(", ")})`,
    ...(error === undefined ? {} : { error }),
  };
}

/** What to do first about gates that are red because of who asks; nothing where every red check has found something. */
export function fixOfAsking(red: readonly GateResult[]): string | undefined {
  const errors = red.flatMap(({ checks }) => checks.flatMap(({ error }) => error ?? []));
  return errors.map(causeOf).find((cause) => cause?.ofWhoAsks === true)?.fix;
}

export function redGates(results: readonly GateResult[]): readonly GateResult[] {
  return results.filter(({ status }) => status === "red");
}
