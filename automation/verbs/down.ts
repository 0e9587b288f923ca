import { ExitCode, UserError } from "../../common/errors.ts";
import { stackName, stages } from "../../stacks/registry.ts";
import type { Stage } from "../../stacks/stage.ts";
import { removeClusterFiles } from "../cluster-files.ts";
import { confirm } from "../confirm.ts";
import { forgetExports, recoverStage } from "../recovery/recover-stage.ts";
import { takeBack } from "../recovery/take-back.ts";
import { existingStacks } from "../recovery/stacks.ts";
import { endForward } from "../forward/forward.ts";
import { holdEnvironment } from "../run-lock.ts";
import { summarizeChanges } from "../describe.ts";
import { StageStack, type EngineSettings } from "../engine.ts";
import { engineSettings } from "../engine-settings.ts";
import { confirmAccount, startWorld } from "../preflight.ts";
import type { Session } from "../session.ts";
import { findStage, withProgress } from "../stage-run.ts";
import { removeSshFiles } from "../ssh-files.ts";
import { describeLeftover, listLeftovers } from "../sweep.ts";
import { indexOf } from "./up.ts";

export interface DownOptions {
  /** The stage to stop at: it and all before it stay. */
  readonly to?: string;
  readonly yes: boolean;
  /** Leaves the local world running after a full teardown. */
  readonly keepWorld: boolean;
}

/** Takes the environment down, last stage first, and proves by a second source that nothing is left. */
export async function down(session: Session, options: DownOptions): Promise<ExitCode> {
  const kept = options.to === undefined ? 0 : indexOf(options.to, stages) + 1;
  const { console, journal, environment, world, signal } = session;
  if (kept > 0 && (await world.state()) !== "running") {
    console.result(`Nothing of ${environment.name} is up: ${world.description} is not running.`);
    return ExitCode.done;
  }
  await confirm(`Take down ${environment.name} at ${world.description}?`, options.yes, signal);
  return holdEnvironment(session, "down", () => journal.around(
    { kind: "run", verb: "down" },
    async () => {
      console.say("start", `down ${environment.name}`);
      await startWorld(session);
      await confirmAccount(session);
      const failure = await destroyStages(session, await engineSettings(session), kept);
      const left = kept > 0 && failure === undefined ? [] : await console.during("the sweep for leftovers", () => listLeftovers(world.sources, environment)).catch((error: unknown) => {
        // What ended the stages ends the sweep, too: it is the one to be told.
        if (failure === undefined) throw error;
        return [];
      });
      if (failure !== undefined || left.length > 0) {
        const list = left.map((leftover) => `  ${describeLeftover(leftover)}`).join("\n");
        throw new UserError([failure?.message, left.length > 0 ? `Still there:\n${list}` : undefined].filter(Boolean).join("\n"), {
          fix: failure?.fix ?? `Remove by hand what the stacks do not know, then run \`npm run down -- ${environment.name}\` again: it goes on from here.`,
        });
      }
      // The keys open nothing any more once the bastion is gone, and the way to the nodes leads nowhere.
      if (stages.slice(kept).some(({ name }) => name === "bastion")) {
        removeSshFiles(session);
        removeClusterFiles(session);
        await endForward(session);
      }
      if (kept === 0 && !options.keepWorld) await world.stop();
      console.result(
        kept > 0
          ? `${environment.name} is down to stage ${options.to ?? ""}.`
          : `${environment.name} is down; ${world.description} lists nothing of it.${options.keepWorld ? " The world was left running." : ""}`,
      );
      return ExitCode.done;
    },
    () => ({ status: "green" }),
  ));
}

/** Destroys from the last stage to the first that goes. A stage that fails ends it: what carries it must not go before it. */
async function destroyStages(session: Session, settings: EngineSettings, kept: number): Promise<UserError | undefined> {
  const { console, journal } = session;
  const going = stages.slice(kept).reverse();
  for (const stage of going) {
    const { incomplete } = await recoverStage(stage, session, settings);
    if (incomplete && (await findStage(stage, session, settings)) !== undefined) await takeBackIfPossible(stage, session, settings);
  }
  if (kept === 0) await destroyUnknown(session, settings);
  for (const stage of going) {
    const stack = await findStage(stage, session, settings);
    if (stack === undefined) {
      console.say("good", `stage ${stage.name}: nothing was built`);
      continue;
    }
    try {
      await journal.around(
        { kind: "stage", stage: stage.name },
        () =>
          console.during(`taking down stage ${stage.name}`, async () => {
            const { changes } = await withProgress(stage, console, (onResource) => stack.destroy(onResource));
            await stack.remove();
            forgetExports(stage, session);
            return summarizeChanges(changes);
          }),
        (evidence) => ({ status: "green", evidence }),
      );
      console.say("good", `stage ${stage.name} is gone`);
    } catch (error) {
      if (error instanceof UserError && error.exitCode === ExitCode.failed) return error;
      throw error;
    }
  }
  return undefined;
}

/** What cannot be looked up now does not keep the rest from going: the sweep lists whatever stays. */
async function takeBackIfPossible(stage: Stage, session: Session, settings: EngineSettings): Promise<void> {
  try {
    await takeBack(stage, session, settings);
  } catch (error) {
    if (!(error instanceof UserError) || error.exitCode !== ExitCode.failed) throw error;
    session.console.say("warn", `stage ${stage.name}: whether there is more than its state knows cannot be told: ${error.message}`);
  }
}

/** Stages of another version of the project stand on the ones that this version knows, so they go first; the engine needs no program for it. */
async function destroyUnknown(session: Session, settings: EngineSettings): Promise<void> {
  const { console, environment } = session;
  const known = stages.map(({ name }) => stackName(environment.name, name));
  const unknown = (await existingStacks(settings)).filter((stack) => stack.startsWith(`${environment.name}-`) && !known.includes(stack));
  for (const name of unknown) {
    console.say("warn", `the stack ${name} is of another version of this project: it is taken down first`);
    const stack = await StageStack.find(name, () => Promise.resolve(), settings);
    await console.during(`taking down ${name}`, async () => stack?.destroy(() => undefined));
    await stack?.remove();
  }
}
