import type { AutoScalingGroup, Instance } from "@aws-sdk/client-auto-scaling";
import { UserError, errorMessage } from "../common/errors.ts";
import { poll, PollTimeout, type Attempt } from "../common/poll.ts";
import type { Outdated } from "../stacks/stage.ts";
import { causeOf, causeOfError } from "./failures.ts";
import type { Session } from "./session.ts";

/** How long AWS may take to bring an instance into service, in milliseconds; it is minutes at worst. */
const startMs = 600_000;

/**
 * Makes a group of one run one instance: raises a group that is at 0, ends what is stopped, and what runs an earlier version of the
 * launch template unless that is to be kept (the group then makes a new one), and waits until it is in service.
 */
export async function startGroup(name: string, session: Session, policy: Outdated): Promise<void> {
  const { console, world, signal, clock } = session;
  const sdk = await import("@aws-sdk/client-auto-scaling");
  const client = await world.sources.autoscaling.client();
  const abort = { abortSignal: signal };
  const group = await findGroup(name, session);
  if ((group.DesiredCapacity ?? 0) < 1) {
    console.say("change", `group ${name}: raised to one instance`);
    await client.send(new sdk.UpdateAutoScalingGroupCommand({ AutoScalingGroupName: name, MinSize: 0, MaxSize: 1, DesiredCapacity: 1 }), abort);
  }
  const stopped = await stoppedOf(group, session);
  const old = outdated(group);
  if (policy === "keep") {
    for (const { InstanceId } of old.filter((one) => !stopped.includes(one))) console.say("wait", `group ${name}: ${InstanceId ?? "?"} runs an earlier version of its launch template, and keeps it until its next start: a node is not ended from under its cluster`);
  }
  for (const { InstanceId, LaunchTemplate } of new Set([...(policy === "replace" ? old : []), ...stopped])) {
    const version = LaunchTemplate?.Version === group.LaunchTemplate?.Version ? "is stopped" : `runs version ${LaunchTemplate?.Version ?? "?"} of its launch template, not ${group.LaunchTemplate?.Version ?? "?"}`;
    console.say("change", `group ${name}: ${InstanceId ?? "?"} ${version}, and is replaced`);
    await client.send(new sdk.TerminateInstanceInAutoScalingGroupCommand({ InstanceId, ShouldDecrementDesiredCapacity: false }), abort);
  }
  let seen = "";
  const look = async (): Promise<Attempt<Instance>> => {
    const attempt = await inService(name, session, policy);
    if (!attempt.done) seen = attempt.reason;
    return attempt;
  };
  const instance = await console
    .during(() => `group ${name} to have an instance in service${seen === "" ? "" : `: ${seen}`}`, () => poll(look, { timeoutMs: startMs, intervalMs: 500, clock, signal }))
    .catch(async (error: unknown) => {
      signal.throwIfAborted();
      throw await startFailed(name, session, error);
    });
  console.say("good", `group ${name}: ${instance.InstanceId ?? "?"} is in service`);
}

/** Ends what a group runs, where there is such a group: what its machine holds on to can be replaced then. */
export async function stopGroup(name: string, session: Session): Promise<void> {
  const { console, world, signal, clock } = session;
  if ((await findGroups([name], session)).length === 0) return;
  const { UpdateAutoScalingGroupCommand } = await import("@aws-sdk/client-auto-scaling");
  const client = await world.sources.autoscaling.client();
  console.say("change", `group ${name}: lowered to none, so that its machine's interface can be replaced`);
  await client.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: name, MinSize: 0, DesiredCapacity: 0 }), { abortSignal: signal });
  const gone = async (): Promise<Attempt<true>> => {
    const { Instances: left = [] } = await findGroup(name, session);
    return left.length === 0 ? { done: true, value: true } : { done: false, reason: `${name} still has ${left.map(({ InstanceId }) => InstanceId).join(", ")}` };
  };
  await console.during(`group ${name} to end its machine`, () => poll(gone, { timeoutMs: startMs, intervalMs: 500, clock, signal }));
}

/** The groups of these names that exist. No names are no groups: AWS would list all of them. */
export async function findGroups(names: readonly string[], { world, signal }: Session): Promise<AutoScalingGroup[]> {
  if (names.length === 0) return [];
  const { DescribeAutoScalingGroupsCommand } = await import("@aws-sdk/client-auto-scaling");
  const client = await world.sources.autoscaling.client();
  return (await client.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [...names] }), { abortSignal: signal })).AutoScalingGroups ?? [];
}

async function findGroup(name: string, session: Session): Promise<AutoScalingGroup> {
  const [group] = await findGroups([name], session);
  if (group === undefined) throw new UserError(`There is no Auto Scaling group ${name}.`, { fix: "Run `npm run up` again: it builds what is missing." });
  return group;
}

/** Instances that are there to stay and run another version than the group wants. */
function outdated({ Instances = [], LaunchTemplate: wanted }: AutoScalingGroup): Instance[] {
  return Instances.filter((one) => !(one.LifecycleState ?? "").startsWith("Terminat") && one.LaunchTemplate?.Version !== wanted?.Version);
}

/** Instances that somebody stopped. AWS finds that out by itself, some minutes later. */
async function stoppedOf({ Instances = [] }: AutoScalingGroup, { world, signal }: Session): Promise<Instance[]> {
  if (Instances.length === 0) return [];
  const { DescribeInstancesCommand } = await import("@aws-sdk/client-ec2");
  const ec2 = await world.sources.ec2.client();
  const InstanceIds = Instances.flatMap(({ InstanceId }) => InstanceId ?? []);
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds }), { abortSignal: signal });
  const found = Reservations.flatMap(({ Instances: seen = [] }) => seen);
  return Instances.filter(({ InstanceId }) => found.some((one) => one.InstanceId === InstanceId && (one.State?.Name ?? "").startsWith("stop")));
}

async function inService(name: string, session: Session, policy: Outdated): Promise<Attempt<Instance>> {
  const group = await findGroup(name, session);
  const ready = (group.Instances ?? []).find((one) => one.LifecycleState === "InService" && (policy === "keep" || !outdated(group).includes(one)));
  if (ready !== undefined) return { done: true, value: ready };
  const seen = (group.Instances ?? []).map((one) => `${one.InstanceId ?? "?"} is ${one.LifecycleState ?? "in no state"}`).join(", ");
  return { done: false, reason: seen || ((await failedLaunch(name, session)) ?? "no instance yet") };
}

/** Why the group's last launch failed: AWS says it in the group's activities only, and goes on trying. */
async function failedLaunch(name: string, { world, signal }: Session): Promise<string | undefined> {
  const { DescribeScalingActivitiesCommand } = await import("@aws-sdk/client-auto-scaling");
  const client = await world.sources.autoscaling.client();
  const { Activities = [] } = await client.send(new DescribeScalingActivitiesCommand({ AutoScalingGroupName: name, MaxRecords: 5 }), { abortSignal: signal });
  return Activities.find(({ StatusCode }) => StatusCode === "Failed")?.StatusMessage;
}

/** Who has waited in vain is told AWS's reason; who could not even look, why not. */
async function startFailed(name: string, session: Session, error: unknown): Promise<UserError> {
  if (error instanceof UserError) return error;
  const reason = (error instanceof PollTimeout ? await failedLaunch(name, session) : undefined) ?? errorMessage(error);
  const cause = causeOf(reason) ?? causeOfError(error);
  return new UserError(`The group ${name} has no instance in service. ${cause === undefined ? "" : `${cause.means} `}${reason}`, {
    fix: cause?.fix ?? "Mend what AWS names, then run the same command again.",
    cause: error,
  });
}
