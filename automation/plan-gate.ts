import type { GateResult, PlannedResource } from "../gates/gate.ts";
import { declared } from "../gates/policies.ts";
import type { Stage } from "../stacks/stage.ts";
import { redGates, runGates } from "./gates.ts";
import { planContext, type Session } from "./session.ts";

/** The gates that look at what a stage declares, before anything of it is made. Returns the red ones. */
export async function provePlan(stage: Stage, session: Session, planned: readonly PlannedResource[]): Promise<readonly GateResult[]> {
  // Stages that declare nothing the policies speak of are passed over: their silence would only be noise.
  if (!planned.some(({ type }) => type.startsWith("aws:"))) return [];
  return redGates(await runGates(session, [declared], { exercise: false, brief: true, stage: stage.name, context: planContext(session, planned) }));
}
