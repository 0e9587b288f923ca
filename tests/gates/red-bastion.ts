import { DescribeScheduledActionsCommand, PutScheduledUpdateGroupActionCommand, ResumeProcessesCommand, SuspendProcessesCommand, UpdateAutoScalingGroupCommand } from "@aws-sdk/client-auto-scaling";
import {
  AssignIpv6AddressesCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateLaunchTemplateVersionCommand,
  ModifyNetworkInterfaceAttributeCommand,
  RevokeSecurityGroupIngressCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
  UnassignIpv6AddressesCommand,
  type IpPermission,
} from "@aws-sdk/client-ec2";
import { GetParameterCommand, PutParameterCommand } from "@aws-sdk/client-ssm";
import ssh2 from "ssh2";
import { ourBastion } from "../../gates/ours.ts";
import { bringUpstreamBack, takeUpstreamAway } from "../../rehearsal/netboot/control.ts";
import type { BastionSeen } from "./bastion-seen.ts";
import type { Break, RedTests } from "./break.ts";

const stopped: Break<BastionSeen> = async ({ ec2, instance: { InstanceId } }) => {
  await ec2.send(new StopInstancesCommand({ InstanceIds: [InstanceId] }));
  return { names: InstanceId, mend: () => ec2.send(new StartInstancesCommand({ InstanceIds: [InstanceId] })) };
};

/** The instance ended; its group makes another. */
const replaced = async ({ ec2, trial }: BastionSeen): Promise<void> => {
  const { InstanceId } = await ourBastion(ec2, trial.environment);
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
};

const ipv6Taken: Break<BastionSeen> = async ({ ec2, nic: { NetworkInterfaceId, Ipv6Addresses } }) => {
  const addresses = { NetworkInterfaceId, Ipv6Addresses: [Ipv6Addresses![0]!.Ipv6Address!] };
  await ec2.send(new UnassignIpv6AddressesCommand(addresses));
  return { names: NetworkInterfaceId, mend: () => ec2.send(new AssignIpv6AddressesCommand(addresses)) };
};

/** A rule more on the bastion's group. */
export const ruleMore = (rule: IpPermission, names: string): Break<BastionSeen> => async ({ ec2, bastionGroupId: GroupId }) => {
  const both = { GroupId, IpPermissions: [rule] };
  await ec2.send(new AuthorizeSecurityGroupIngressCommand(both));
  return { names, mend: () => ec2.send(new RevokeSecurityGroupIngressCommand(both)) };
};

export const sshForAll: IpPermission = { IpProtocol: "tcp", FromPort: 22, ToPort: 22, Ipv6Ranges: [{ CidrIpv6: "::/0" }] };

/** The stop action at another time. */
const stopsAt = (hour: number): Break<BastionSeen> => async ({ scaling, group: { AutoScalingGroupName } }) => {
  const { ScheduledUpdateGroupActions = [] } = await scaling.send(new DescribeScheduledActionsCommand({ AutoScalingGroupName, ScheduledActionNames: ["stop"] }));
  const { Recurrence, TimeZone, MinSize, MaxSize, DesiredCapacity } = ScheduledUpdateGroupActions[0]!;
  const put = (recurrence: string) =>
    scaling.send(new PutScheduledUpdateGroupActionCommand({ AutoScalingGroupName, ScheduledActionName: "stop", Recurrence: recurrence, TimeZone, MinSize, MaxSize, DesiredCapacity }));
  await put(`0 ${hour} * * *`);
  return { names: AutoScalingGroupName, mend: () => put(Recurrence!) };
};

export const redBastion: RedTests<BastionSeen> = {
  "02.group": {
    "a group that may grow": async ({ scaling, group: { AutoScalingGroupName } }) => {
      const size = (MaxSize: number) => scaling.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName, MaxSize }));
      await size(3);
      return { names: "3 instances", mend: () => size(1) };
    },
    "an instance of an earlier template": async ({ ec2, scaling, group: { AutoScalingGroupName, LaunchTemplate } }) => {
      const { LaunchTemplateId, Version } = LaunchTemplate!;
      const made = await ec2.send(new CreateLaunchTemplateVersionCommand({ LaunchTemplateId: LaunchTemplateId!, SourceVersion: Version!, LaunchTemplateData: { InstanceType: "t4g.micro" } }));
      const use = (version: string) => scaling.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName, LaunchTemplate: { LaunchTemplateId: LaunchTemplateId!, Version: version } }));
      await use(String(made.LaunchTemplateVersion!.VersionNumber));
      return { names: `runs version ${Version!}`, mend: () => use(Version!) };
    },
  },
  "02.instance": { "the instance stopped": stopped },
  "02.interface": { "its IPv6 address taken away": ipv6Taken },
  "02.schedule": {
    "a group that does not act on its schedule": async ({ scaling, group: { AutoScalingGroupName } }) => {
      const processes = { AutoScalingGroupName, ScalingProcesses: ["ScheduledActions"] };
      await scaling.send(new SuspendProcessesCommand(processes));
      return { names: "ScheduledActions suspended", mend: () => scaling.send(new ResumeProcessesCommand(processes)) };
    },
    "a schedule of six hours": stopsAt(0), "a schedule of four hours": stopsAt(22) },
  "02.ssh": {
    "the instance stopped": async (seen) => ({ ...(await stopped(seen)), names: "SSH to" }),
    "another host key": async (seen) => {
      const ssm = await seen.trial.sources.ssm.client();
      const Name = `/moonback/${seen.trial.environment.name}/bastion/ssh-host-key`;
      const { Parameter } = await ssm.send(new GetParameterCommand({ Name, WithDecryption: true }));
      const use = async (Value: string): Promise<void> => {
        await ssm.send(new PutParameterCommand({ Name, Value, Type: "SecureString", Overwrite: true }));
        await replaced(seen);
      };
      await use(ssh2.utils.generateKeyPairSync("ed25519").private);
      return { names: "not the pinned", mend: () => use(Parameter!.Value!) };
    },
    "nobody admitted": async ({ ec2, bastionGroupId: GroupId, trial }) => {
      const rule = { GroupId, IpPermissions: [{ ...sshForAll, Ipv6Ranges: [{ CidrIpv6: trial.environment.operatorPrefix!, Description: "SSH from the operator" }] }] };
      await ec2.send(new RevokeSecurityGroupIngressCommand(rule));
      return { names: "SSH to", mend: () => ec2.send(new AuthorizeSecurityGroupIngressCommand(rule)) };
    },
  },
  "02.ssh-source": {
    "SSH opened to the world": ruleMore(sshForAll, "admits ::/0 to tcp 22"),
    "another port opened to somebody": ruleMore({ IpProtocol: "tcp", FromPort: 8080, ToPort: 8080, IpRanges: [{ CidrIp: "203.0.113.0/24" }] }, "203.0.113.0/24 to tcp 8080"),
  },
  "02.egress-ipv6": {
    "the registry gone": async ({ trial }) => {
      await takeUpstreamAway(trial.runData, "quay.io");
      return { names: "quay.io", mend: () => bringUpstreamBack(trial.runData, "quay.io") };
    },
  },
  "02.egress-ipv4": {
    "the public IPv4 address taken away": async ({ ec2, nic: { NetworkInterfaceId } }) => {
      const associate = (AssociatePublicIpAddress: boolean) => ec2.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, AssociatePublicIpAddress }));
      await associate(false);
      return { names: "ghcr.io", mend: () => associate(true) };
    },
  },
};
