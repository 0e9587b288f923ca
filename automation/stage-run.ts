import { stackName } from "../stacks/registry.ts";
import type { Stage } from "../stacks/stage.ts";
import { stageProgram } from "../stacks/suppliers.ts";
import type { Console } from "./console.ts";
import { describeChange } from "./describe.ts";
import { StageStack, type EngineSettings } from "./engine.ts";
import type { ResourceEvent } from "./engine-events.ts";
import type { Session } from "./session.ts";

/** Opens a stage's stack, made where missing. */
export function openStage(stage: Stage, { environment }: Session, settings: EngineSettings): Promise<StageStack> {
  return StageStack.open(stackName(environment.name, stage.name), stageProgram(stage, environment), settings);
}

/** Opens a stage's stack where it exists. */
export function findStage(stage: Stage, { environment }: Session, settings: EngineSettings): Promise<StageStack | undefined> {
  return StageStack.find(stackName(environment.name, stage.name), stageProgram(stage, environment), settings);
}

/** Lets the engine work on a stage, shows each resource when it is done with it, and names the calls in flight while one waits. */
export function withProgress<Result>(stage: Stage, console: Console, work: (onResource: (event: ResourceEvent) => void) => Promise<Result>): Promise<Result> {
  const inFlight = new Map<string, string>();
  const onResource = ({ kind, change }: ResourceEvent): void => {
    // Components only hold others together: nothing is called for them.
    if (kind === "doing" && !change.type.startsWith("moonback:")) inFlight.set(change.urn, `${change.op} of ${change.type} ${change.name}`);
    if (kind !== "doing") inFlight.delete(change.urn);
    if (kind === "done") console.say("change", `${stage.name}: ${describeChange(change)}`);
    if (kind === "failed") console.say("bad", `${stage.name}: ${describeChange(change)} failed`);
  };
  return console.during(() => [`stage ${stage.name}`, ...inFlight.values()].join(", "), () => work(onResource));
}
