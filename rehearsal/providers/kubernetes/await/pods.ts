/** Pods, and Jobs, which run them to an end. */
import type { Properties } from "../../values.ts";
import { at, numberAt, recordsAt, textAt } from "../objects.ts";
import { conditionOf, conditionText, failed, type Judgement, ready, waiting } from "./judgement.ts";

/** Scheduled, initialised and ready, or ended well. */
export function judgePod(object: Properties): Judgement {
  const phase = textAt(object, "status", "phase");
  if (phase === "Succeeded") return ready;
  if (phase === "Failed") return failed(["it has failed", ...ended(object)].join(": "));
  for (const type of ["PodScheduled", "Initialized", "Ready"]) {
    const condition = conditionOf(object, type);
    if (condition?.status !== "True") return waiting([conditionText(type, condition), ...troubles(object)].join("; "));
  }
  return ready;
}

/** Why a pod failed, as it says itself, or its containers. */
function ended(object: Properties): string[] {
  const own = [textAt(object, "status", "reason"), textAt(object, "status", "message")].filter((part) => part !== undefined);
  return own.length > 0 ? own : troubles(object);
}

/** What holds a pod's containers up: `container web: ImagePullBackOff: …`. */
export function troubles(pod: Properties): string[] {
  const statuses = [...recordsAt(pod, "status", "initContainerStatuses"), ...recordsAt(pod, "status", "containerStatuses")];
  return statuses.filter((status) => at(status, "ready") !== true).flatMap((status) => {
    const reasons = ["state", "lastState"].flatMap((state) => {
      const stopped = at(status, state, "waiting") ?? at(status, state, "terminated");
      const reason = textAt(stopped, "reason");
      // Being made is no trouble.
      if (reason === undefined || ["ContainerCreating", "PodInitializing", "Completed"].includes(reason)) return [];
      const exit = numberAt(stopped, "exitCode");
      return [[reason, ...(exit === undefined ? [] : [`exit code ${exit}`]), textAt(stopped, "message") ?? ""].filter((part) => part !== "").join(": ")];
    });
    return reasons.length === 0 ? [] : [`container ${textAt(status, "name") ?? "?"}: ${reasons.join(", before that ")}`];
  });
}

export function judgeJob(object: Properties): Judgement {
  const end = conditionOf(object, "Failed");
  if (end?.status === "True") return failed(conditionText("Failed", end));
  if (conditionOf(object, "Complete")?.status === "True") return ready;
  if (at(object, "spec", "suspend") === true) return waiting("it is suspended");
  if (textAt(object, "status", "startTime") === undefined) return waiting("it has not started");
  const [active = 0, succeeded = 0, unsuccessful = 0] = ["active", "succeeded", "failed"].map((key) => numberAt(object, "status", key));
  return waiting(`${active} pods run, ${succeeded} have succeeded, ${unsuccessful} have failed`);
}
