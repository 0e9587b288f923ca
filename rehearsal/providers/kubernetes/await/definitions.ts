/** Objects that others need before they can be made, and such whose contents a controller fills in. */
import type { Properties } from "../../values.ts";
import { same } from "../differences.ts";
import { at, textAt } from "../objects.ts";
import { conditionOf, conditionText, failed, type Judgement, ready, waiting } from "./judgement.ts";

/** The official provider does not wait for these two, and tries what needs them again and again instead. */
export function judgeNamespace(object: Properties): Judgement {
  const phase = textAt(object, "status", "phase");
  if (phase === "Active") return ready;
  if (phase === "Terminating") return failed("it is being deleted (Terminating)");
  return waiting("it is not active yet");
}

export function judgeCustomResourceDefinition(object: Properties): Judgement {
  const names = conditionOf(object, "NamesAccepted");
  if (names?.status === "False") return failed(conditionText("NamesAccepted", names));
  const established = conditionOf(object, "Established");
  return established?.status === "True" ? ready : waiting(conditionText("Established", established));
}

export function judgeResourceQuota(object: Properties): Judgement {
  return same(at(object, "spec", "hard"), at(object, "status", "hard")) ? ready : waiting("its limits are not in force yet");
}

/** Of a service account's token: a controller writes it. */
export function judgeTokenSecret(object: Properties): Judgement {
  const data = at(object, "data");
  return typeof data === "object" && data !== null && Object.keys(data).length > 0 ? ready : waiting("its token is not there yet");
}
