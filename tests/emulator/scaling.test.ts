// A bastion's life in the rehearsal's AWS: a template that names a fixed interface, a group of at most one, what it launches.

import * as autoscaling from "@aws-sdk/client-auto-scaling";
import * as ec2 from "@aws-sdk/client-ec2";
import * as iam from "@aws-sdk/client-iam";
import * as ssm from "@aws-sdk/client-ssm";
import { expect } from "chai";
import type { Aws } from "./aws.ts";
import { account, debian, ipxe, refused, region, unique, zone } from "./aws.ts";
import { useEmulator } from "./use.ts";

describe("the rehearsal's AWS and Auto Scaling groups", function () {
  this.timeout(30_000);
  let aws: Aws;

  useEmulator((_, client) => {
    aws = client;
  });

  const describeGroup = async (name: string): Promise<autoscaling.AutoScalingGroup> =>
    (await aws.autoscaling.send(new autoscaling.DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }))).AutoScalingGroups![0]!;
  const resize = (AutoScalingGroupName: string, DesiredCapacity: number): Promise<unknown> =>
    aws.autoscaling.send(new autoscaling.SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity }));
  const members = async (name: string): Promise<string[]> => (await describeGroup(name)).Instances!.map((one) => one.InstanceId!);
  const activities = async (AutoScalingGroupName: string): Promise<autoscaling.Activity[]> =>
    (await aws.autoscaling.send(new autoscaling.DescribeScalingActivitiesCommand({ AutoScalingGroupName }))).Activities!;
  const terminate = (...InstanceIds: string[]): Promise<unknown> => aws.ec2.send(new ec2.TerminateInstancesCommand({ InstanceIds }));
  const tagsOf = (tags: ec2.Tag[] | undefined): Record<string, string> => Object.fromEntries((tags ?? []).map((tag) => [tag.Key!, tag.Value!]));

  /** A network with the bastion's interface, and a template that launches onto it. */
  async function bastion(data: Partial<ec2.RequestLaunchTemplateData> = {}): Promise<{ vpc: string; subnet: string; group: string; face: string; six: string; template: string }> {
    const { vpc, subnet, six } = await aws.dualStack();
    const group = await aws.group(vpc);
    const address = six(0).replace("/64", "100");
    const face = await aws.interface(subnet, { PrivateIpAddress: "10.10.0.100", Ipv6Addresses: [{ Ipv6Address: address }], Groups: [group] });
    const template = await aws.template({ NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: face }], ...data });
    return { vpc, subnet, group, face, six: address, template };
  }

  it("launches what the template says, onto the interface it names", async () => {
    const role = await aws.role();
    const profile = await aws.profile(role);
    const userData = Buffer.from("#cloud-config\n{}\n").toString("base64");
    const { vpc, subnet, group, face, six, template } = await bastion({
      IamInstanceProfile: { Name: profile },
      MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 1, HttpProtocolIpv6: "enabled", InstanceMetadataTags: "enabled" },
      CreditSpecification: { CpuCredits: "standard" },
      BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { VolumeSize: 20, VolumeType: "gp3", Encrypted: true, DeleteOnTermination: true, Throughput: 150 } }],
      UserData: userData,
      TagSpecifications: [
        { ResourceType: "instance", Tags: [{ Key: "Name", Value: "template" }, { Key: "stage", Value: "bastion" }] },
        { ResourceType: "volume", Tags: [{ Key: "stage", Value: "bastion" }] },
      ],
    });
    const name = await aws.scalingGroup(template, {
      LaunchTemplate: { LaunchTemplateId: template, Version: "$Latest" },
      Tags: [{ Key: "Name", Value: "tf-bastion", PropagateAtLaunch: true }, { Key: "private", Value: "any", PropagateAtLaunch: false }],
    });
    expect(await members(name)).to.deep.equal([]);
    await resize(name, 1);

    const seen = await describeGroup(name);
    const id = seen.Instances![0]!.InstanceId!;
    expect(seen.Instances).to.have.lengthOf(1);
    expect(seen.Instances![0]).to.deep.include({ LifecycleState: "InService", HealthStatus: "Healthy", AvailabilityZone: zone, InstanceType: "t4g.small" });
    expect(seen.Instances![0]!.LaunchTemplate).to.include({ LaunchTemplateId: template, Version: "1" });

    const instance = await aws.describeInstance(id);
    expect(instance).to.deep.include({
      ImageId: debian, InstanceType: "t4g.small", Architecture: "arm64", VpcId: vpc, SubnetId: subnet, PrivateIpAddress: "10.10.0.100",
      Ipv6Address: six, PrivateDnsName: `ip-10-10-0-100.${region}.compute.internal`, State: { Code: 16, Name: "running" },
      SecurityGroups: [{ GroupId: group, GroupName: instance.SecurityGroups![0]!.GroupName }],
    });
    expect(instance.PublicIpAddress).to.equal(undefined);
    expect(instance.Placement).to.include({ AvailabilityZone: zone });
    expect(instance.MetadataOptions).to.include({ HttpTokens: "required", HttpPutResponseHopLimit: 1, HttpProtocolIpv6: "enabled", InstanceMetadataTags: "enabled" });
    const { InstanceProfile } = await aws.iam.send(new iam.GetInstanceProfileCommand({ InstanceProfileName: profile }));
    expect(instance.IamInstanceProfile).to.deep.equal({ Arn: `arn:aws:iam::${account}:instance-profile/${profile}`, Id: InstanceProfile!.InstanceProfileId });
    expect(instance.NetworkInterfaces).to.have.lengthOf(1);
    expect(instance.NetworkInterfaces![0]).to.deep.include({ NetworkInterfaceId: face, PrivateIpAddress: "10.10.0.100" });
    expect(instance.NetworkInterfaces![0]!.Ipv6Addresses!.map((one) => one.Ipv6Address)).to.deep.equal([six]);
    expect(instance.NetworkInterfaces![0]!.Attachment).to.include({ DeviceIndex: 0, DeleteOnTermination: false, Status: "attached" });
    expect(tagsOf(instance.Tags)).to.deep.equal({
      Name: "tf-bastion", stage: "bastion", "aws:autoscaling:groupName": name,
      "aws:ec2launchtemplate:id": template, "aws:ec2launchtemplate:version": "1",
    });

    const attachment = (await aws.describeInterface(face)).Attachment;
    expect(attachment).to.include({ InstanceId: id, DeviceIndex: 0, DeleteOnTermination: false });
    const volumes = (await aws.ec2.send(new ec2.DescribeVolumesCommand({ Filters: [{ Name: "attachment.instance-id", Values: [id] }] }))).Volumes!;
    expect(volumes).to.have.lengthOf(1);
    expect(volumes[0]).to.deep.include({ Size: 20, VolumeType: "gp3", Encrypted: true, Iops: 3000, Throughput: 150, State: "in-use", AvailabilityZone: zone });
    expect(volumes[0]!.Attachments![0]).to.include({ Device: "/dev/xvda", DeleteOnTermination: true, State: "attached" });
    expect(tagsOf(volumes[0]!.Tags)).to.deep.equal({ stage: "bastion" });
    expect(instance.BlockDeviceMappings!.map((one) => [one.DeviceName, one.Ebs!.VolumeId])).to.deep.equal([["/dev/xvda", volumes[0]!.VolumeId]]);

    const attribute = await aws.ec2.send(new ec2.DescribeInstanceAttributeCommand({ InstanceId: id, Attribute: "userData" }));
    expect(attribute.UserData).to.deep.equal({ Value: userData });
    const credits = await aws.ec2.send(new ec2.DescribeInstanceCreditSpecificationsCommand({ InstanceIds: [id] }));
    expect(credits.InstanceCreditSpecifications).to.deep.equal([{ InstanceId: id, CpuCredits: "standard" }]);
    const associations = await aws.ec2.send(new ec2.DescribeIamInstanceProfileAssociationsCommand({ Filters: [{ Name: "instance-id", Values: [id] }] }));
    expect(associations.IamInstanceProfileAssociations!.map((one) => [one.State, one.IamInstanceProfile!.Arn])).to.deep.equal([["associated", instance.IamInstanceProfile!.Arn]]);
  });

  it("replaces an instance that ends, with the same interface", async () => {
    const { face, template } = await bastion();
    const name = await aws.scalingGroup(template, { DesiredCapacity: 1 });
    const seen = await members(name);
    await terminate(seen[0]!);
    seen.push(...(await members(name)));
    await aws.autoscaling.send(new autoscaling.TerminateInstanceInAutoScalingGroupCommand({ InstanceId: seen[1]!, ShouldDecrementDesiredCapacity: false }));
    seen.push(...(await members(name)));
    // A group sees only after minutes that an instance was stopped; told so, it acts.
    await aws.ec2.send(new ec2.StopInstancesCommand({ InstanceIds: [seen[2]!] }));
    expect(await members(name)).to.deep.equal([seen[2]]);
    await aws.autoscaling.send(new autoscaling.SetInstanceHealthCommand({ InstanceId: seen[2]!, HealthStatus: "Unhealthy" }));
    await resize(name, 1);
    seen.push(...(await members(name)));
    expect(new Set(seen)).to.have.lengthOf(4);
    expect((await aws.describeInterface(face)).Attachment!.InstanceId).to.equal(seen[3]);
    for (const id of seen.slice(0, 3)) expect((await aws.describeInstance(id)).State!.Name).to.equal("terminated");

    await resize(name, 0);
    expect(await members(name)).to.deep.equal([]);
    const left = await aws.describeInterface(face);
    expect(left).to.deep.include({ Status: "available", PrivateIpAddress: "10.10.0.100" });
    expect(left.Attachment).to.equal(undefined);
    expect((await activities(name)).map((one) => one.StatusCode)).to.deep.equal(Array(8).fill("Successful"));
  });

  it("ends an instance for good when the capacity shrinks with it", async () => {
    const { face, template } = await bastion();
    const name = await aws.scalingGroup(template, { DesiredCapacity: 1 });
    const InstanceId = (await members(name))[0]!;
    const made = await aws.autoscaling.send(new autoscaling.TerminateInstanceInAutoScalingGroupCommand({ InstanceId, ShouldDecrementDesiredCapacity: true }));
    expect(made.Activity!.Description).to.contain(InstanceId);
    expect(await describeGroup(name)).to.deep.include({ DesiredCapacity: 0, Instances: [] });
    expect((await aws.describeInterface(face)).Status).to.equal("available");
  });

  it("launches nothing while the interface is elsewhere, says so, and catches up", async () => {
    const { face, template } = await bastion();
    const holder = await aws.instance({ NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: face }] });
    const name = await aws.scalingGroup(template, { DesiredCapacity: 1 });
    expect(await members(name)).to.deep.equal([]);
    await resize(name, 1);
    const failed = await activities(name);
    expect(failed).to.have.lengthOf(1);
    expect(failed[0]).to.include({
      StatusCode: "Failed", StatusMessage: `Interface: [${face}] in use. Launching EC2 instance failed.`, AutoScalingGroupName: name, Progress: 100,
    });
    expect(failed[0]!.Cause).to.contain("increasing the capacity from 0 to 1");
    await terminate(holder);
    expect(await members(name)).to.have.lengthOf(1);
    expect((await activities(name)).map((one) => one.StatusCode)).to.deep.equal(["Successful", "Failed"]);
  });

  it("follows new bounds, and keeps a second action of the same name for a second group", async () => {
    const { template } = await bastion();
    const [name, other] = [await aws.scalingGroup(template), await aws.scalingGroup(template)];
    await aws.autoscaling.send(new autoscaling.UpdateAutoScalingGroupCommand({ AutoScalingGroupName: name, MinSize: 1 }));
    expect(await describeGroup(name)).to.include({ MinSize: 1, DesiredCapacity: 1, HealthCheckGracePeriod: 0 });
    await aws.autoscaling.send(new autoscaling.UpdateAutoScalingGroupCommand({
      AutoScalingGroupName: name, MinSize: 0, MaxSize: 0, DefaultCooldown: 60, TerminationPolicies: ["OldestInstance"],
    }));
    expect(await describeGroup(name)).to.deep.include({ DefaultCooldown: 60, TerminationPolicies: ["OldestInstance"], MaxSize: 0, DesiredCapacity: 0, Instances: [] });

    const schedule = { ScheduledActionName: "stop", Recurrence: "30 13 * * 1-5", TimeZone: "Europe/Dublin", MinSize: 0, MaxSize: 0, DesiredCapacity: 0 };
    const stored = async (AutoScalingGroupName: string): Promise<autoscaling.ScheduledUpdateGroupAction[]> =>
      (await aws.autoscaling.send(new autoscaling.DescribeScheduledActionsCommand({ AutoScalingGroupName }))).ScheduledUpdateGroupActions!;
    for (const AutoScalingGroupName of [name, other]) await aws.autoscaling.send(new autoscaling.PutScheduledUpdateGroupActionCommand({ AutoScalingGroupName, ...schedule }));
    await aws.autoscaling.send(new autoscaling.PutScheduledUpdateGroupActionCommand({ AutoScalingGroupName: other, ...schedule, Recurrence: "0 */2 1,15 JAN-JUN SUN" }));
    expect((await stored(name)).map((one) => one.AutoScalingGroupName)).to.deep.equal([name]);
    expect((await stored(name))[0]).to.deep.include(schedule);
    expect((await stored(other))[0]).to.include({ Recurrence: "0 */2 1,15 JAN-JUN SUN" });
    await aws.autoscaling.send(new autoscaling.DeleteScheduledActionCommand({ AutoScalingGroupName: name, ScheduledActionName: "stop" }));
    expect(await stored(name)).to.deep.equal([]);
    expect(await stored(other)).to.have.lengthOf(1);
    await aws.autoscaling.send(new autoscaling.DeleteAutoScalingGroupCommand({ AutoScalingGroupName: other }));
    const all = await aws.autoscaling.send(new autoscaling.DescribeScheduledActionsCommand({}));
    expect(all.ScheduledUpdateGroupActions!.filter((one) => one.AutoScalingGroupName === other)).to.deep.equal([]);
  });

  it("launches from the version the group names, and keeps a version's data as given", async () => {
    const { template, face } = await bastion({ UserData: Buffer.from("one").toString("base64") });
    const data = { ImageId: ipxe, InstanceType: "t4g.medium" as const, NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: face }] };
    const made = await aws.ec2.send(new ec2.CreateLaunchTemplateVersionCommand({ LaunchTemplateId: template, LaunchTemplateData: data }));
    expect(made.LaunchTemplateVersion).to.deep.include({ VersionNumber: 2, DefaultVersion: false, LaunchTemplateData: data });
    const copied = await aws.ec2.send(new ec2.CreateLaunchTemplateVersionCommand({
      LaunchTemplateId: template, SourceVersion: "1", LaunchTemplateData: { InstanceType: "t4g.micro" },
    }));
    expect(copied.LaunchTemplateVersion!.LaunchTemplateData).to.include({ ImageId: debian, InstanceType: "t4g.micro", UserData: Buffer.from("one").toString("base64") });

    const name = await aws.scalingGroup(template, { LaunchTemplate: { LaunchTemplateId: template, Version: "2" }, DesiredCapacity: 1 });
    expect(await aws.describeInstance((await members(name))[0]!)).to.include({ InstanceType: "t4g.medium", ImageId: ipxe });
    expect((await describeGroup(name)).Instances![0]!.LaunchTemplate!.Version).to.equal("2");
    await aws.ec2.send(new ec2.ModifyLaunchTemplateCommand({ LaunchTemplateId: template, DefaultVersion: "3" }));
    await aws.autoscaling.send(new autoscaling.UpdateAutoScalingGroupCommand({ AutoScalingGroupName: name, LaunchTemplate: { LaunchTemplateId: template } }));
    expect((await describeGroup(name)).Instances![0]!.LaunchTemplate!.Version).to.equal("2");
    await terminate(...(await members(name)));
    expect((await describeGroup(name)).Instances![0]!.LaunchTemplate!.Version).to.equal("3");
    expect(await aws.describeInstance((await members(name))[0]!)).to.include({ InstanceType: "t4g.micro" });
  });

  it("says that it knows groups with launch templates only", async () => {
    for (const other of [{ LaunchConfigurationName: "any" }, { InstanceId: "i-00000000000000000" }]) {
      const seen = await refused(aws.scalingGroup(await aws.template(), other));
      expect(seen).to.include({ code: "MoonbackNotImplemented", status: 501 });
    }
  });

  it("leaves nothing of ours when all is taken down in order", async () => {
    const Tags = [{ Key: unique("ours"), Value: "any" }];
    const specs = (type: ec2.ResourceType): { TagSpecifications: ec2.TagSpecification[] } => ({ TagSpecifications: [{ ResourceType: type, Tags }] });
    const { subnet, vpc } = await aws.network();
    const face = await aws.interface(subnet, specs("network-interface"));
    const role = await aws.role();
    const InstanceProfileName = await aws.profile(role);
    const Name = unique("/moonback/test/bastion");
    await aws.ssm.send(new ssm.PutParameterCommand({ Name, Value: "any", Type: "SecureString", Tags }));
    const LaunchTemplateId = (await aws.ec2.send(new ec2.CreateLaunchTemplateCommand({
      LaunchTemplateName: unique("bastion"), ...specs("launch-template"),
      LaunchTemplateData: {
        ImageId: debian, InstanceType: "t4g.small", NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: face }], IamInstanceProfile: { Name: InstanceProfileName },
        TagSpecifications: [{ ResourceType: "instance", Tags }, { ResourceType: "volume", Tags }],
      },
    }))).LaunchTemplate!.LaunchTemplateId!;
    const name = await aws.scalingGroup(LaunchTemplateId, { DesiredCapacity: 1, Tags: [{ ...Tags[0]!, PropagateAtLaunch: true }] });
    const tagged = async (): Promise<(string | undefined)[]> =>
      (await aws.ec2.send(new ec2.DescribeTagsCommand({ Filters: [{ Name: `tag:${Tags[0]!.Key}`, Values: ["any"] }] }))).Tags!.map((one) => one.ResourceType);
    expect(await tagged()).to.have.members(["network-interface", "launch-template", "instance", "volume"]);

    await aws.autoscaling.send(new autoscaling.DeleteAutoScalingGroupCommand({ AutoScalingGroupName: name, ForceDelete: true }));
    expect(await tagged()).to.have.members(["network-interface", "launch-template"]);
    await aws.ec2.send(new ec2.DeleteLaunchTemplateCommand({ LaunchTemplateId }));
    await aws.ec2.send(new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: face }));
    await aws.ssm.send(new ssm.DeleteParameterCommand({ Name }));
    await aws.iam.send(new iam.RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName: role }));
    await aws.iam.send(new iam.DeleteInstanceProfileCommand({ InstanceProfileName }));
    await aws.iam.send(new iam.DeleteRoleCommand({ RoleName: role }));
    await aws.ec2.send(new ec2.DeleteSubnetCommand({ SubnetId: subnet }));
    await aws.ec2.send(new ec2.DeleteVpcCommand({ VpcId: vpc }));

    expect(await tagged()).to.deep.equal([]);
    const Filters = [{ Name: `tag:${Tags[0]!.Key}`, Values: ["any"] }];
    const running = [...Filters, { Name: "instance-state-name", Values: ["pending", "running", "stopping", "stopped"] }];
    expect((await aws.ec2.send(new ec2.DescribeInstancesCommand({ Filters: running }))).Reservations).to.deep.equal([]);
    expect((await aws.ec2.send(new ec2.DescribeVolumesCommand({ Filters }))).Volumes).to.deep.equal([]);
    expect((await aws.ec2.send(new ec2.DescribeLaunchTemplatesCommand({ Filters }))).LaunchTemplates).to.deep.equal([]);
    const groups = await aws.autoscaling.send(new autoscaling.DescribeAutoScalingGroupsCommand({ Filters }));
    expect(groups.AutoScalingGroups).to.deep.equal([]);
    const parameters = await aws.ssm.send(new ssm.DescribeParametersCommand({ ParameterFilters: [{ Key: "Name", Values: [Name] }] }));
    expect(parameters.Parameters).to.deep.equal([]);
  });
});
