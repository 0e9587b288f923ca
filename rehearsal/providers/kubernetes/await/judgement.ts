import type { Properties } from "../../values.ts";
import { numberAt, recordsAt, textAt } from "../objects.ts";

/** What an object says of itself: it is as wanted, not yet, or never will be. */
export type Judgement =
  | { readonly is: "ready" }
  | { readonly is: "waiting"; readonly reason: string }
  | { readonly is: "failed"; readonly reason: string };

export const ready: Judgement = { is: "ready" };
export const waiting = (reason: string): Judgement => ({ is: "waiting", reason });
export const failed = (reason: string): Judgement => ({ is: "failed", reason });

/** One of an object's conditions. */
export interface Condition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number | undefined;
}

/** The condition of a type; how the type is written does not matter. */
export function conditionOf(object: Properties, type: string): Condition | undefined {
  const found = recordsAt(object, "status", "conditions").find((each) => textAt(each, "type")?.toLowerCase() === type.toLowerCase());
  if (found === undefined) return undefined;
  return {
    status: textAt(found, "status") ?? "", reason: textAt(found, "reason") ?? "", message: textAt(found, "message") ?? "",
    observedGeneration: numberAt(found, "observedGeneration"),
  };
}

/** `Available is False: MinimumReplicasUnavailable: Deployment does not have minimum availability.` */
export function conditionText(type: string, condition: Condition | undefined): string {
  if (condition === undefined) return `there is no condition ${type} yet`;
  return [`${type} is ${condition.status}`, condition.reason, condition.message].filter((part) => part !== "").join(": ");
}

/** Whether the status is still that of an earlier version of the object. */
export function isStale(object: Properties): boolean {
  const [generation, observed] = [numberAt(object, "metadata", "generation"), numberAt(object, "status", "observedGeneration")];
  return generation !== undefined && (observed === undefined || observed < generation);
}

/** The controller has not looked at the object as it is now. */
export const unseen = waiting("its controller has not seen its latest version");
