// One refused call for every rule about Auto Scaling groups and their schedules.

import * as autoscaling from "@aws-sdk/client-auto-scaling";
import { debian, unique, zone, type Aws, type Scenario, type Scenarios } from "../aws.ts";

const AutoScalingGroupName = "nothing";

type Input = autoscaling.CreateAutoScalingGroupCommandInput;

const making = (template: string, more: Partial<Input> = {}): autoscaling.CreateAutoScalingGroupCommand =>
  new autoscaling.CreateAutoScalingGroupCommand({
    AutoScalingGroupName: unique("asg"), MinSize: 0, MaxSize: 1, AvailabilityZones: [zone], LaunchTemplate: { LaunchTemplateId: template }, ...more,
  });

const made = (more: Partial<Input>): Scenario => async (aws) => making(await aws.template(), more);
const group = async (aws: Aws, more: Partial<Input> = {}): Promise<string> => aws.scalingGroup(await aws.template(await network(aws)), more);

/** Template data that places an instance in a new subnet. */
const network = async (aws: Aws): Promise<{ NetworkInterfaces: { DeviceIndex: number; SubnetId: string }[] }> =>
  ({ NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: (await aws.network()).subnet }] });

const updating = (more: Partial<autoscaling.UpdateAutoScalingGroupCommandInput>): Scenario =>
  async (aws) => new autoscaling.UpdateAutoScalingGroupCommand({ AutoScalingGroupName: await group(aws), ...more });

async function instanceOf(aws: Aws, name: string): Promise<string> {
  const seen = await aws.autoscaling.send(new autoscaling.DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }));
  return seen.AutoScalingGroups![0]!.Instances![0]!.InstanceId!;
}

/** A template whose data AWS refuses to launch from, in a group that is new and in one that changes to it. */
function templateScenarios(rule: string, template: (aws: Aws) => Promise<string>, more: Partial<Input> = {}): Scenarios {
  return {
    [`scaling-group-${rule}`]: async (aws) => making(await template(aws), more),
    [`update-scaling-group-${rule}`]: async (aws) => new autoscaling.UpdateAutoScalingGroupCommand({
      AutoScalingGroupName: await group(aws), LaunchTemplate: { LaunchTemplateId: await template(aws) }, ...more,
    }),
  };
}

const withInterface = async (aws: Aws): Promise<string> => {
  const { subnet } = await aws.network();
  return aws.template({ NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: await aws.interface(subnet) }] });
};

const badTags = {
  "reserved-tag-key": { Key: "aws:any", Value: "any" },
  "tag-key-length": { Key: "k".repeat(129), Value: "any" },
  "tag-value-length": { Key: "any", Value: "v".repeat(257) },
};

function tagScenarios(): Scenarios {
  const scenarios: Scenarios = {};
  for (const [rule, tag] of Object.entries(badTags)) {
    scenarios[`scaling-group-${rule}`] = made({ Tags: [tag] });
    scenarios[`tag-scaling-group-${rule}`] = async (aws) =>
      new autoscaling.CreateOrUpdateTagsCommand({ Tags: [{ ...tag, ResourceId: await group(aws), ResourceType: "auto-scaling-group", PropagateAtLaunch: true }] });
  }
  return scenarios;
}

export const scalingGroups: Scenarios = {
  "scaling-group-exists": async (aws) => {
    const template = await aws.template();
    return making(template, { AutoScalingGroupName: await aws.scalingGroup(template) });
  },
  "scaling-group-without-place": made({ AvailabilityZones: undefined }),
  "scaling-group-without-template": made({ LaunchTemplate: undefined }),
  "scaling-group-bounds": made({ MinSize: 2, MaxSize: 1 }),
  "scaling-group-desired": made({ DesiredCapacity: 2 }),
  "scaling-group-unknown-zone": made({ AvailabilityZones: ["us-west-9z"] }),
  "update-scaling-group-bounds": updating({ MinSize: 2 }),
  "update-scaling-group-desired": updating({ DesiredCapacity: 2 }),
  "update-scaling-group-unknown-zone": updating({ AvailabilityZones: ["us-west-9z"] }),
  ...templateScenarios("template-groups", async (aws) => aws.template({ ...(await network(aws)), SecurityGroupIds: ["sg-00000000000000000"] })),
  ...templateScenarios("interface-and-subnets", withInterface, { VPCZoneIdentifier: "subnet-00000000000000000" }),
  ...templateScenarios("template-launches", (aws) => aws.template({ ImageId: debian, InstanceType: "t3.small" })),
  "desired-capacity-bounds": async (aws) => new autoscaling.SetDesiredCapacityCommand({ AutoScalingGroupName: await group(aws), DesiredCapacity: 2 }),
  "delete-scaling-group-in-use": async (aws) =>
    new autoscaling.DeleteAutoScalingGroupCommand({ AutoScalingGroupName: await group(aws, { DesiredCapacity: 1 }) }),
  "terminate-unmanaged-instance": async (aws) =>
    new autoscaling.TerminateInstanceInAutoScalingGroupCommand({ InstanceId: await aws.instance(), ShouldDecrementDesiredCapacity: false }),
  "terminate-below-minimum": async (aws) => {
    const InstanceId = await instanceOf(aws, await group(aws, { MinSize: 1 }));
    return new autoscaling.TerminateInstanceInAutoScalingGroupCommand({ InstanceId, ShouldDecrementDesiredCapacity: true });
  },
  "update-unknown-scaling-group": () => new autoscaling.UpdateAutoScalingGroupCommand({ AutoScalingGroupName, MinSize: 0 }),
  "delete-unknown-scaling-group": () => new autoscaling.DeleteAutoScalingGroupCommand({ AutoScalingGroupName }),
  "resize-unknown-scaling-group": () => new autoscaling.SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 0 }),
  "suspend-unknown-scaling-group": () => new autoscaling.SuspendProcessesCommand({ AutoScalingGroupName }),
  "resume-unknown-scaling-group": () => new autoscaling.ResumeProcessesCommand({ AutoScalingGroupName }),
  "tag-unknown-scaling-group": () => new autoscaling.CreateOrUpdateTagsCommand({ Tags: [{ ResourceId: "nothing", ResourceType: "auto-scaling-group", Key: "any" }] }),
  "untag-unknown-scaling-group": () => new autoscaling.DeleteTagsCommand({ Tags: [{ ResourceId: "nothing", ResourceType: "auto-scaling-group", Key: "any" }] }),
  ...tagScenarios(),
};

/** A schedule of a group that exists, with one thing wrong. */
const scheduling = (more: Partial<autoscaling.PutScheduledUpdateGroupActionCommandInput>): Scenario => async (aws) =>
  new autoscaling.PutScheduledUpdateGroupActionCommand({
    AutoScalingGroupName: await group(aws), ScheduledActionName: "start", DesiredCapacity: 1, Recurrence: "0 9 * * MON-FRI", ...more,
  });

export const schedules: Scenarios = {
  "schedule-unknown-scaling-group": scheduling({ AutoScalingGroupName }),
  "schedule-recurrence": scheduling({ Recurrence: "0 9 * * MON-FRI *" }),
  "schedule-time-zone": scheduling({ TimeZone: "Europe/Atlantis" }),
  "schedule-without-size": scheduling({ DesiredCapacity: undefined }),
  "schedule-without-time": scheduling({ Recurrence: undefined }),
  "schedule-bounds": scheduling({ MinSize: 2, MaxSize: 1, DesiredCapacity: undefined }),
  "schedule-in-the-past": scheduling({ StartTime: new Date("2020-01-01T00:00:00Z") }),
  "describe-schedule-of-unknown-scaling-group": () => new autoscaling.DescribeScheduledActionsCommand({ AutoScalingGroupName }),
  "unschedule-unknown-scaling-group": () => new autoscaling.DeleteScheduledActionCommand({ AutoScalingGroupName, ScheduledActionName: "start" }),
  "unschedule-unknown-action": async (aws) =>
    new autoscaling.DeleteScheduledActionCommand({ AutoScalingGroupName: await group(aws), ScheduledActionName: "start" }),
};
