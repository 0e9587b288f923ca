import { stackName } from "../../stacks/registry.ts";
import type { Stage } from "../../stacks/stage.ts";
import type { EngineSettings, Operation, StageStack } from "../engine.ts";
import type { DeclaredResource } from "../engine-events.ts";
import type { Session } from "../session.ts";
import { openStage } from "../stage-run.ts";
import { Exports } from "./exports.ts";
import { findLost, onlyOne } from "./lost.ts";
import { takeIn, type Found } from "./take-in.ts";

/** A stage's stack with what an update of it would do, and what was recorded before, in words. */
export interface Planned {
  readonly stack: StageStack;
  readonly plan: Operation;
  readonly taken: readonly string[];
}

/**
 * Where a state is new, or an earlier one, what a stage would make may be there already: it is looked up by its tags before
 * anything is made, and recorded. What hangs on it can be looked up only then, so this goes on until nothing more is found.
 * @returns the plan of what is left to be made
 * @throws UserError where two objects claim to be the same resource
 */
export async function takeBack(stage: Stage, session: Session, settings: EngineSettings): Promise<Planned> {
  const exports = new Exports(session.directories.exports, stackName(session.environment.name, stage.name));
  // Whoever is killed before the end looks again: with a part of it recorded, nothing else would tell that the rest is missing.
  exports.markIncomplete();
  const taken: string[] = [];
  for (;;) {
    const stack = await openStage(stage, session, settings);
    const plan = await stack.preview();
    const missing = new Set(plan.changes.filter(({ op }) => op === "create").map(({ urn }) => urn));
    const found = await Promise.all(plan.planned.filter(({ urn }) => missing.has(urn)).map((declared) => lookFor(declared, session)));
    const objects = found.flat();
    if (objects.length === 0) {
      exports.markComplete();
      return { stack, plan, taken };
    }
    await takeIn(stage, objects, session, settings);
    for (const { name, id } of objects) {
      session.console.say("good", `stage ${stage.name}: ${name} is there as ${id}, and was not in the state: recorded`);
      taken.push(`${name} was there as ${id}: recorded`);
    }
  }
}

async function lookFor({ urn, type, name, inputs }: DeclaredResource, { world, environment, signal }: Session): Promise<Found[]> {
  const ids = await findLost({ urn, type, inputs }, { sources: world.sources, environment, signal });
  const id = onlyOne(ids, { urn, type }, environment);
  return id === undefined ? [] : [{ type, name, id }];
}
