import type { Properties } from "../../values.ts";
import { textAt } from "../objects.ts";
import { failed, type Judgement, ready, waiting } from "./judgement.ts";

/** @param bindingMode of its storage class; one that waits for a pod leaves the claim pending until then */
export function judgeClaim(object: Properties, bindingMode: string | undefined): Judgement {
  const phase = textAt(object, "status", "phase");
  if (phase === "Bound") return ready;
  if (phase === "Lost") return failed("its volume is gone (Lost)");
  if (phase === "Pending" && bindingMode === "WaitForFirstConsumer") return ready;
  const storageClass = textAt(object, "spec", "storageClassName");
  return waiting(`it is ${phase ?? "not looked at yet"}, ${storageClass === undefined ? "without a storage class" : `storage class ${storageClass}`}`);
}

export function judgeVolume(object: Properties): Judgement {
  const phase = textAt(object, "status", "phase");
  if (phase === "Available" || phase === "Bound") return ready;
  if (phase === "Failed") return failed(["it has failed", textAt(object, "status", "message") ?? ""].filter((part) => part !== "").join(": "));
  return waiting(`it is ${phase ?? "not looked at yet"}`);
}
