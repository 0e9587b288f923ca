import { ExitCode, UserError } from "../../common/errors.ts";
import { sideBySide } from "../../common/side-by-side.ts";
import { stages } from "../../stacks/registry.ts";
import type { Stage } from "../../stacks/stage.ts";
import { confirm } from "../confirm.ts";
import { duration } from "../console.ts";
import { summarizeChanges } from "../describe.ts";
import type { EngineSettings, Operation } from "../engine.ts";
import { engineSettings } from "../engine-settings.ts";
import { redGates, runGates, selectGates } from "../gates.ts";
import { provePlan } from "../plan-gate.ts";
import { confirmAccount, refuseIncomplete, startWorld } from "../preflight.ts";
import { setPublicAddress } from "../public-address.ts";
import type { Session } from "../session.ts";
import { findStage, openStage, resourceProgress } from "../stage-run.ts";
import { refuseForeignGroups, startGroup, stopGroup } from "../start-group.ts";
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
  const start = clock.now();
  return journal.around(
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
      await refuseForeignGroups(plan.flatMap(({ stage, build }) => (build ? (stage.groups?.(environment) ?? []) : [])), session);
      for (const { stage, build } of plan) {
        const built = build ? await buildStage(stage, session, settings) : "unchanged";
        if (built === "refused") return ExitCode.gateRed;
        const red = redGates(await runGates(session, selectGates(stage.gates), { exercise: true, stage: stage.name, ...(built === "unchanged" ? { patienceMs: settledMs } : {}) }));
        if (red.length > 0) {
          console.say("bad", `stage ${stage.name} is not proved: gate ${red.map(({ gate }) => gate.number).join(", ")} is red; later stages were not begun`);
          console.say("wait", `next: mend what the gate names, then \`npm run up -- ${environment.name}\``);
          return ExitCode.gateRed;
        }
      }
      console.result(`${environment.name} is up: ${plan.map(({ stage }) => stage.name).join(", ")}; every gate green, answered by ${world.description}. ${duration(clock.now() - start)}.`);
      return ExitCode.done;
    },
    (code) => ({ status: code === ExitCode.done ? "green" : "red" }),
  );
}

/** What changed nothing was up before, and needs no time to come up: what is red now stays red, in milliseconds. */
const settledMs = 60_000;

/** Builds one stage and starts its machines; refused is what declares something that is not allowed, and nothing of it is made. */
async function buildStage(stage: Stage, session: Session, settings: EngineSettings): Promise<"built" | "unchanged" | "refused"> {
  const { console, journal } = session;
  console.say("start", `stage ${stage.name}`);
  const built = await journal.around(
    { kind: "stage", stage: stage.name },
    () =>
      console.during(`stage ${stage.name}`, async () => {
        const stack = await openStage(stage, session, settings);
        const plan = await stack.preview();
        console.say("wait", `${stage.name}: ${summarizeChanges(plan.changes)}`);
        await refuseUndermining(stage, plan, session, settings);
        const red = await provePlan(stage, session, plan.planned);
        if (red.length > 0) return undefined;
        await freeInterfaces(stage, plan, session);
        const { changes } = plan.changes.length === 0 ? plan : await stack.update(resourceProgress(stage, console));
        await startMachines(stage, session);
        return changes.length === 0 ? "unchanged" : `done: ${summarizeChanges(changes)}`;
      }),
    (evidence) => (evidence === undefined ? { status: "red" } : { status: "green", evidence }),
  );
  if (built === undefined) {
    console.say("bad", `stage ${stage.name} declares what is not allowed; nothing of it was made`);
    console.say("wait", "next: mend what the gate names in the stage's program, then run the same command again");
    return "refused";
  }
  console.say("good", `stage ${stage.name} is built`);
  return built === "unchanged" ? "unchanged" : "built";
}

/** What later stages stand on: AWS replaces it only when they are gone. */
const carriers = ["aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"];

/** Refuses, before anything is changed, to replace what a later stage that is up stands on: the update would break off half way. */
async function refuseUndermining(stage: Stage, { changes }: Operation, session: Session, settings: EngineSettings): Promise<void> {
  const replaced = changes.filter(({ op, type }) => op === "replace" && carriers.includes(type));
  if (replaced.length === 0) return;
  for (const later of stages.slice(stages.indexOf(stage) + 1)) {
    if ((await findStage(later, session, settings)) === undefined) continue;
    const { name } = session.environment;
    throw new UserError(`These settings replace ${replaced.map((change) => change.name).join(" and ")}, and stage ${later.name} stands on that.`, {
      exitCode: ExitCode.usage,
      fix: `\`npm run down -- ${name}\`, then \`npm run up -- ${name}\`; or put the settings back. Nothing was changed.`,
    });
  }
}

/** An interface cannot be taken from under a running machine: where one is replaced, its machine ends first, and starts again after. */
async function freeInterfaces({ groups }: Stage, { changes }: Operation, session: Session): Promise<void> {
  if (!changes.some(({ op, type }) => op === "replace" && type === "aws:ec2/networkInterface:NetworkInterface")) return;
  for (const name of groups?.(session.environment) ?? []) await stopGroup(name, session);
}

/** Starts the machines of a stage: what is declared at size 0 is raised only when all that ends it again is in place. */
async function startMachines({ groups, publicAddress }: Stage, session: Session): Promise<void> {
  const { environment, world, console, signal } = session;
  const names = groups?.(environment) ?? [];
  if (names.length === 0) return;
  refuseOutsideWindow(session);
  await world.prepareMachines({ progress: (line) => console.say("wait", line), signal });
  if (publicAddress !== undefined) await setPublicAddress(publicAddress(environment), session);
  for (const name of names) await startGroup(name, session);
}

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
