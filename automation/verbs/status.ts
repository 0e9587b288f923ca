import { ExitCode } from "../../common/errors.ts";
import { duration } from "../console.ts";
import type { Session } from "../session.ts";
import { sift } from "../report/sift.ts";
import { stageStatus } from "../standing.ts";

/** What the ledger knows, without asking anybody: fast, and as old as the last run. */
export async function status(session: Session): Promise<ExitCode> {
  const { console, environment, ledger, world } = session;
  const { events } = sift(ledger.read());
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
