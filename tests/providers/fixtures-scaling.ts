import { TEMPLATE } from "./fixtures-instances.ts";
import { otherRegion } from "./fixtures-network.ts";
import type { Recorded } from "./harness.ts";
import type { Fixture, Lab } from "./lab.ts";

export const GROUP = "aws:autoscaling/group:Group";

/** A template whose instances AWS can launch any number of: without an interface of its own. */
async function template(lab: Lab): Promise<string> {
  return (await lab.make(TEMPLATE, { networkInterfaces: [], iamInstanceProfile: undefined })).id;
}

const tagsOf = (tags: Readonly<Record<string, string>>) => Object.entries(tags).map(([key, value]) => ({ key, value, propagateAtLaunch: true }));

const resize = (size: { MinSize?: number; MaxSize?: number; DesiredCapacity?: number }) => (lab: Lab, { id }: Recorded) =>
  lab.aws.autoscaling.updateAutoScalingGroup({ AutoScalingGroupName: id, ...size });

const group: Fixture = {
  token: GROUP,
  secret: "tags",
  outputs: ["arn", "region"],
  tags: tagsOf,
  inputs: async (lab) => ({
    name: `group-${String(lab.next())}`,
    availabilityZones: ["eu-west-1a"],
    minSize: 0,
    maxSize: 2,
    desiredCapacity: 1,
    launchTemplate: { id: await template(lab), version: "1" },
    healthCheckType: "EC2",
    defaultCooldown: 60,
    tags: tagsOf({ Name: "subject", "moonback:urn": "urn:test" }),
  }),
  changes: {
    name: { to: "another", expect: "replace" },
    availabilityZones: { to: ["eu-west-1b"], expect: "update" },
    minSize: { to: 1, expect: "update" },
    maxSize: { to: 3, expect: "update" },
    desiredCapacity: { to: 2, expect: "update" },
    launchTemplate: { to: async (lab: Lab) => ({ id: await template(lab), version: "$Latest" }), expect: "update" },
    healthCheckType: { to: "ELB", expect: "update" },
    healthCheckGracePeriod: { to: 30, expect: "update" },
    defaultCooldown: { to: 30, expect: "update" },
    terminationPolicies: { to: ["OldestInstance", "Default"], expect: "update" },
    forceDelete: { to: true, expect: "update" },
    waitForCapacityTimeout: { to: "1m30s", expect: "update" },
    region: otherRegion,
    tags: { to: [{ key: "Name", value: "renamed", propagateAtLaunch: false }], expect: "update" },
  },
  behindTheBack: {
    availabilityZones: (lab, { id }) => lab.aws.autoscaling.updateAutoScalingGroup({ AutoScalingGroupName: id, AvailabilityZones: ["eu-west-1a", "eu-west-1b"] }),
    minSize: resize({ MinSize: 1 }),
    maxSize: resize({ MaxSize: 4 }),
    desiredCapacity: resize({ DesiredCapacity: 0 }),
    launchTemplate: async (lab, { id }) =>
      lab.aws.autoscaling.updateAutoScalingGroup({ AutoScalingGroupName: id, LaunchTemplate: { LaunchTemplateId: await template(lab), Version: "1" } }),
    healthCheckType: (lab, { id }) => lab.aws.autoscaling.updateAutoScalingGroup({ AutoScalingGroupName: id, HealthCheckType: "ELB" }),
    healthCheckGracePeriod: (lab, { id }) => lab.aws.autoscaling.updateAutoScalingGroup({ AutoScalingGroupName: id, HealthCheckGracePeriod: 10 }),
    defaultCooldown: (lab, { id }) => lab.aws.autoscaling.updateAutoScalingGroup({ AutoScalingGroupName: id, DefaultCooldown: 10 }),
    terminationPolicies: (lab, { id }) => lab.aws.autoscaling.updateAutoScalingGroup({ AutoScalingGroupName: id, TerminationPolicies: ["NewestInstance"] }),
    tags: (lab, { id }) => lab.aws.autoscaling.createOrUpdateTags({
      Tags: [{ ResourceId: id, ResourceType: "auto-scaling-group", Key: "Name", Value: "someone-else", PropagateAtLaunch: true }],
    }),
  },
  async observe(lab, id) {
    const { AutoScalingGroups: [live] = [] } = await lab.aws.autoscaling.describeAutoScalingGroups({ AutoScalingGroupNames: [id] });
    const policies = live?.TerminationPolicies ?? [];
    return {
      availabilityZones: live?.AvailabilityZones,
      minSize: live?.MinSize,
      maxSize: live?.MaxSize,
      desiredCapacity: live?.DesiredCapacity,
      launchTemplate: { id: live?.LaunchTemplate?.LaunchTemplateId, version: live?.LaunchTemplate?.Version },
      healthCheckType: live?.HealthCheckType,
      healthCheckGracePeriod: live?.HealthCheckGracePeriod,
      defaultCooldown: live?.DefaultCooldown,
      terminationPolicies: policies.join() === "Default" ? [] : policies,
      tags: live?.Tags?.map((tag) => ({ key: tag.Key, value: tag.Value, propagateAtLaunch: tag.PropagateAtLaunch })),
    };
  },
};

const put = (change: { MinSize?: number; MaxSize?: number; DesiredCapacity?: number; Recurrence?: string; TimeZone?: string }) =>
  (lab: Lab, { id, inputs }: Recorded) => lab.aws.autoscaling.putScheduledUpdateGroupAction({
    AutoScalingGroupName: String(inputs["autoscalingGroupName"]), ScheduledActionName: id,
    MinSize: 0, MaxSize: 2, DesiredCapacity: 1, Recurrence: "0 18 * * MON-FRI", TimeZone: "Europe/Dublin", ...change,
  });

const schedule: Fixture = {
  token: "aws:autoscaling/schedule:Schedule",
  secret: "recurrence",
  outputs: ["region"],
  importId: ({ id, inputs }) => `${String(inputs["autoscalingGroupName"])}/${id}`,
  inputs: async (lab) => ({
    autoscalingGroupName: (await lab.make(GROUP)).id,
    scheduledActionName: "start",
    maxSize: 2,
    desiredCapacity: 1,
    recurrence: "0 18 * * MON-FRI",
    timeZone: "Europe/Dublin",
  }),
  changes: {
    autoscalingGroupName: { to: "another", expect: "replace" },
    scheduledActionName: { to: "another", expect: "replace" },
    minSize: { to: -1, expect: "update", observed: undefined },
    maxSize: { to: 3, expect: "update" },
    desiredCapacity: { to: -1, expect: "update", observed: undefined },
    recurrence: { to: "30 17 * * *", expect: "update" },
    timeZone: { to: "America/New_York", expect: "update" },
    region: otherRegion,
  },
  behindTheBack: {
    minSize: put({ MinSize: 1 }),
    maxSize: put({ MaxSize: 5 }),
    desiredCapacity: put({ DesiredCapacity: 0 }),
    recurrence: put({ Recurrence: "0 0 * * *" }),
    timeZone: put({ TimeZone: "Etc/UTC" }),
  },
  async observe(lab, id, { inputs }) {
    const { ScheduledUpdateGroupActions: [live] = [] } = await lab.aws.autoscaling.describeScheduledActions({
      AutoScalingGroupName: String(inputs["autoscalingGroupName"]), ScheduledActionNames: [id],
    });
    return {
      minSize: live?.MinSize, maxSize: live?.MaxSize, desiredCapacity: live?.DesiredCapacity, recurrence: live?.Recurrence, timeZone: live?.TimeZone,
    };
  },
};

export const scalingFixtures: readonly Fixture[] = [group, schedule];
