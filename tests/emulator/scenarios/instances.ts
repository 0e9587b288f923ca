// One refused call for every rule about launching, starting and stopping instances, and about their volumes.

import * as ec2 from "@aws-sdk/client-ec2";
import { debian, unique, zone, type Aws, type Scenario, type Scenarios } from "../aws.ts";

const noInstance = "i-00000000000000000";
const noVolume = "vol-00000000000000000";
const noTemplate = "lt-00000000000000000";
const one = { ImageId: debian, InstanceType: "t4g.small", MinCount: 1, MaxCount: 1 } as const;

/** A launch into a new subnet of 10.10.0.0/24 with one thing wrong. */
const running = (input: Partial<ec2.RunInstancesCommandInput>): Scenario =>
  async (aws) => new ec2.RunInstancesCommand({ ...one, SubnetId: (await aws.network()).subnet, ...input });

/** A launch with the given specification of its primary interface. */
const runningWith = (spec: (aws: Aws) => Promise<ec2.InstanceNetworkInterfaceSpecification>, input: Partial<ec2.RunInstancesCommandInput> = {}): Scenario =>
  async (aws) => new ec2.RunInstancesCommand({ ...one, NetworkInterfaces: [{ DeviceIndex: 0, ...(await spec(aws)) }], ...input });

const base64 = (bytes: number): string => Buffer.alloc(bytes, "#").toString("base64");
const inSubnet = async (aws: Aws): Promise<ec2.InstanceNetworkInterfaceSpecification> => ({ SubnetId: (await aws.network()).subnet });

export const launches: Scenarios = {
  "run-unknown-template": running({ LaunchTemplate: { LaunchTemplateId: noTemplate } }),
  "run-unknown-template-name": running({ LaunchTemplate: { LaunchTemplateName: "nothing" } }),
  "run-unknown-template-version": async (aws) => new ec2.RunInstancesCommand({
    ...one, LaunchTemplate: { LaunchTemplateId: await aws.template(), Version: "2" },
  }),
  "run-without-image": running({ ImageId: undefined }),
  "run-unknown-image": running({ ImageId: "ami-12c6146b" }),
  "run-unknown-type": running({ InstanceType: "t4g.tiny" as ec2._InstanceType }),
  "run-other-architecture": running({ InstanceType: "t3.small" }),
  "run-user-data-size": running({ UserData: base64(16_385) }),
  "run-malformed-user-data": running({ UserData: "#cloud-config" }),
  "run-groups-beside-interfaces": runningWith(inSubnet, { SecurityGroupIds: ["sg-00000000000000000"] }),
  "run-subnet-beside-interfaces": runningWith(inSubnet, { SubnetId: "subnet-00000000000000000" }),
  "run-address-beside-interfaces": runningWith(inSubnet, { PrivateIpAddress: "10.10.0.100" }),
  "run-unknown-interface": runningWith(() => Promise.resolve({ NetworkInterfaceId: "eni-00000000000000000" })),
  "run-existing-interface-described": runningWith(async (aws) => {
    const { vpc, subnet } = await aws.network();
    return { NetworkInterfaceId: await aws.interface(subnet), Groups: [await aws.group(vpc)] };
  }),
  "run-interface-in-use": async (aws) => {
    const NetworkInterfaces = [{ DeviceIndex: 0, NetworkInterfaceId: await aws.interface((await aws.network()).subnet) }];
    await aws.instance({ NetworkInterfaces });
    return new ec2.RunInstancesCommand({ ...one, NetworkInterfaces });
  },
  "run-unknown-subnet": running({ SubnetId: "subnet-00000000000000000" }),
  "run-other-zone": running({ Placement: { AvailabilityZone: zone.replace(/a$/, "b") } }),
  "run-without-default-subnet": async (aws) => {
    const [AvailabilityZone, filters] = [zone.replace(/a$/, "c"), [{ Name: "default-for-az", Values: ["true"] }]];
    const { Subnets } = await aws.ec2.send(new ec2.DescribeSubnetsCommand({ Filters: [...filters, { Name: "availability-zone", Values: [AvailabilityZone] }] }));
    for (const { SubnetId } of Subnets!) await aws.ec2.send(new ec2.DeleteSubnetCommand({ SubnetId }));
    return new ec2.RunInstancesCommand({ ...one, Placement: { AvailabilityZone } });
  },
  "run-interface-for-many": runningWith(async (aws) => ({ NetworkInterfaceId: await aws.interface((await aws.network()).subnet) }), { MaxCount: 2 }),
  "run-unknown-profile": running({ IamInstanceProfile: { Name: "nothing" } }),
  "run-profile-without-role": async (aws) => new ec2.RunInstancesCommand({
    ...one, SubnetId: (await aws.network()).subnet, IamInstanceProfile: { Name: await aws.profile() },
  }),
  "run-root-volume-size": running({ BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { VolumeSize: 4 } }] }),
  "run-unknown-group": running({ SecurityGroupIds: ["sg-00000000000000000"] }),
  "run-group-of-other-network": async (aws) => new ec2.RunInstancesCommand({
    ...one, SubnetId: (await aws.network()).subnet, SecurityGroupIds: [await aws.group((await aws.vpc()).id)],
  }),
  "run-address-outside-subnet": running({ PrivateIpAddress: "10.10.1.100" }),
  "run-address-reserved": runningWith(async (aws) => ({ ...(await inSubnet(aws)), PrivateIpAddress: "10.10.0.2" })),
  "run-address-in-use": async (aws) => {
    const { subnet } = await aws.network();
    await aws.interface(subnet, { PrivateIpAddress: "10.10.0.100" });
    return new ec2.RunInstancesCommand({ ...one, SubnetId: subnet, PrivateIpAddress: "10.10.0.100" });
  },
};

async function ended(aws: Aws): Promise<string> {
  const id = await aws.instance();
  await aws.ec2.send(new ec2.TerminateInstancesCommand({ InstanceIds: [id] }));
  return id;
}

export const instances: Scenarios = {
  "start-unknown-instance": () => new ec2.StartInstancesCommand({ InstanceIds: [noInstance] }),
  "stop-unknown-instance": () => new ec2.StopInstancesCommand({ InstanceIds: [noInstance] }),
  "terminate-unknown-instance": () => new ec2.TerminateInstancesCommand({ InstanceIds: [noInstance] }),
  "console-unknown-instance": () => new ec2.GetConsoleOutputCommand({ InstanceId: noInstance }),
  "metadata-unknown-instance": () => new ec2.ModifyInstanceMetadataOptionsCommand({ InstanceId: noInstance, HttpTokens: "required" }),
  "start-ended-instance": async (aws) => new ec2.StartInstancesCommand({ InstanceIds: [await ended(aws)] }),
  "stop-ended-instance": async (aws) => new ec2.StopInstancesCommand({ InstanceIds: [await ended(aws)] }),
};

async function volume(aws: Aws, AvailabilityZone = zone): Promise<string> {
  return (await aws.ec2.send(new ec2.CreateVolumeCommand({ Size: 8, AvailabilityZone }))).VolumeId!;
}

const attaching = (VolumeId: string, InstanceId: string, Device = "/dev/sdf"): ec2.AttachVolumeCommand =>
  new ec2.AttachVolumeCommand({ VolumeId, InstanceId, Device });

export const volumes: Scenarios = {
  "volume-unknown-zone": () => new ec2.CreateVolumeCommand({ Size: 8, AvailabilityZone: "us-west-9z" }),
  "delete-unknown-volume": () => new ec2.DeleteVolumeCommand({ VolumeId: noVolume }),
  "delete-volume-in-use": async (aws) => {
    const VolumeId = await volume(aws);
    await aws.ec2.send(attaching(VolumeId, await aws.instance()));
    return new ec2.DeleteVolumeCommand({ VolumeId });
  },
  "attach-unknown-volume": async (aws) => attaching(noVolume, await aws.instance()),
  "attach-volume-unknown-instance": async (aws) => attaching(await volume(aws), noInstance),
  "attach-volume-in-use": async (aws) => {
    const id = await volume(aws);
    await aws.ec2.send(attaching(id, await aws.instance()));
    return attaching(id, await aws.instance());
  },
  "attach-volume-other-zone": async (aws) => attaching(await volume(aws, zone.replace(/a$/, "b")), await aws.instance()),
  "attach-volume-device-in-use": async (aws) => attaching(await volume(aws), await aws.instance(), "/dev/xvda"),
  "attach-volume-ended-instance": async (aws) => attaching(await volume(aws), await ended(aws)),
  "detach-unknown-volume": async (aws) => new ec2.DetachVolumeCommand({ VolumeId: noVolume, InstanceId: await aws.instance() }),
  "detach-available-volume": async (aws) => new ec2.DetachVolumeCommand({ VolumeId: await volume(aws) }),
  "detach-root-volume": async (aws) => {
    const instance = await aws.describeInstance(await aws.instance());
    return new ec2.DetachVolumeCommand({ VolumeId: instance.BlockDeviceMappings![0]!.Ebs!.VolumeId! });
  },
};

const naming = (data: Partial<ec2.RequestLaunchTemplateData>, name = unique("template")): ec2.CreateLaunchTemplateCommand =>
  new ec2.CreateLaunchTemplateCommand({ LaunchTemplateName: name, LaunchTemplateData: { ImageId: debian, ...data } });

const versionOf = (LaunchTemplateId: string, more: Partial<ec2.CreateLaunchTemplateVersionCommandInput> = {}): ec2.CreateLaunchTemplateVersionCommand =>
  new ec2.CreateLaunchTemplateVersionCommand({ LaunchTemplateId, LaunchTemplateData: {}, ...more });

export const launchTemplates: Scenarios = {
  "template-exists": async (aws) => {
    const name = unique("twice");
    await aws.ec2.send(naming({}, name));
    return naming({}, name);
  },
  "template-name": () => naming({}, "no spaces"),
  "template-user-data-size": () => naming({ UserData: base64(16_385) }),
  "template-user-data-malformed": () => naming({ UserData: "#cloud-config" }),
  "template-version-user-data-size": async (aws) => versionOf(await aws.template(), { LaunchTemplateData: { UserData: base64(16_385) } }),
  "template-version-user-data-malformed": async (aws) => versionOf(await aws.template(), { LaunchTemplateData: { UserData: "#cloud-config" } }),
  "template-version-of-unknown": () => versionOf(noTemplate),
  "template-unknown-source-version": async (aws) => versionOf(await aws.template(), { SourceVersion: "2" }),
  "modify-unknown-template": () => new ec2.ModifyLaunchTemplateCommand({ LaunchTemplateId: noTemplate, DefaultVersion: "1" }),
  "default-unknown-version": async (aws) => new ec2.ModifyLaunchTemplateCommand({ LaunchTemplateId: await aws.template(), DefaultVersion: "2" }),
  "delete-unknown-template": () => new ec2.DeleteLaunchTemplateCommand({ LaunchTemplateId: noTemplate }),
  "template-unknown": () => new ec2.DescribeLaunchTemplatesCommand({ LaunchTemplateIds: [noTemplate] }),
  "template-name-unknown": () => new ec2.DescribeLaunchTemplatesCommand({ LaunchTemplateNames: ["nothing"] }),
  "template-versions-of-unknown": () => new ec2.DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: noTemplate }),
  "template-unknown-version": async (aws) => new ec2.DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: await aws.template(), Versions: ["2"] }),
};
