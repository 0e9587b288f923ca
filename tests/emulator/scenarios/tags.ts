// One refused call for every tag rule of EC2: the same few rules for every call that takes tags.

import * as ec2 from "@aws-sdk/client-ec2";
import { account, debian, unique, zone, type Aws, type Scenarios } from "../aws.ts";

type Make = (aws: Aws, specs: ec2.TagSpecification[]) => Promise<object> | object;

const permissions = [{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "192.0.2.0/24" }] }];

/** Every call that takes tags at creation, with all else valid, and the type its tags are for. */
const creates: Record<string, { type: ec2.ResourceType; make: Make }> = {
  "create-vpc": { type: "vpc", make: (_, TagSpecifications) => new ec2.CreateVpcCommand({ CidrBlock: "10.10.0.0/16", TagSpecifications }) },
  "create-subnet": {
    type: "subnet",
    make: async (aws, TagSpecifications) => new ec2.CreateSubnetCommand({ VpcId: (await aws.vpc()).id, CidrBlock: "10.10.0.0/24", TagSpecifications }),
  },
  "create-internet-gateway": { type: "internet-gateway", make: (_, TagSpecifications) => new ec2.CreateInternetGatewayCommand({ TagSpecifications }) },
  "create-route-table": {
    type: "route-table",
    make: async (aws, TagSpecifications) => new ec2.CreateRouteTableCommand({ VpcId: (await aws.vpc()).id, TagSpecifications }),
  },
  "create-security-group": {
    type: "security-group",
    make: async (aws, TagSpecifications) =>
      new ec2.CreateSecurityGroupCommand({ VpcId: (await aws.vpc()).id, GroupName: unique("tagged"), Description: "any", TagSpecifications }),
  },
  "authorize-security-group-ingress": {
    type: "security-group-rule",
    make: async (aws, TagSpecifications) =>
      new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId: await aws.group((await aws.vpc()).id), IpPermissions: permissions, TagSpecifications }),
  },
  "authorize-security-group-egress": {
    type: "security-group-rule",
    make: async (aws, TagSpecifications) =>
      new ec2.AuthorizeSecurityGroupEgressCommand({ GroupId: await aws.group((await aws.vpc()).id), IpPermissions: permissions, TagSpecifications }),
  },
  "create-network-interface": {
    type: "network-interface",
    make: async (aws, TagSpecifications) => new ec2.CreateNetworkInterfaceCommand({ SubnetId: (await aws.network()).subnet, TagSpecifications }),
  },
  "create-volume": { type: "volume", make: (_, TagSpecifications) => new ec2.CreateVolumeCommand({ Size: 8, AvailabilityZone: zone, TagSpecifications }) },
  "create-launch-template": {
    type: "launch-template",
    make: (_, TagSpecifications) =>
      new ec2.CreateLaunchTemplateCommand({ LaunchTemplateName: unique("tagged"), LaunchTemplateData: { ImageId: debian }, TagSpecifications }),
  },
  "run-instances": {
    type: "instance",
    make: async (aws, TagSpecifications) => new ec2.RunInstancesCommand({
      ImageId: debian, InstanceType: "t4g.small", MinCount: 1, MaxCount: 1, SubnetId: (await aws.network()).subnet, TagSpecifications,
    }),
  },
  "create-flow-logs": {
    type: "vpc-flow-log",
    make: async (aws, TagSpecifications) => new ec2.CreateFlowLogsCommand({
      ResourceIds: [(await aws.vpc()).id], ResourceType: "VPC", TrafficType: "ALL", LogGroupName: "/moonback/flow",
      DeliverLogsPermissionArn: `arn:aws:iam::${account}:role/flow`, TagSpecifications,
    }),
  },
};

const many = (count: number, stem = "key"): ec2.Tag[] => Array.from({ length: count }, (_, n) => ({ Key: `${stem}-${n}`, Value: "any" }));

const badTags: Record<string, ec2.Tag[]> = {
  "reserved-tag-key": [{ Key: "aws:any", Value: "any" }],
  "too-many-tags": many(51),
  "tag-key-length": [{ Key: "k".repeat(129), Value: "any" }],
  "tag-value-length": [{ Key: "any", Value: "v".repeat(257) }],
  "repeated-tag-key": [{ Key: "any", Value: "one" }, { Key: "any", Value: "two" }],
};

/** Tags that a template's launches are to put on something a launch does not make. */
const templateTags: ec2.RequestLaunchTemplateData = { TagSpecifications: [{ ResourceType: "launch-template", Tags: [{ Key: "any", Value: "any" }] }] };

function tagsAtCreation(): Scenarios {
  const scenarios: Scenarios = {};
  for (const [id, { type, make }] of Object.entries(creates)) {
    for (const [rule, Tags] of Object.entries(badTags)) {
      scenarios[`${id}-${rule}`] = (aws) => make(aws, [{ ResourceType: type, Tags }]);
    }
    scenarios[`${id}-tag-type`] = (aws) => make(aws, [{ ResourceType: "dhcp-options", Tags: [{ Key: "any", Value: "any" }] }]);
  }
  return scenarios;
}

const tagging = (resource: string, Tags: ec2.Tag[] = [{ Key: "any", Value: "any" }]): ec2.CreateTagsCommand =>
  new ec2.CreateTagsCommand({ Resources: [resource], Tags });

function tagsAfterCreation(): Scenarios {
  const scenarios: Scenarios = {};
  for (const [rule, Tags] of Object.entries(badTags)) {
    scenarios[`create-tags-${rule}`] = async (aws) => tagging((await aws.vpc()).id, Tags);
  }
  return scenarios;
}

export const tags: Scenarios = {
  ...tagsAtCreation(),
  ...tagsAfterCreation(),
  "tag-limit-of-resource": async (aws) => {
    const { id } = await aws.vpc();
    await aws.ec2.send(tagging(id, many(50)));
    return tagging(id, many(1, "more"));
  },
  "tag-malformed-id": () => tagging("nonsense"),
  "tag-unknown-vpc": () => tagging("vpc-00000000000000000"),
  "tag-unknown-subnet": () => tagging("subnet-00000000000000000"),
  "tag-unknown-internet-gateway": () => tagging("igw-00000000000000000"),
  "tag-unknown-route-table": () => tagging("rtb-00000000000000000"),
  "tag-unknown-security-group": () => tagging("sg-00000000000000000"),
  "tag-unknown-volume": () => tagging("vol-00000000000000000"),
  "tag-unknown-launch-template": () => tagging("lt-00000000000000000"),
  "tag-unknown-instance": () => tagging("i-00000000000000000"),
  "template-data-tag-type": () => new ec2.CreateLaunchTemplateCommand({ LaunchTemplateName: unique("tagged"), LaunchTemplateData: templateTags }),
  "template-version-data-tag-type": async (aws) => new ec2.CreateLaunchTemplateVersionCommand({ LaunchTemplateId: await aws.template(), LaunchTemplateData: templateTags }),
  "tag-unknown-interface": () => tagging("eni-00000000000000000"),
  "tag-unknown-flow-log": () => tagging("fl-00000000000000000"),
  "tag-unknown-group-rule": () => tagging("sgr-00000000000000000"),
};
