import { randomUUID } from "node:crypto";
import { UserError } from "../../common/errors.ts";
import type { Stage } from "../../stacks/stage.ts";
import { stackName } from "../../stacks/registry.ts";
import type { EngineSettings } from "../engine.ts";
import type { DeclaredResource } from "../engine-events.ts";
import type { Session } from "../session.ts";
import { openStage } from "../stage-run.ts";
import { resourcesOf, withResource, withResources, type Deployment, type RecordedResource } from "./deployment.ts";
import { Exports } from "./exports.ts";
import { readState, writeState } from "./state.ts";

/** An object that exists in AWS, and the resource that it shall be. */
export interface Found {
  /** The resource's type and name, as the stage's program declares it. */
  readonly type: string;
  readonly name: string;
  /** The id that it is imported by. */
  readonly id: string;
}

/**
 * Records objects that exist as resources of a stage, in place of making new ones. Nothing in AWS is touched. The state as it was is kept.
 * @returns what the stage would change of them from now on
 * @throws UserError where one cannot become what is declared without being replaced; then nothing is recorded
 */
export async function takeIn(stage: Stage, objects: readonly Found[], session: Session, settings: EngineSettings): Promise<readonly string[]> {
  const { environment, directories, clock } = session;
  const name = stackName(environment.name, stage.name);
  const stack = await openStage(stage, session, settings);
  const { planned } = await stack.preview();
  const wanted = objects.map((object) => ({ object, declared: declarationOf(object, planned, stage) }));
  const before = await wholeState(name, settings);
  const exports = new Exports(directories.exports, name);
  exports.keep(JSON.stringify(before), "before-recovery", clock.now());
  const placed = withPlaces(before, wanted.map(({ declared }) => declared), planned);
  const after = wanted.reduce((deployment, { object, declared }) => withResource(deployment, recordOf(declared, planned, deployment), object.id), placed);
  // Whoever is killed before it is known whether they can stay has the next run take them out again.
  exports.keepUndo(JSON.stringify(before));
  await writeState(name, after, exports.folder, settings);
  const { changes } = await stack.preview();
  const ours = changes.filter(({ urn }) => wanted.some(({ declared }) => declared.urn === urn));
  const replaced = ours.filter(({ op }) => op === "replace" || op === "delete");
  if (replaced.length > 0) await writeState(name, before, exports.folder, settings);
  exports.forgetUndo();
  if (replaced.length === 0) return ours.flatMap(({ properties }) => properties);
  throw new UserError(`${replaced.map((change) => `${change.name} differs in ${change.properties.join(", ")}`).join("; ")}: that cannot be changed, so it would be replaced.`, {
    fix: `Make it or Pulumi.${environment.name}.yaml fit, or remove it, or give it another name. Nothing was changed.`,
  });
}

function declarationOf({ type, name }: Found, planned: readonly DeclaredResource[], stage: Stage): DeclaredResource {
  const declared = planned.find((one) => one.type === type && one.name === name);
  if (declared === undefined) throw new Error(`stage ${stage.name} declares no ${type} ${name}`);
  return declared;
}

/** The state with what they belong to in it: such things are in state only, and the engine finds them there as if it had made them. */
function withPlaces(state: Deployment, wanted: readonly DeclaredResource[], planned: readonly DeclaredResource[]): Deployment {
  const needed = new Set(wanted.flatMap((declared) => placesOf(declared, planned)));
  const known = new Set(resourcesOf(state).map(({ urn }) => urn));
  // The engine plans a resource after all that it needs.
  const missing = planned.filter(({ urn }) => needed.has(urn) && !known.has(urn));
  return withResources(state, [
    ...resourcesOf(state),
    ...missing.map(({ urn, type, parent, component, marked }) => ({
      urn,
      type,
      custom: !component,
      ...(parent === undefined ? {} : { parent }),
      ...(component ? {} : { id: randomUUID(), inputs: marked, outputs: marked }),
    })),
  ]);
}

/** The URNs of its provider and of everything that it is in, the stack among them. */
function placesOf(declared: DeclaredResource, planned: readonly DeclaredResource[]): string[] {
  const parent = planned.find(({ urn }) => urn === declared.parent);
  return [...(declared.provider === undefined ? [] : [declared.provider]), ...(parent === undefined ? [] : [parent.urn, ...placesOf(parent, planned)])];
}

function recordOf(declared: DeclaredResource, planned: readonly DeclaredResource[], deployment: Deployment): RecordedResource {
  const { urn, type, parent, provider } = declared;
  const known = new Set(resourcesOf(deployment).map((one) => one.urn));
  // A plan does not tell what a resource needs, but all of that comes before it there. Who deletes it next must not begin with that.
  const dependencies = planned.slice(0, planned.indexOf(declared)).flatMap((one) => (!one.component && known.has(one.urn) ? [one.urn] : []));
  const maker = resourcesOf(deployment).find((one) => one.urn === provider);
  if (provider !== undefined && maker?.id === undefined) throw new Error(`${urn} has no provider in state`);
  return { urn, type, custom: true, inputs: {}, dependencies, ...(parent === undefined ? {} : { parent }), ...(maker === undefined ? {} : { provider: `${maker.urn}::${maker.id ?? ""}` }) };
}

async function wholeState(stack: string, settings: EngineSettings): Promise<Deployment> {
  const state = await readState(stack, settings);
  if (state.kind !== "whole") throw new UserError(`The state of ${stack} is not there or damaged.`, { fix: "Run `npm run up` once: it mends what is damaged." });
  return state.deployment;
}
