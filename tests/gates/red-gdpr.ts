import {
  AttachVolumeCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateFlowLogsCommand,
  CreateNetworkInterfaceCommand,
  CreateVolumeCommand,
  DeleteFlowLogsCommand,
  DeleteNetworkInterfaceCommand,
  DeleteVolumeCommand,
  DescribeFlowLogsCommand,
  DetachVolumeCommand,
  ModifyInstanceMetadataOptionsCommand,
  RevokeSecurityGroupIngressCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
  type ModifyInstanceMetadataOptionsCommandInput,
} from "@aws-sdk/client-ec2";
import { AttachRolePolicyCommand, CreatePolicyCommand, DeletePolicyCommand, DeleteRolePolicyCommand, DetachRolePolicyCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import type { BastionSeen } from "./bastion-seen.ts";
import type { Break, RedTests } from "./break.ts";
import { ruleMore, sshForAll } from "./red-bastion.ts";

const metadata = (broken: Partial<ModifyInstanceMetadataOptionsCommandInput>, whole: Partial<ModifyInstanceMetadataOptionsCommandInput>, names: string): Break<BastionSeen> => async ({ ec2, instance: { InstanceId } }) => {
  await ec2.send(new ModifyInstanceMetadataOptionsCommand({ InstanceId, ...broken }));
  return { names, mend: () => ec2.send(new ModifyInstanceMetadataOptionsCommand({ InstanceId, ...whole })) };
};

const everything = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }] });
const roleOf = ({ trial }: BastionSeen): string => `moonback-${trial.environment.name}-bastion`;

export const redGdpr: RedTests<BastionSeen> = {
  "09.closed-to-the-world": {
    "SSH opened to the world": ruleMore(sshForAll, "::/0"),
    "a port of the nodes opened to the world": async ({ ec2, defaultGroup: { GroupId } }) => {
      const rule = { GroupId: GroupId!, IpPermissions: [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }] };
      await ec2.send(new AuthorizeSecurityGroupIngressCommand(rule));
      return { names: "0.0.0.0/0", mend: () => ec2.send(new RevokeSecurityGroupIngressCommand(rule)) };
    },
  },
  "09.only-ssh-from-outside": { "a neighbour admitted": ruleMore({ ...sshForAll, Ipv6Ranges: [{ CidrIpv6: "2001:db8:2::/64" }] }, "2001:db8:2::/64") },
  "09.no-public-nodes": {
    "a node's interface with an IPv6 address": async ({ ec2, subnet, tags }) => {
      const range = subnet.Ipv6CidrBlockAssociationSet![0]!.Ipv6CidrBlock!;
      const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({
        SubnetId: subnet.SubnetId!,
        Ipv6Addresses: [{ Ipv6Address: range.replace(/::\/64$/, "::200") }],
        TagSpecifications: [{ ResourceType: "network-interface", Tags: tags }],
      }));
      const NetworkInterfaceId = NetworkInterface!.NetworkInterfaceId!;
      return { names: NetworkInterfaceId, mend: () => ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId })) };
    },
  },
  "09.volumes-encrypted": {
    "an unencrypted volume attached": async ({ ec2, instance: { InstanceId }, subnet }) => {
      const { VolumeId } = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: subnet.AvailabilityZone!, Size: 1, Encrypted: false }));
      await ec2.send(new AttachVolumeCommand({ VolumeId: VolumeId!, InstanceId, Device: "/dev/sdf" }));
      return {
        names: VolumeId!,
        mend: async () => {
          await ec2.send(new DetachVolumeCommand({ VolumeId: VolumeId! }));
          await ec2.send(new DeleteVolumeCommand({ VolumeId: VolumeId! }));
        },
      };
    },
  },
  "09.imds": {
    IMDSv1: metadata({ HttpTokens: "optional" }, { HttpTokens: "required" }, "IMDSv1"),
    "a hop more": metadata({ HttpPutResponseHopLimit: 2 }, { HttpPutResponseHopLimit: 1 }, "hop limit 2"),
  },
  "09.user-data": {
    "a machine with a key in its user data": async ({ ec2, subnet, instance }) => {
      const { Instances } = await ec2.send(new RunInstancesCommand({
        ImageId: instance.ImageId!,
        InstanceType: "t4g.small",
        MinCount: 1,
        MaxCount: 1,
        SubnetId: subnet.SubnetId!,
        UserData: Buffer.from("#!/bin/sh\nexport AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\n").toString("base64"),
      }));
      const { InstanceId } = Instances![0]!;
      return { names: InstanceId!, mend: () => ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId!] })) };
    },
  },
  "09.roles": {
    "a policy more": async (seen) => {
      const policy = { RoleName: roleOf(seen), PolicyName: "more" };
      await seen.iam.send(new PutRolePolicyCommand({ ...policy, PolicyDocument: everything }));
      return { names: "s3:*", mend: () => seen.iam.send(new DeleteRolePolicyCommand(policy)) };
    },
    "a policy attached": async (seen) => {
      const { Policy } = await seen.iam.send(new CreatePolicyCommand({ PolicyName: "attached-by-hand", PolicyDocument: everything }));
      const both = { RoleName: roleOf(seen), PolicyArn: Policy!.Arn! };
      await seen.iam.send(new AttachRolePolicyCommand(both));
      return {
        names: "attached-by-hand",
        mend: async () => {
          await seen.iam.send(new DetachRolePolicyCommand(both));
          await seen.iam.send(new DeletePolicyCommand({ PolicyArn: Policy!.Arn! }));
        },
      };
    },
  },
  "09.flow-log": {
    "the flow log deleted": async ({ ec2, vpc }) => {
      const { FlowLogs = [] } = await ec2.send(new DescribeFlowLogsCommand({ Filter: [{ Name: "resource-id", Values: [vpc.VpcId!] }] }));
      const { FlowLogId, LogDestination, DeliverLogsPermissionArn } = FlowLogs[0]!;
      await ec2.send(new DeleteFlowLogsCommand({ FlowLogIds: [FlowLogId!] }));
      return {
        names: vpc.VpcId!,
        mend: () => ec2.send(new CreateFlowLogsCommand({
          ResourceIds: [vpc.VpcId!], ResourceType: "VPC", TrafficType: "ALL", LogDestinationType: "cloud-watch-logs",
          LogDestination: LogDestination!, DeliverLogsPermissionArn: DeliverLogsPermissionArn!, MaxAggregationInterval: 60,
        })),
      };
    },
  },
};
