import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import { type Attempt, poll } from "../../../common/poll.ts";
import type { Kind } from "../kinds.ts";
import { type Aws, AwsError, isGone } from "./clients.ts";

/** How often a group is looked at while its instances come or go. */
const INTERVAL_MS = 100;
/** What the official provider gives a group to lose its instances and to go. */
const DELETE_MS = 10 * 60_000;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration as Go writes it: `10m`, `1h30m`, `0`. */
export const duration: Kind = {
  name: "string",
  equal: (a, b) => milliseconds(String(a)) === milliseconds(String(b)),
  problem: (value) => (typeof value === "string" && milliseconds(value) !== undefined ? undefined : "must be a duration such as 10m, or 0"),
};

export function milliseconds(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^(\d+(\.\d+)?(ms|[hms]))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[hms])/g)];
  return parts.reduce((sum, [, amount = "0", unit = ""]) => sum + Number(amount) * (UNITS[unit] ?? 0), 0);
}

export async function describeGroup(aws: Aws, name: string): Promise<AutoScalingGroup | undefined> {
  const { AutoScalingGroups } = await aws.autoscaling.describeAutoScalingGroups({ AutoScalingGroupNames: [name] });
  return AutoScalingGroups?.[0];
}

/**
 * Waits until as many instances are healthy and in service as the group is to have: at least that many after a create,
 * exactly that many after a change of size.
 * @param timeout as the program gives it; `0` does not wait
 */
export async function waitForCapacity(aws: Aws, name: string, options: { timeout: string; exactly: boolean }): Promise<void> {
  const timeoutMs = milliseconds(options.timeout) ?? 0;
  if (timeoutMs === 0) return;
  await poll(async (): Promise<Attempt<void>> => {
    const group = await describeGroup(aws, name);
    const wanted = Math.max(group?.DesiredCapacity ?? 0, group?.MinSize ?? 0);
    const healthy = (group?.Instances ?? []).filter((instance) => instance.LifecycleState === "InService" && instance.HealthStatus === "Healthy").length;
    if (options.exactly ? healthy === wanted : healthy >= wanted) return { done: true, value: undefined };
    return { done: false, reason: `Auto Scaling group ${name} has ${String(healthy)} healthy instances, and is to have ${String(wanted)}` };
  }, { timeoutMs, intervalMs: INTERVAL_MS });
}

/** Takes all instances away and waits until the last one is gone: a group that has any cannot be deleted. */
export async function drain(aws: Aws, name: string): Promise<void> {
  await aws.autoscaling.updateAutoScalingGroup({ AutoScalingGroupName: name, MinSize: 0, MaxSize: 0, DesiredCapacity: 0 });
  await poll(async (): Promise<Attempt<void>> => {
    const left = (await describeGroup(aws, name))?.Instances?.length ?? 0;
    return left === 0 ? { done: true, value: undefined } : { done: false, reason: `Auto Scaling group ${name} still has ${String(left)} instances` };
  }, { timeoutMs: DELETE_MS, intervalMs: INTERVAL_MS });
}

/** Deletes a group and waits until AWS does not list it any more: until then its instances may hold on to interfaces. */
export async function removeGroup(aws: Aws, name: string, ForceDelete: boolean): Promise<void> {
  await poll(async (): Promise<Attempt<void>> => {
    try {
      await aws.autoscaling.deleteAutoScalingGroup({ AutoScalingGroupName: name, ForceDelete });
    } catch (error) {
      if (isGone(error)) return { done: true, value: undefined };
      // What the group is doing comes to an end.
      if (error instanceof AwsError && /ResourceInUse|ScalingActivityInProgress/.test(error.code)) return { done: false, reason: error.message };
      throw error;
    }
    return { done: true, value: undefined };
  }, { timeoutMs: DELETE_MS, intervalMs: INTERVAL_MS });
  await poll(async (): Promise<Attempt<void>> => {
    const live = await describeGroup(aws, name);
    return live ? { done: false, reason: `Auto Scaling group ${name} is still there: ${live.Status ?? "no status"}` } : { done: true, value: undefined };
  }, { timeoutMs: DELETE_MS, intervalMs: INTERVAL_MS });
}
