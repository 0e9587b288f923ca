import { ExitCode, UserError, errorMessage } from "../common/errors.ts";
import { stages } from "../stacks/registry.ts";
import type { Stage } from "../stacks/stage.ts";
import { summarizeChanges } from "./describe.ts";
import type { EngineSettings, Operation, StageStack } from "./engine.ts";
import type { Change } from "./engine-events.ts";
import { startGroup, stopGroup } from "./groups.ts";
import { provePlan } from "./plan-gate.ts";
import { nodeOperator } from "./node-operator.ts";
import { setPublicAddress } from "./public-address.ts";
import type { Session } from "./session.ts";
import { keepGoodState, markUncertain, recoverStage } from "./recovery/recover-stage.ts";
import { takeBack, type Planned } from "./recovery/take-back.ts";
import { findStage, openStage, withProgress } from "./stage-run.ts";
import { refuseOutsideWindow } from "./window.ts";

/** What became of a stage; refused is one that declares what is not allowed, and nothing of it was made. */
type Outcome = "built" | "unchanged" | "refused";

/** Builds one stage, judged before anything of it is made, and starts its machines. */
export async function buildStage(stage: Stage, session: Session, settings: EngineSettings): Promise<Outcome> {
  const { console, journal } = session;
  console.say("start", `stage ${stage.name}`);
  const own = stage.operatesNodes === true ? await nodeOperator(session, settings) : settings;
  const { outcome } = await journal.around(
    { kind: "stage", stage: stage.name },
    () => console.during(`stage ${stage.name}`, () => build(stage, session, own)),
    ({ outcome: became, changes }) => (became === "refused" ? { status: "red" } : { status: "green", evidence: became === "unchanged" ? became : `done: ${summarizeChanges(changes)}` }),
  );
  if (outcome === "refused") {
    console.say("bad", `stage ${stage.name} declares what is not allowed; nothing of it was made`);
    console.say("wait", "next: mend what the gate names in the stage's program, then run the same command again");
  } else console.say("good", `stage ${stage.name} is built`);
  return outcome;
}

async function build(stage: Stage, session: Session, settings: EngineSettings): Promise<{ readonly outcome: Outcome; readonly changes: readonly Change[] }> {
  const { console } = session;
  const { mended, incomplete } = await recoverStage(stage, session, settings);
  const { stack, plan, taken } = incomplete ? await takeBack(stage, session, settings) : await planStage(stage, session, settings);
  console.say("wait", `${stage.name}: ${summarizeChanges(plan.changes)}`);
  await refuseUndermining(stage, plan, session, settings);
  const red = await provePlan(stage, session, plan.planned);
  if (red.length > 0) return { outcome: "refused", changes: [] };
  await freeInterfaces(stage, plan, session);
  const { changes } = plan.changes.length === 0 ? plan : await make(stage, stack, session);
  if (changes.length > 0 || mended.length + taken.length > 0) await keepGoodState(stage, session, settings);
  await startMachines(stage, session);
  return { outcome: changes.length === 0 ? "unchanged" : "built", changes };
}

async function planStage(stage: Stage, session: Session, settings: EngineSettings): Promise<Planned> {
  const stack = await openStage(stage, session, settings);
  return { stack, plan: await stack.preview(), taken: [] };
}

/** Makes what is planned. Where that breaks off, the next run looks up what was made and not recorded. */
async function make(stage: Stage, stack: StageStack, session: Session): Promise<Operation> {
  try {
    return await withProgress(stage, session.console, (onResource) => stack.update(onResource));
  } catch (error) {
    try {
      markUncertain(stage, session);
    } catch (unwritten) {
      session.console.say("warn", `that the next run has to look up what was made could not be written down: ${errorMessage(unwritten)}`);
    }
    throw error;
  }
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
async function startMachines({ groups, publicAddress, outdated = "replace" }: Stage, session: Session): Promise<void> {
  const { environment, world, console, signal } = session;
  const names = groups?.(environment) ?? [];
  if (names.length === 0) return;
  refuseOutsideWindow(session);
  await world.prepareMachines({ progress: (line) => console.say("wait", line), signal });
  if (publicAddress !== undefined) await setPublicAddress(publicAddress(environment), session);
  await Promise.all(names.map((name) => startGroup(name, session, outdated)));
}
