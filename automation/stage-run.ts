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

/** Shows each resource when the engine is done with it. */
export function resourceProgress(stage: Stage, console: Console): (event: ResourceEvent) => void {
  return ({ kind, change }) => {
    if (kind === "done") console.say("change", `${stage.name}: ${describeChange(change)}`);
    if (kind === "failed") console.say("bad", `${stage.name}: ${describeChange(change)} failed`);
  };
}
