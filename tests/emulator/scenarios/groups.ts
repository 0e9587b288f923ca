// One refused call for every rule about security groups, network interfaces and flow logs.

import * as ec2 from "@aws-sdk/client-ec2";
import { account, region, unique, type Aws, type Scenario, type Scenarios } from "../aws.ts";

const noGroup = "sg-00000000000000000";
const noSubnet = "subnet-00000000000000000";
const ssh: ec2.IpPermission = { IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "192.0.2.0/24" }] };

interface RuleInput {
  readonly GroupId: string;
  readonly IpPermissions?: ec2.IpPermission[];
  readonly SecurityGroupRuleIds?: string[];
}

const directions = {
  ingress: {
    authorize: (input: RuleInput) => new ec2.AuthorizeSecurityGroupIngressCommand(input),
    revoke: (input: RuleInput) => new ec2.RevokeSecurityGroupIngressCommand(input),
    send: (aws: Aws, input: RuleInput) => aws.ec2.send(new ec2.AuthorizeSecurityGroupIngressCommand(input)),
  },
  egress: {
    authorize: (input: RuleInput) => new ec2.AuthorizeSecurityGroupEgressCommand(input),
    revoke: (input: RuleInput) => new ec2.RevokeSecurityGroupEgressCommand(input),
    send: (aws: Aws, input: RuleInput) => aws.ec2.send(new ec2.AuthorizeSecurityGroupEgressCommand(input)),
  },
};

const newGroup = async (aws: Aws): Promise<string> => aws.group((await aws.vpc()).id);

function ruleScenarios(name: keyof typeof directions): Scenarios {
  const { authorize, revoke, send } = directions[name];
  const authorizing = (permission: ec2.IpPermission): Scenario =>
    async (aws) => authorize({ GroupId: await newGroup(aws), IpPermissions: [permission] });
  return {
    [`authorize-${name}-unknown-group`]: () => authorize({ GroupId: noGroup, IpPermissions: [ssh] }),
    [`authorize-${name}-unknown-source`]: authorizing({ ...ssh, IpRanges: [], UserIdGroupPairs: [{ GroupId: noGroup }] }),
    [`authorize-${name}-malformed-cidr`]: authorizing({ ...ssh, IpRanges: [{ CidrIp: "192.0.2.0/40" }] }),
    [`authorize-${name}-ports`]: authorizing({ ...ssh, FromPort: 23 }),
    [`authorize-${name}-repeated`]: authorizing({ ...ssh, IpRanges: [{ CidrIp: "192.0.2.1/24" }, { CidrIp: "192.0.2.2/24" }] }),
    [`authorize-${name}-duplicate`]: async (aws) => {
      const GroupId = await newGroup(aws);
      await send(aws, { GroupId, IpPermissions: [ssh] });
      return authorize({ GroupId, IpPermissions: [{ ...ssh, IpRanges: [{ CidrIp: "192.0.2.0/24", Description: "another text" }] }] });
    },
    [`revoke-${name}-unknown-group`]: () => revoke({ GroupId: noGroup, IpPermissions: [ssh] }),
    [`revoke-${name}-missing`]: async (aws) => revoke({
      GroupId: await newGroup(aws), IpPermissions: [{ IpProtocol: "-1", Ipv6Ranges: [{ CidrIpv6: "::/0" }] }],
    }),
    [`revoke-${name}-unknown-rule`]: async (aws) => revoke({ GroupId: await newGroup(aws), SecurityGroupRuleIds: ["sgr-00000000000000000"] }),
  };
}

export const securityGroups: Scenarios = {
  "group-unknown-vpc": () => new ec2.CreateSecurityGroupCommand({ VpcId: "vpc-00000000000000000", GroupName: "any", Description: "any" }),
  "group-text-characters": async (aws) => new ec2.CreateSecurityGroupCommand({ VpcId: (await aws.vpc()).id, GroupName: "any", Description: "the bastion’s" }),
  "group-name-like-an-id": async (aws) => new ec2.CreateSecurityGroupCommand({ VpcId: (await aws.vpc()).id, GroupName: "sg-bastion", Description: "any" }),
  "group-duplicate": async (aws) => {
    const input = { VpcId: (await aws.vpc()).id, GroupName: unique("twice"), Description: "any" };
    await aws.ec2.send(new ec2.CreateSecurityGroupCommand(input));
    return new ec2.CreateSecurityGroupCommand(input);
  },
  ...ruleScenarios("ingress"),
  ...ruleScenarios("egress"),
  "delete-unknown-group": () => new ec2.DeleteSecurityGroupCommand({ GroupId: noGroup }),
  "delete-default-group": async (aws) => {
    const [group] = await aws.groups((await aws.vpc()).id);
    return new ec2.DeleteSecurityGroupCommand({ GroupId: group!.GroupId! });
  },
  "delete-group-in-use": async (aws) => {
    const { vpc, subnet } = await aws.network();
    const group = await aws.group(vpc);
    await aws.interface(subnet, { Groups: [group] });
    return new ec2.DeleteSecurityGroupCommand({ GroupId: group });
  },
  "delete-referenced-group": async (aws) => {
    const { id } = await aws.vpc();
    const [group, other] = [await aws.group(id), await aws.group(id)];
    await directions.ingress.send(aws, { GroupId: other, IpPermissions: [{ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: group }] }] });
    return new ec2.DeleteSecurityGroupCommand({ GroupId: group });
  },
};

/** An interface in a new subnet of 10.10.0.0/24. */
const interfaceWith = (input: Partial<ec2.CreateNetworkInterfaceCommandInput>): Scenario =>
  async (aws) => new ec2.CreateNetworkInterfaceCommand({ SubnetId: (await aws.network()).subnet, ...input });

export const interfaces: Scenarios = {
  "interface-unknown-subnet": () => new ec2.CreateNetworkInterfaceCommand({ SubnetId: noSubnet }),
  "interface-address-outside-subnet": interfaceWith({ PrivateIpAddress: "10.10.1.100" }),
  "interface-address-reserved": interfaceWith({ PrivateIpAddress: "10.10.0.3" }),
  "interface-address-in-use": async (aws) => {
    const { subnet } = await aws.network();
    await aws.interface(subnet, { PrivateIpAddress: "10.10.0.100" });
    return new ec2.CreateNetworkInterfaceCommand({ SubnetId: subnet, PrivateIpAddress: "10.10.0.100" });
  },
  // A /28 has eleven addresses for its users.
  "interface-subnet-full": async (aws) => {
    const subnet = await aws.subnet((await aws.vpc()).id, "10.10.0.0/28");
    for (let n = 0; n < 11; n++) await aws.interface(subnet);
    return new ec2.CreateNetworkInterfaceCommand({ SubnetId: subnet });
  },
  "interface-unknown-group": interfaceWith({ Groups: [noGroup] }),
  "interface-group-of-other-network": async (aws) => new ec2.CreateNetworkInterfaceCommand({
    SubnetId: (await aws.network()).subnet, Groups: [await newGroup(aws)],
  }),
  "delete-unknown-interface": () => new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: "eni-00000000000000000" }),
  "delete-interface-in-use": async (aws) => {
    const { subnet } = await aws.network();
    const id = await aws.interface(subnet);
    await aws.instance({ NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: id }] });
    return new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id });
  },
};

const noInterface = "eni-00000000000000000";
/** The interface of a new instance, with what it hangs on. */
async function attached(aws: Aws): Promise<{ id: string; instance: string; attachment: string }> {
  const id = await aws.interface((await aws.network()).subnet);
  const instance = await aws.instance({ NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: id }] });
  return { id, instance, attachment: (await aws.describeInterface(id)).Attachment!.AttachmentId! };
}

/** An interface that exists, in a new subnet of 10.10.0.0/24. */
const some = async (aws: Aws): Promise<string> => aws.interface((await aws.network()).subnet, { PrivateIpAddress: "10.10.0.100" });
const assigning = (text: string): Scenario =>
  async (aws) => new ec2.AssignPrivateIpAddressesCommand({ NetworkInterfaceId: await some(aws), PrivateIpAddresses: [text] });
const assigningSix = (text: (block: string) => string): Scenario => async (aws) => {
  const { subnet, six } = await aws.dualStack();
  await aws.interface(subnet, { Ipv6Addresses: [{ Ipv6Address: six(0).replace("/64", "100") }] });
  return new ec2.AssignIpv6AddressesCommand({ NetworkInterfaceId: await aws.interface(subnet), Ipv6Addresses: [text(six(0).replace("/64", ""))] });
};

export const addresses: Scenarios = {
  "assign-private-unknown-interface": () => new ec2.AssignPrivateIpAddressesCommand({ NetworkInterfaceId: noInterface, PrivateIpAddresses: ["10.10.0.101"] }),
  "assign-private-address-outside-subnet": assigning("10.10.1.101"),
  "assign-private-address-reserved": assigning("10.10.0.255"),
  "assign-private-address-in-use": assigning("10.10.0.100"),
  "assign-ipv6-unknown-interface": () => new ec2.AssignIpv6AddressesCommand({ NetworkInterfaceId: noInterface, Ipv6Addresses: ["2001:db8::100"] }),
  "assign-ipv6-address-outside-subnet": assigningSix(() => "2001:db8::100"),
  "assign-ipv6-address-reserved": assigningSix((block) => `${block}3`),
  "assign-ipv6-address-in-use": assigningSix((block) => `${block}0100`),
  "unassign-private-unknown-interface": () => new ec2.UnassignPrivateIpAddressesCommand({ NetworkInterfaceId: noInterface, PrivateIpAddresses: ["10.10.0.101"] }),
  "unassign-ipv6-unknown-interface": () => new ec2.UnassignIpv6AddressesCommand({ NetworkInterfaceId: noInterface, Ipv6Addresses: ["2001:db8::100"] }),
  "unassign-primary-address": async (aws) => new ec2.UnassignPrivateIpAddressesCommand({ NetworkInterfaceId: await some(aws), PrivateIpAddresses: ["10.10.0.100"] }),
  "unassign-foreign-address": async (aws) => new ec2.UnassignPrivateIpAddressesCommand({ NetworkInterfaceId: await some(aws), PrivateIpAddresses: ["10.10.0.101"] }),
  "unassign-foreign-ipv6-address": async (aws) => new ec2.UnassignIpv6AddressesCommand({ NetworkInterfaceId: await some(aws), Ipv6Addresses: ["2001:db8::100"] }),
  "modify-unknown-interface": () => new ec2.ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: noInterface, SourceDestCheck: { Value: false } }),
  "modify-interface-unknown-group": async (aws) => new ec2.ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: await some(aws), Groups: [noGroup] }),
  "modify-interface-group-of-other-network": async (aws) =>
    new ec2.ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: await some(aws), Groups: [await newGroup(aws)] }),
  "interface-attributes-one-at-a-time": async (aws) => new ec2.ModifyNetworkInterfaceAttributeCommand({
    NetworkInterfaceId: await some(aws), SourceDestCheck: { Value: false }, Description: { Value: "any" },
  }),
  "attach-interface-in-use": async (aws) => {
    const { id, instance } = await attached(aws);
    return new ec2.AttachNetworkInterfaceCommand({ NetworkInterfaceId: id, InstanceId: instance, DeviceIndex: 1 });
  },
  "detach-primary-interface": async (aws) => new ec2.DetachNetworkInterfaceCommand({ AttachmentId: (await attached(aws)).attachment }),
};

const flowLog = (ResourceId: string, more: Partial<ec2.CreateFlowLogsCommandInput> = {}): ec2.CreateFlowLogsCommand =>
  new ec2.CreateFlowLogsCommand({
    ResourceIds: [ResourceId],
    ResourceType: "VPC",
    TrafficType: "ALL",
    LogGroupName: "/moonback/flow",
    DeliverLogsPermissionArn: `arn:aws:iam::${account}:role/flow`,
    MaxAggregationInterval: 60,
    ...more,
  });

export const flowLogs: Scenarios = {
  "flow-log-unknown-vpc": () => flowLog("vpc-00000000000000000"),
  "flow-log-unknown-subnet": () => flowLog(noSubnet, { ResourceType: "Subnet" }),
  "flow-log-unknown-interface": () => flowLog("eni-00000000000000000", { ResourceType: "NetworkInterface" }),
  "flow-log-aggregation": async (aws) => flowLog((await aws.vpc()).id, { MaxAggregationInterval: 120 }),
  "flow-log-needs-role": async (aws) => flowLog((await aws.vpc()).id, { DeliverLogsPermissionArn: undefined }),
  "flow-log-needs-destination": async (aws) => flowLog((await aws.vpc()).id, { LogGroupName: undefined }),
  // The second names the same log group by its ARN.
  "flow-log-exists": async (aws) => {
    const { id } = await aws.vpc();
    await aws.ec2.send(flowLog(id));
    const arn = `arn:aws:logs:${region}:${account}:log-group:/moonback/flow`;
    return flowLog(id, { LogGroupName: undefined, LogDestinationType: "cloud-watch-logs", LogDestination: arn });
  },
  "delete-unknown-flow-log": () => new ec2.DeleteFlowLogsCommand({ FlowLogIds: ["fl-00000000000000000"] }),
};
