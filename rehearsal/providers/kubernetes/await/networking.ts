import type { Properties } from "../../values.ts";
import { at, recordsAt, textAt } from "../objects.ts";
import { type Judgement, ready, waiting } from "./judgement.ts";

/**
 * A Service has an address, if it is to have one from outside, and none of its pods is still on the way. As the official
 * provider has it, no pods at all are fine; it waits ten seconds more for stragglers, which the stand-in does not.
 * @param slices the Service's EndpointSlices
 */
export function judgeService(object: Properties, slices: readonly Properties[]): Judgement {
  const type = textAt(object, "spec", "type") ?? "ClusterIP";
  if (hasPods(object)) {
    if (slices.length === 0) return waiting("its pods are not looked up yet");
    const pending = slices.flatMap((slice) => recordsAt(slice, "endpoints")).filter((endpoint) => at(endpoint, "conditions", "ready") === false);
    if (pending.length > 0) return waiting(`${pending.length} of its pods are not ready`);
  }
  if (type !== "LoadBalancer" || recordsAt(object, "status", "loadBalancer", "ingress").length > 0) return ready;
  return waiting("it was given no address: is there a load balancer for it?");
}

/** Whether somebody looks up pods for it. */
export function hasPods(object: Properties): boolean {
  const selector = at(object, "spec", "selector");
  const isNowhere = textAt(object, "spec", "type") === "ExternalName" || textAt(object, "spec", "clusterIP") === "None";
  return !isNowhere && typeof selector === "object" && selector !== null && Object.keys(selector).length > 0;
}

export function judgeIngress(object: Properties): Judgement {
  return recordsAt(object, "status", "loadBalancer", "ingress").length > 0 ? ready : waiting("it was given no address: is there an ingress controller for it?");
}
