/** Deployments, StatefulSets and DaemonSets: rolled out when the latest version runs in all its copies. */
import type { Properties } from "../../values.ts";
import { numberAt, textAt } from "../objects.ts";
import { conditionOf, conditionText, failed, isStale, type Judgement, ready, unseen, waiting } from "./judgement.ts";

/** As `kubectl rollout status` judges (kubernetes/kubectl v0.34, `polymorphichelpers/rollout_status.go`), and Available as the official provider wants it. */
export function judgeDeployment(object: Properties): Judgement {
  if (isStale(object)) return unseen;
  const progressing = conditionOf(object, "Progressing");
  if (progressing?.reason === "ProgressDeadlineExceeded") return failed(conditionText("Progressing", progressing));
  const wanted = replicasOf(object);
  const broken = conditionOf(object, "ReplicaFailure");
  const why = broken?.status === "True" ? `; ${conditionText("ReplicaFailure", broken)}` : "";
  const updated = count(object, "updatedReplicas");
  if (updated < wanted) return waiting(`${updated} of ${wanted} new pods are made${why}`);
  const old = count(object, "replicas") - updated;
  if (old > 0) return waiting(`${old} old pods are still to end`);
  const available = count(object, "availableReplicas");
  if (available < updated) return waiting(`${available} of ${updated} pods are available${why}`);
  const condition = conditionOf(object, "Available");
  return condition?.status === "True" ? ready : waiting(conditionText("Available", condition));
}

export function judgeStatefulSet(object: Properties): Judgement {
  if (isStale(object)) return unseen;
  const wanted = replicasOf(object);
  const [replicas, readyOnes] = [count(object, "replicas"), count(object, "readyReplicas")];
  if (replicas > wanted) return waiting(`${replicas - wanted} pods are still to end`);
  if (readyOnes < wanted) return waiting(`${readyOnes} of ${wanted} pods are ready`);
  // Their owner deletes old pods by hand.
  if (textAt(object, "spec", "updateStrategy", "type") === "OnDelete") return ready;
  const kept = numberAt(object, "spec", "updateStrategy", "rollingUpdate", "partition") ?? 0;
  if (kept > 0) {
    const [updated, partly] = [count(object, "updatedReplicas"), Math.max(wanted - kept, 0)];
    return updated >= partly ? ready : waiting(`${updated} of ${partly} pods are updated`);
  }
  const [current, next] = [textAt(object, "status", "currentRevision"), textAt(object, "status", "updateRevision")];
  return current === next ? ready : waiting(`${count(object, "updatedReplicas")} of ${wanted} pods are updated`);
}

/** As kstatus judges, which the official provider asks (kubernetes-sigs/cli-utils, `pkg/kstatus/status/core.go`). */
export function judgeDaemonSet(object: Properties): Judgement {
  if (isStale(object)) return unseen;
  const wanted = numberAt(object, "status", "desiredNumberScheduled");
  if (wanted === undefined) return waiting("its nodes are not counted yet");
  const stages = [["currentNumberScheduled", "placed"], ["updatedNumberScheduled", "updated"], ["numberAvailable", "available"], ["numberReady", "ready"]] as const;
  const behind = stages.find(([key]) => count(object, key) < wanted);
  return behind === undefined ? ready : waiting(`${count(object, behind[0])} of ${wanted} pods are ${behind[1]}`);
}

export function judgeReplicationController(object: Properties): Judgement {
  if (isStale(object)) return unseen;
  const [wanted, available] = [replicasOf(object), count(object, "availableReplicas")];
  return available >= wanted ? ready : waiting(`${available} of ${wanted} pods are available`);
}

function replicasOf(object: Properties): number {
  return numberAt(object, "spec", "replicas") ?? 1;
}

function count(object: Properties, key: string): number {
  return numberAt(object, "status", key) ?? 0;
}
