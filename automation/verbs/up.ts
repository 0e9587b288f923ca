import { ExitCode, UserError } from "../../common/errors.ts";
import { sideBySide } from "../../common/side-by-side.ts";
import { stages } from "../../stacks/registry.ts";
import type { Stage } from "../../stacks/stage.ts";
import { buildStage } from "../build-stage.ts";
import { confirm } from "../confirm.ts";
import { duration } from "../console.ts";
import { refuseForeign } from "../foreign.ts";
import { engineSettings } from "../engine-settings.ts";
import { fixOfAsking, redGates, runGates, selectGates } from "../gates.ts";
import { holdEnvironment } from "../run-lock.ts";
import { confirmAccount, refuseIncomplete, startWorld } from "../preflight.ts";
import type { Session } from "../session.ts";
import { refuseOutsideWindow } from "../window.ts";

export interface UpOptions {
  /** The last stage to build; all by default. */
  readonly through?: string;
  /** The first stage to build; the gates of earlier ones are checked all the same. */
  readonly from?: string;
  /** Builds without asking where building costs money. */
  readonly yes: boolean;
}

/** Brings the environment up, stage after stage; each must be proved green before the next begins. */
export async function up(session: Session, options: UpOptions): Promise<ExitCode> {
  const plan = planOf(options);
  await refuseIncomplete(session);
  if (plan.some(({ stage, build }) => build && stage.groups !== undefined)) refuseOutsideWindow(session);
  const { console, journal, environment, world, clock, signal } = session;
  if (world.costsMoney) await confirm(`Build ${environment.name} at ${world.description}? It costs money.`, options.yes, signal);
  const start = clock.elapsed();
  return holdEnvironment(session, "up", () => journal.around(
    { kind: "run", verb: "up" },
    async () => {
      console.say("start", `up ${environment.name}: ${plan.map(({ stage }) => stage.name).join(" → ")}`);
      // World and engine need different tools: installed side by side, the first run is shorter.
      const [settings] = await sideBySide(
        signal,
        (either) => engineSettings(session, either),
        (either) => startWorld(session, either),
      );
      await confirmAccount(session);
      await refuseForeign(plan.flatMap(({ stage, build }) => (build ? [stage] : [])), session);
      for (const { stage, build } of plan) {
        const outcome = build ? await buildStage(stage, session, settings) : "unchanged";
        if (outcome === "refused") return ExitCode.gateRed;
        const red = redGates(await runGates(session, selectGates(stage.gates), { exercise: true, stage: stage.name, ...(outcome === "unchanged" ? { patienceMs: settledMs } : {}) }));
        if (red.length > 0) {
          console.say("bad", `stage ${stage.name} is not proved: gate ${red.map(({ gate }) => gate.number).join(", ")} is red; later stages were not begun`);
          console.say("wait", `next: ${fixOfAsking(red) ?? `mend what the gate names, then \`npm run up -- ${environment.name}\``}`);
          return ExitCode.gateRed;
        }
      }
      console.result(`${environment.name} is up: ${plan.map(({ stage }) => stage.name).join(", ")}; every gate green, answered by ${world.description}. ${duration(clock.elapsed() - start)}.`);
      return ExitCode.done;
    },
    (code) => ({ status: code === ExitCode.done ? "green" : "red" }),
  ));
}

/** What changed nothing was up before, and needs no time to come up: what is red now stays red, in milliseconds. */
const settledMs = 60_000;

/** Pure: which stages are looked at, and which of them are built. */
export function planOf({ through, from }: Pick<UpOptions, "through" | "from">, all: readonly Stage[] = stages): { stage: Stage; build: boolean }[] {
  const last = through === undefined ? all.length - 1 : indexOf(through, all);
  const first = from === undefined ? 0 : indexOf(from, all);
  if (first > last) throw new UserError(`--from ${from ?? ""} comes after --through ${through ?? ""}.`, { exitCode: ExitCode.usage, fix: `The order is ${all.map(({ name }) => name).join(", ")}.` });
  return all.slice(0, last + 1).map((stage, index) => ({ stage, build: index >= first }));
}

export function indexOf(name: string, all: readonly Stage[]): number {
  const index = all.findIndex((stage) => stage.name === name);
  if (index < 0) throw new UserError(`There is no stage "${name}".`, { exitCode: ExitCode.usage, fix: `Stages: ${all.map((stage) => stage.name).join(", ")}.` });
  return index;
}
