import { ExitCode, UserError } from "../../common/errors.ts";
import { poll, PollTimeout, type Attempt } from "../../common/poll.ts";
import { stackName } from "../../stacks/registry.ts";
import type { Stage } from "../../stacks/stage.ts";
import type { EngineSettings } from "../engine.ts";
import type { Session } from "../session.ts";
import { knownIds, pendingOf, resourcesOf, withoutPending, withResource, type Deployment, type PendingOperation } from "./deployment.ts";
import { Exports } from "./exports.ts";
import { findLost, onlyOne } from "./lost.ts";
import { earlierState, lastGoodState } from "./restore.ts";
import { readState, removeBlank, writeState, type State } from "./state.ts";

/** What became of the state that a killed run left. */
export interface Recovery {
  /** What was recorded or forgotten, in words; empty where nothing was to be done. */
  readonly mended: readonly string[];
  /** The state is new, empty, or an earlier one: what it lacks may be there. */
  readonly incomplete: boolean;
}

/**
 * Makes a stage's state tell the truth again before anything is built on it: a state that is damaged is restored from the last
 * good one, and what a killed run had begun to create is looked up where it would be, and recorded or forgotten. The state as it
 * was found is kept. Does nothing where nothing is wrong.
 * @throws UserError where two objects claim to be the same resource: which one is to stay is a person's choice
 */
export async function recoverStage(stage: Stage, session: Session, settings: EngineSettings): Promise<Recovery> {
  const stack = stackName(session.environment.name, stage.name);
  const exports = new Exports(session.directories.exports, stack);
  await takeBackOut(stage, exports, session, settings);
  const state = await readState(stack, settings);
  const restoring = { stack, exports, session };
  const blank = state.kind === "blank" && earlierState(restoring) === undefined;
  // The engine makes it anew with all that belongs to it.
  if (blank) await removeBlank(stack, settings);
  if (blank || state.kind === "none") return { mended: [], incomplete: true };
  const restored = state.kind !== "whole";
  const found = restored ? lastGoodState(restoring, state.kind === "damaged" ? state.problem : "there is nothing in it") : state.deployment;
  const pending = pendingOf(found);
  const mended: string[] = [];
  let deployment = withoutPending(found);
  if (pending.length > 0) sayPending(stage, pending, exports.keep(JSON.stringify(found), "before-recovery", session.clock.now()), session);
  for (const operation of pending) {
    const { resource } = operation;
    const id = operation.type === "creating" ? await session.console.during(`what became of ${nameOf(operation)}`, () => lookUp(operation, found, session)) : undefined;
    if (id !== undefined) deployment = withResource(deployment, resource, id);
    const words = describe(operation, id);
    mended.push(words);
    session.console.say(id === undefined ? "wait" : "good", `stage ${stage.name}: ${words}`);
  }
  if (restored) exports.markIncomplete();
  // Once, and last: writing drops what is pending, so that whoever is killed before it looks again.
  if (restored || pending.length > 0) {
    await refuseChanged(state, stack, settings);
    await writeState(stack, deployment, exports.folder, settings);
  }
  return { mended, incomplete: exports.incomplete || resourcesOf(deployment).length === 0 };
}

/** Takes out of the state again what a run had put there and was killed before it knew whether it can stay. */
async function takeBackOut(stage: Stage, exports: Exports, { environment, console }: Session, settings: EngineSettings): Promise<void> {
  const { undo } = exports;
  if (undo === undefined) return;
  await writeState(stackName(environment.name, stage.name), undo, exports.folder, settings);
  exports.forgetUndo();
  console.say("warn", `stage ${stage.name}: a run was killed before it knew whether what it had just recorded can stay: taken out of the state again`);
}

/** What is pending may be another machine's, which is at it: nothing tells that but that the state goes on. */
async function refuseChanged(before: State, stack: string, settings: EngineSettings): Promise<void> {
  const now = await readState(stack, settings);
  if (now.kind === "whole" ? before.kind === "whole" && now.text === before.text : now.kind === before.kind) return;
  throw new UserError(`The state of ${stack} has changed while it was being recovered: another run is at it, and nothing was written.`, {
    exitCode: ExitCode.locked,
    fix: "Wait for that run to end, then try again.",
  });
}

function sayPending(stage: Stage, pending: readonly PendingOperation[], file: string, { console }: Session): void {
  const what = pending.length === 1 ? "one operation" : `${pending.length} operations`;
  console.say("warn", `stage ${stage.name}: a run that was killed had begun ${what} and not recorded how it ended; the state as found is kept in ${file}`);
}

/** Keeps the state after an operation that ended well. */
export async function keepGoodState(stage: Stage, session: Session, settings: EngineSettings): Promise<void> {
  const stack = stackName(session.environment.name, stage.name);
  const state = await readState(stack, settings);
  if (state.kind === "whole") new Exports(session.directories.exports, stack).keep(state.text, "good", session.clock.now());
}

/**
 * An update that broke off may have made what nobody recorded: a plugin that died, or a connection that broke, has not said what
 * came of a call, and the engine takes that for a failure. The next run looks up what is there.
 */
export function markUncertain(stage: Stage, { directories, environment }: Session): void {
  new Exports(directories.exports, stackName(environment.name, stage.name)).markIncomplete();
}

/** Forgets what was kept of a stage that was taken down. */
export function forgetExports(stage: Stage, { directories, environment }: Session): void {
  new Exports(directories.exports, stackName(environment.name, stage.name)).clear();
}

/** The one object that the create left behind, by the id it is imported by; nothing where AWS never took the create. */
async function lookUp({ resource }: PendingOperation, deployment: Deployment, { world, environment, signal, clock }: Session): Promise<string | undefined> {
  const known = knownIds(deployment, resource.type);
  const look = async (): Promise<Attempt<readonly string[]>> => {
    const found = await findLost({ urn: resource.urn, type: resource.type, inputs: resource.inputs ?? {} }, { sources: world.sources, environment, signal });
    const unknown = found.filter((id) => !known.has(id));
    return unknown.length > 0 ? { done: true, value: unknown } : { done: false, reason: "nothing was found" };
  };
  // AWS lists what it has accepted some seconds later.
  const ids = await poll(look, { timeoutMs: world.settleMs, intervalMs: 1_000, clock, signal }).catch((error: unknown) => {
    if (error instanceof PollTimeout) return [];
    throw error;
  });
  return onlyOne(ids, resource, environment);
}

function describe(operation: PendingOperation, id: string | undefined): string {
  const name = nameOf(operation);
  if (operation.type !== "creating") return `${name} was ${operation.type}: what it is now is looked at afresh`;
  return id === undefined ? `${name} was not made: forgotten` : `${name} was made as ${id}: recorded`;
}

function nameOf({ resource }: Pick<PendingOperation, "resource">): string {
  return resource.urn.split("::").at(-1) ?? resource.urn;
}
