import type { RequestLaunchTemplateData } from "@aws-sdk/client-ec2";
import { ec2Tags, otherRegion, otherTags, retagEc2, TAGS } from "./fixtures-network.ts";
import type { Recorded } from "./harness.ts";
import type { Fixture, Lab } from "./lab.ts";

export const TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate";
export const INTERFACE = "aws:ec2/networkInterface:NetworkInterface";
/** In the emulator's catalogue, as they are in AWS's. */
const [IMAGE, OLDER_IMAGE] = ["ami-0d132025111722990", "ami-0d132025081422040"];

/** An address of the subnet that an interface is in. */
async function inSubnet(lab: Lab, subject: Recorded, host: number): Promise<{ ipv4: string; ipv6: string }> {
  const { Subnets: [live] = [] } = await lab.aws.ec2.describeSubnets({ SubnetIds: [String(subject.inputs["subnetId"])] });
  const block = live?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock ?? "";
  return { ipv4: (live?.CidrBlock ?? "").replace(/0\/24$/, String(host)), ipv6: block.replace("::/64", `::${String(host)}`) };
}

async function groupBeside(lab: Lab, subject: Recorded): Promise<string> {
  const { Subnets: [live] = [] } = await lab.aws.ec2.describeSubnets({ SubnetIds: [String(subject.inputs["subnetId"])] });
  const { GroupId } = await lab.aws.ec2.createSecurityGroup({ GroupName: `beside-${String(lab.next())}`, Description: "another", VpcId: live?.VpcId });
  return GroupId ?? "";
}

const networkInterface: Fixture = {
  token: INTERFACE,
  secret: "description",
  outputs: ["arn", "attachments", "interfaceType", "macAddress", "ownerId", "privateIp", "region", "tagsAll"],
  async inputs(lab) {
    const subnet = await lab.make("aws:ec2/subnet:Subnet");
    const group = await lab.make("aws:ec2/securityGroup:SecurityGroup", { vpcId: subnet.inputs["vpcId"] });
    return {
      subnetId: subnet.id,
      privateIps: [String(subnet.inputs["cidrBlock"]).replace("0/24", "100")],
      // Not the spelling that AWS answers.
      ipv6Addresses: [String(subnet.inputs["ipv6CidrBlock"]).replace("::/64", ":0:0:0:100").toUpperCase()],
      securityGroups: [group.id],
      tags: TAGS,
    };
  },
  changes: {
    subnetId: { to: "subnet-0other", expect: "replace" },
    description: { to: "another", expect: "update" },
    privateIps: { to: async (lab: Lab, subject: Recorded) => [subject.state["privateIp"], (await inSubnet(lab, subject, 101)).ipv4], expect: "update" },
    ipv6Addresses: { to: async (lab: Lab, subject: Recorded) => [(await inSubnet(lab, subject, 101)).ipv6], expect: "update" },
    securityGroups: { to: async (lab: Lab, subject: Recorded) => [await groupBeside(lab, subject)], expect: "update" },
    sourceDestCheck: { to: false, expect: "update" },
    region: otherRegion,
    tags: otherTags,
  },
  behindTheBack: {
    description: (lab, { id }) => lab.aws.ec2.modifyNetworkInterfaceAttribute({ NetworkInterfaceId: id, Description: { Value: "someone else" } }),
    privateIps: async (lab, subject) =>
      lab.aws.ec2.assignPrivateIpAddresses({ NetworkInterfaceId: subject.id, PrivateIpAddresses: [(await inSubnet(lab, subject, 102)).ipv4] }),
    ipv6Addresses: async (lab, subject) =>
      lab.aws.ec2.assignIpv6Addresses({ NetworkInterfaceId: subject.id, Ipv6Addresses: [(await inSubnet(lab, subject, 102)).ipv6] }),
    securityGroups: async (lab, subject) =>
      lab.aws.ec2.modifyNetworkInterfaceAttribute({ NetworkInterfaceId: subject.id, Groups: [await groupBeside(lab, subject)] }),
    sourceDestCheck: (lab, { id }) => lab.aws.ec2.modifyNetworkInterfaceAttribute({ NetworkInterfaceId: id, SourceDestCheck: { Value: false } }),
    tags: retagEc2,
  },
  async observe(lab, id) {
    const { NetworkInterfaces: [live] = [] } = await lab.aws.ec2.describeNetworkInterfaces({ NetworkInterfaceIds: [id] });
    return {
      description: live?.Description ?? "",
      privateIps: live?.PrivateIpAddresses?.map((each) => each.PrivateIpAddress),
      ipv6Addresses: live?.Ipv6Addresses?.map((each) => each.Ipv6Address),
      securityGroups: live?.Groups?.map((each) => each.GroupId),
      sourceDestCheck: live?.SourceDestCheck,
      tags: await ec2Tags(lab, id),
    };
  },
};

const script = (line: string): string => Buffer.from(`#!/bin/sh\n${line}\n`).toString("base64");
const disk = (volumeSize: number) => [{ deviceName: "/dev/xvda", ebs: { volumeSize, volumeType: "gp3", encrypted: "true", deleteOnTermination: "true" } }];
const awsDisk = (VolumeSize: number) => [{ DeviceName: "/dev/xvda", Ebs: { VolumeSize, VolumeType: "gp3", Encrypted: true, DeleteOnTermination: true } }];

/** Makes a new version of the template that differs in what is given. */
const newVersion = (changes: RequestLaunchTemplateData, VersionDescription?: string) => async (lab: Lab, { id }: Recorded): Promise<unknown> => {
  const latest = await latestOf(lab, id);
  return lab.aws.ec2.createLaunchTemplateVersion({
    LaunchTemplateId: id,
    VersionDescription: VersionDescription ?? latest?.VersionDescription,
    LaunchTemplateData: { ...(latest?.LaunchTemplateData as RequestLaunchTemplateData), ...changes },
  });
};

async function latestOf(lab: Lab, id: string) {
  const { LaunchTemplateVersions: [latest] = [] } = await lab.aws.ec2.describeLaunchTemplateVersions({ LaunchTemplateId: id, Versions: ["$Latest"] });
  return latest;
}

const launchTemplate: Fixture = {
  token: TEMPLATE,
  secret: "userData",
  outputs: ["arn", "defaultVersion", "latestVersion", "region", "tagsAll"],
  inputs: (lab) => Promise.resolve({
    name: `template-${String(lab.next())}`,
    description: "first",
    imageId: IMAGE,
    instanceType: "t4g.small",
    userData: script("echo hello"),
    updateDefaultVersion: true,
    blockDeviceMappings: disk(8),
    creditSpecification: { cpuCredits: "standard" },
    iamInstanceProfile: { name: "bastion" },
    instanceInitiatedShutdownBehavior: "terminate",
    metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
    networkInterfaces: [{ networkInterfaceId: "eni-0123456789abcdef0", deleteOnTermination: "false" }],
    tagSpecifications: [{ resourceType: "instance", tags: { Name: "bastion" } }, { resourceType: "volume", tags: { Name: "bastion" } }],
    tags: TAGS,
  }),
  changes: {
    name: { to: "another", expect: "replace" },
    description: { to: "second", expect: "update" },
    imageId: { to: OLDER_IMAGE, expect: "update" },
    instanceType: { to: "t4g.medium", expect: "update" },
    userData: { to: script("echo bye"), expect: "update" },
    updateDefaultVersion: { to: false, expect: "update" },
    blockDeviceMappings: { to: disk(10), expect: "update", observed: awsDisk(10) },
    creditSpecification: { to: { cpuCredits: "unlimited" }, expect: "update", observed: { CpuCredits: "unlimited" } },
    iamInstanceProfile: { to: { name: "another" }, expect: "update", observed: { Name: "another" } },
    instanceInitiatedShutdownBehavior: { to: "stop", expect: "update" },
    metadataOptions: { to: { httpTokens: "optional" }, expect: "update", observed: { HttpTokens: "optional" } },
    networkInterfaces: {
      to: [{ deviceIndex: 0, networkInterfaceId: "eni-0fedcba9876543210", deleteOnTermination: "false" }],
      expect: "update",
      observed: [{ DeviceIndex: 0, NetworkInterfaceId: "eni-0fedcba9876543210", DeleteOnTermination: false }],
    },
    tagSpecifications: {
      to: [{ resourceType: "instance", tags: { Name: "another" } }],
      expect: "update",
      observed: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: "another" }] }],
    },
    region: otherRegion,
    tags: otherTags,
  },
  behindTheBack: {
    description: newVersion({}, "someone else"),
    imageId: newVersion({ ImageId: OLDER_IMAGE }),
    instanceType: newVersion({ InstanceType: "t4g.nano" }),
    userData: newVersion({ UserData: script("echo someone else") }),
    blockDeviceMappings: newVersion({ BlockDeviceMappings: awsDisk(16) as RequestLaunchTemplateData["BlockDeviceMappings"] }),
    creditSpecification: newVersion({ CreditSpecification: { CpuCredits: "unlimited" } }),
    iamInstanceProfile: newVersion({ IamInstanceProfile: { Name: "someone-else" } }),
    instanceInitiatedShutdownBehavior: newVersion({ InstanceInitiatedShutdownBehavior: "stop" }),
    metadataOptions: newVersion({ MetadataOptions: { HttpTokens: "optional", HttpPutResponseHopLimit: 1 } }),
    networkInterfaces: newVersion({ NetworkInterfaces: [{ NetworkInterfaceId: "eni-0fedcba9876543210", DeleteOnTermination: false }] }),
    tagSpecifications: newVersion({ TagSpecifications: [] }),
    tags: retagEc2,
  },
  async observe(lab, id) {
    const latest = await latestOf(lab, id);
    const data = latest?.LaunchTemplateData;
    return {
      description: latest?.VersionDescription,
      imageId: data?.ImageId,
      instanceType: data?.InstanceType,
      userData: data?.UserData,
      blockDeviceMappings: data?.BlockDeviceMappings,
      creditSpecification: data?.CreditSpecification,
      iamInstanceProfile: data?.IamInstanceProfile,
      instanceInitiatedShutdownBehavior: data?.InstanceInitiatedShutdownBehavior,
      metadataOptions: data?.MetadataOptions,
      networkInterfaces: data?.NetworkInterfaces,
      tagSpecifications: data?.TagSpecifications,
      tags: await ec2Tags(lab, id),
    };
  },
};

export const instanceFixtures: readonly Fixture[] = [networkInterface, launchTemplate];
