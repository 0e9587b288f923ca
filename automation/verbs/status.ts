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

/** Pure: the last word of the ledger on each stage and its gates. What was taken down makes all earlier words on it void. */
export function stageStatus(events: readonly LedgerEvent[]): StageStatus[] {
  const downs = new Set(events.filter(({ kind, verb }) => kind === "run" && verb === "down").map(({ run }) => run));
  return stages.map(({ name, gates }) => {
    const isOwn = ({ kind, stage }: LedgerEvent): boolean => kind === "stage" && stage === name;
    const gone = events.findLastIndex((event) => isOwn(event) && event.status === "green" && downs.has(event.run));
    const current = events.slice(gone + 1);
    const built = current.findLast(isOwn);
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
