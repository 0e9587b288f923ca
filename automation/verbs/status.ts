import { ExitCode } from "../../common/errors.ts";
import { stages } from "../../stacks/registry.ts";
import { duration } from "../console.ts";
import type { LedgerEvent } from "../ledger.ts";
import type { Session } from "../session.ts";

interface StageStatus {
  readonly stage: string;
  readonly status: LedgerEvent["status"] | "not built";
  readonly at?: string;
  readonly gates: readonly { readonly gate: string; readonly status: LedgerEvent["status"] | "never run"; readonly via?: string; readonly at?: string }[];
}

/** What the ledger knows, without asking anybody: fast, and as old as the last run. */
export async function status(session: Session): Promise<ExitCode> {
  const { console, environment, ledger, world } = session;
  const events = ledger.read();
  const state = await world.state();
  const lastRun = events.findLast(({ kind, status: outcome }) => kind === "run" && outcome !== "started");
  const overview = stageStatus(events);
  console.result(`${environment.name}: ${world.description}, ${state}`);
  console.result(lastRun === undefined ? "no run yet" : `last run: ${lastRun.verb ?? "?"} ended ${lastRun.status} at ${lastRun.at}${lastRun.durationMs === undefined ? "" : ` after ${duration(lastRun.durationMs)}`}`);
  for (const { stage, status: outcome, at, gates } of overview) {
    const words = gates.map(({ gate, status: gateStatus, via }) => `gate ${gate} ${gateStatus}${via === undefined ? "" : ` [${via}]`}`).join(", ");
    console.result(`  ${stage.padEnd(10)} ${outcome}${at === undefined ? "" : ` (${at})`}; ${words}`);
  }
  if (state === "died") console.result(`The local world died: what was built in it is gone. \`npm run up -- ${environment.name}\` builds it again.`);
  console.emit({ kind: "status", environment: environment.name, world: state, lastRun: lastRun ?? null, stages: overview });
  return ExitCode.done;
}

/** Pure: the last word of the ledger on each stage and its gates. A `down` makes all earlier words void. */
export function stageStatus(events: readonly LedgerEvent[]): StageStatus[] {
  const lastDown = events.findLastIndex(({ kind, verb, status: outcome }) => kind === "run" && verb === "down" && outcome === "green");
  const current = events.slice(lastDown + 1);
  return stages.map(({ name, gates }) => {
    const built = current.findLast(({ kind, stage }) => kind === "stage" && stage === name);
    return {
      stage: name,
      status: built?.status ?? "not built",
      ...(built === undefined ? {} : { at: built.at }),
      gates: gates.map((gate) => {
        const last = current.findLast((event) => event.kind === "gate" && event.gate === gate && event.status !== "started");
        return { gate, status: last?.status ?? "never run", ...(last?.via === undefined ? {} : { via: last.via }), ...(last === undefined ? {} : { at: last.at }) };
      }),
    };
  });
}
