// Where moto's answer about instances, interfaces, volumes, images and templates is not AWS's, and the rehearsal's is.

import * as ec2 from "@aws-sdk/client-ec2";
import { expect } from "chai";
import type { Aws } from "./aws.ts";
import { debian, ipxe, region, unique, zone } from "./aws.ts";
import { useEmulator } from "./use.ts";

describe("the rehearsal's AWS and instances", function () {
  this.timeout(30_000);
  let aws: Aws;

  useEmulator((_, client) => {
    aws = client;
  });

  const on = (face: string): { NetworkInterfaces: ec2.InstanceNetworkInterfaceSpecification[] } => ({ NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: face }] });
  const stop = (id: string): Promise<unknown> => aws.ec2.send(new ec2.StopInstancesCommand({ InstanceIds: [id] }));
  const start = (id: string): Promise<unknown> => aws.ec2.send(new ec2.StartInstancesCommand({ InstanceIds: [id] }));
  const terminate = (id: string): Promise<unknown> => aws.ec2.send(new ec2.TerminateInstancesCommand({ InstanceIds: [id] }));
  const volumesOf = async (id: string): Promise<ec2.Volume[]> =>
    (await aws.ec2.send(new ec2.DescribeVolumesCommand({ Filters: [{ Name: "attachment.instance-id", Values: [id] }] }))).Volumes!;

  describe("that stop and end", () => {
    it("keeps the interface while stopped, and lets go of it at the end", async () => {
      const { vpc, subnet } = await aws.network();
      const face = await aws.interface(subnet);
      const id = await aws.instance(on(face));
      await stop(id);
      expect((await aws.describeInterface(face)).Attachment!.InstanceId).to.equal(id);
      expect(await aws.describeInstance(id)).to.deep.include({ State: { Code: 80, Name: "stopped" }, SubnetId: subnet });
      await start(id);
      expect(await aws.describeInstance(id)).to.deep.include({ State: { Code: 16, Name: "running" } });
      await terminate(id);
      await terminate(id); // as often as one likes
      expect(await aws.describeInterface(face)).to.include({ Status: "available" });
      const ended = await aws.describeInstance(id);
      expect(ended).to.deep.include({ State: { Code: 48, Name: "terminated" }, NetworkInterfaces: [], SecurityGroups: [], BlockDeviceMappings: [] });
      for (const gone of ["SubnetId", "VpcId", "PrivateIpAddress"] as const) expect(ended[gone], gone).to.equal(undefined);
      await aws.ec2.send(new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: face }));
      await aws.ec2.send(new ec2.DeleteSubnetCommand({ SubnetId: subnet }));
      await aws.ec2.send(new ec2.DeleteVpcCommand({ VpcId: vpc }));
    });

    it("takes along what the launch made: interface and volumes, with their tags", async () => {
      const { vpc, subnet } = await aws.network();
      const Tags = [{ Key: unique("launched"), Value: "any" }];
      const types = ["instance", "volume", "network-interface"] as const;
      const id = await aws.instance({
        SubnetId: subnet, SecurityGroupIds: [await aws.group(vpc)], TagSpecifications: types.map((ResourceType) => ({ ResourceType, Tags })),
        BlockDeviceMappings: [{ DeviceName: "/dev/sdf", Ebs: { VolumeSize: 1, DeleteOnTermination: false } }],
      });
      const Filters = [{ Name: "key", Values: [Tags[0]!.Key] }];
      const left = async (): Promise<(string | undefined)[]> => (await aws.ec2.send(new ec2.DescribeTagsCommand({ Filters }))).Tags!.map((tag) => tag.ResourceType);
      expect(await left()).to.have.members(["instance", "volume", "volume", "network-interface"]);
      const [kept] = (await volumesOf(id)).filter((one) => one.Attachments![0]!.Device === "/dev/sdf");
      await terminate(id);
      expect(await left()).to.deep.equal(["volume"]);
      await aws.ec2.send(new ec2.DeleteVolumeCommand({ VolumeId: kept!.VolumeId! }));
      expect(await left()).to.deep.equal([]);
      expect((await aws.describeInstance(id)).Tags).to.deep.equal(Tags);
      await aws.ec2.send(new ec2.DeleteSubnetCommand({ SubnetId: subnet }));
    });
  });

  describe("and their public addresses", () => {
    const publish = (id: string, wanted: boolean): Promise<unknown> =>
      aws.ec2.send(new ec2.ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: id, AssociatePublicIpAddress: wanted }));

    it("gives one to the interface that asks, while its instance runs", async () => {
      const { vpc, subnet } = await aws.network();
      await aws.ec2.send(new ec2.ModifyVpcAttributeCommand({ VpcId: vpc, EnableDnsHostnames: { Value: true } }));
      const face = await aws.interface(subnet);
      const association = async (): Promise<ec2.NetworkInterfaceAssociation | undefined> => (await aws.describeInterface(face)).Association;
      await publish(face, true);
      expect(await association()).to.equal(undefined);
      const id = await aws.instance(on(face));
      const seen = await association();
      const PublicDnsName = `ec2-${seen!.PublicIp!.replaceAll(".", "-")}.${region}.compute.amazonaws.com`;
      expect(seen).to.deep.equal({ IpOwnerId: "amazon", PublicIp: seen!.PublicIp, PublicDnsName });
      const instance = await aws.describeInstance(id);
      expect(instance).to.include({ PublicIpAddress: seen!.PublicIp, PublicDnsName });
      expect(instance.NetworkInterfaces![0]!.Association).to.deep.equal(seen);
      await stop(id);
      expect(await association()).to.equal(undefined);
      expect((await aws.describeInstance(id)).PublicIpAddress).to.equal(undefined);
      await start(id);
      expect((await association())!.IpOwnerId).to.equal("amazon");
      const attribute = await aws.ec2.send(new ec2.DescribeNetworkInterfaceAttributeCommand({ NetworkInterfaceId: face, Attribute: "associatePublicIpAddress" }));
      expect(attribute.AssociatePublicIpAddress).to.equal(true);
      await publish(face, false);
      expect(await association()).to.equal(undefined);
      await publish(face, true);
      await terminate(id);
      expect(await association()).to.equal(undefined);
    });

    it("gives none unasked, and leaves an Elastic IP address where it is", async () => {
      const { vpc, subnet } = await aws.network();
      await aws.gateway(vpc);
      const face = await aws.interface(subnet);
      const id = await aws.instance(on(face));
      expect((await aws.describeInstance(id)).PublicIpAddress).to.equal(undefined);
      const tag = { Key: unique("address"), Value: "any" };
      const made = await aws.ec2.send(new ec2.AllocateAddressCommand({ Domain: "vpc", TagSpecifications: [{ ResourceType: "elastic-ip", Tags: [tag] }] }));
      const AllocationId = made.AllocationId!;
      await aws.ec2.send(new ec2.AssociateAddressCommand({ AllocationId, NetworkInterfaceId: face }));
      await publish(face, true);
      await stop(id);
      expect((await aws.describeInterface(face)).Association).to.include({ PublicIp: made.PublicIp, AllocationId });
      expect(await aws.describeInstance(id)).to.include({ PublicIpAddress: made.PublicIp, PublicDnsName: "" }); // the VPC has no host names
      await terminate(id);
      expect((await aws.describeInterface(face)).Association).to.include({ PublicIp: made.PublicIp });
      const address = (await aws.ec2.send(new ec2.DescribeAddressesCommand({ AllocationIds: [AllocationId] }))).Addresses![0]!;
      expect(address).to.include({ NetworkInterfaceId: face });
      await aws.ec2.send(new ec2.DisassociateAddressCommand({ AssociationId: address.AssociationId! }));
      await aws.ec2.send(new ec2.ReleaseAddressCommand({ AllocationId }));
      const left = await aws.ec2.send(new ec2.DescribeTagsCommand({ Filters: [{ Name: "key", Values: [tag.Key] }] }));
      expect(left.Tags).to.deep.equal([]);
    });
  });

  describe("and the addresses of interfaces", () => {
    it("keeps what is given, chooses the rest, and answers with what is new", async () => {
      const { subnet, six } = await aws.dualStack();
      const block = six(0).replace("/64", "");
      const face = await aws.interface(subnet, { PrivateIpAddress: "10.10.0.100", PrivateIpAddresses: [{ PrivateIpAddress: "10.10.0.110" }], Ipv6Addresses: [{ Ipv6Address: `${block}0100` }] });
      const shown = async (): Promise<unknown> => {
        const seen = await aws.describeInterface(face);
        return [seen.PrivateIpAddresses!.map((one) => [one.PrivateIpAddress, one.Primary]), seen.Ipv6Addresses!.map((one) => one.Ipv6Address)];
      };
      expect(await shown()).to.deep.equal([[["10.10.0.100", true], ["10.10.0.110", false]], [`${block}100`]]);
      const four = await aws.ec2.send(new ec2.AssignPrivateIpAddressesCommand({ NetworkInterfaceId: face, SecondaryPrivateIpAddressCount: 1 }));
      expect(four.AssignedPrivateIpAddresses).to.deep.equal([{ PrivateIpAddress: "10.10.0.4" }]);
      const more = await aws.ec2.send(new ec2.AssignIpv6AddressesCommand({ NetworkInterfaceId: face, Ipv6Addresses: [`${block}0a`] }));
      expect(more.AssignedIpv6Addresses).to.deep.equal([`${block}a`]);
      const chosen = await aws.ec2.send(new ec2.AssignIpv6AddressesCommand({ NetworkInterfaceId: face, Ipv6AddressCount: 1 }));
      expect(chosen.AssignedIpv6Addresses).to.have.lengthOf(1);
      await aws.ec2.send(new ec2.UnassignIpv6AddressesCommand({ NetworkInterfaceId: face, Ipv6Addresses: [`${block}00a`, ...chosen.AssignedIpv6Addresses!] }));
      await aws.ec2.send(new ec2.UnassignPrivateIpAddressesCommand({ NetworkInterfaceId: face, PrivateIpAddresses: ["10.10.0.4", "10.10.0.110"] }));
      expect(await shown()).to.deep.equal([[["10.10.0.100", true]], [`${block}100`]]);
    });

    it("finds interfaces by any of their addresses, and shows what was modified", async () => {
      const { vpc, subnet, six } = await aws.dualStack();
      const address = six(0).replace("/64", "77");
      const face = await aws.interface(subnet, { PrivateIpAddress: "10.10.0.77", PrivateIpAddresses: [{ PrivateIpAddress: "10.10.0.78" }], Ipv6Addresses: [{ Ipv6Address: address }], Description: "any" });
      const found = async (Name: string, value: string): Promise<(string | undefined)[]> => {
        const Filters = [{ Name, Values: [value] }, { Name: "vpc-id", Values: [vpc] }];
        return (await aws.ec2.send(new ec2.DescribeNetworkInterfacesCommand({ Filters }))).NetworkInterfaces!.map((one) => one.NetworkInterfaceId);
      };
      expect(await found("addresses.private-ip-address", "10.10.0.78")).to.deep.equal([face]);
      expect(await found("ipv6-addresses.ipv6-address", address)).to.deep.equal([face]);
      expect(await found("attachment.status", "attached")).to.deep.equal([]);
      const group = await aws.group(vpc);
      for (const change of [{ Groups: [group] }, { SourceDestCheck: { Value: false } }, { Description: { Value: "" } }]) {
        await aws.ec2.send(new ec2.ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: face, ...change }));
      }
      const id = await aws.instance(on(face));
      expect(await found("attachment.status", "attached")).to.deep.equal([face]);
      expect(await found("attachment.instance-id", id)).to.deep.equal([face]);
      expect(await aws.describeInterface(face)).to.include({ SourceDestCheck: false, Description: "" });
      const instance = await aws.describeInstance(id);
      expect(instance.SourceDestCheck).to.equal(false);
      expect(instance.SecurityGroups!.map((one) => one.GroupId)).to.deep.equal([group]);
    });
  });

  it("finds instances as AWS does, wildcards included", async () => {
    const { vpc, subnet } = await aws.network();
    const [tag, face] = [{ Key: unique("found"), Value: "any" }, await aws.interface(subnet)];
    const id = await aws.instance({ ...on(face), TagSpecifications: [{ ResourceType: "instance", Tags: [tag] }] });
    const found = async (Name: string, value: string): Promise<(string | undefined)[]> => {
      const seen = await aws.ec2.send(new ec2.DescribeInstancesCommand({ Filters: [{ Name, Values: [value] }, { Name: `tag:${tag.Key}`, Values: ["a*"] }] }));
      return seen.Reservations!.flatMap((one) => one.Instances!.map((instance) => instance.InstanceId));
    };
    const holds = {
      "instance-type": "t4g.*", "instance-state-name": "running", "vpc-id": vpc, "subnet-id": subnet, "image-id": debian, architecture: "arm64",
      "network-interface.network-interface-id": face, "network-interface.addresses.private-ip-address": "10.10.0.4",
    };
    for (const [name, value] of Object.entries(holds)) expect(await found(name, value), name).to.deep.equal([id]);
    for (const [name, value] of Object.entries({ "instance-type": "t3.*", "instance-state-name": "stopped", "vpc-id": "vpc-00000000000000000" })) {
      expect(await found(name, value), name).to.deep.equal([]);
    }
    await terminate(id);
    expect(await found("vpc-id", vpc)).to.deep.equal([]);
    expect(await found("instance-state-name", "terminated")).to.deep.equal([id]);
  });

  it("lists more than a hundred of them at once", async () => {
    const { vpc, subnet } = await aws.network();
    await Promise.all(Array.from({ length: 101 }, () => aws.instance({ SubnetId: subnet })));
    const seen = await aws.ec2.send(new ec2.DescribeInstancesCommand({ Filters: [{ Name: "vpc-id", Values: [vpc] }] }));
    expect(seen.Reservations).to.have.lengthOf(101);
  });

  it("changes the metadata options that are named, and no other", async () => {
    const id = await aws.instance({ MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 3, InstanceMetadataTags: "enabled" } });
    await aws.ec2.send(new ec2.ModifyInstanceMetadataOptionsCommand({ InstanceId: id, HttpPutResponseHopLimit: 1 }));
    expect((await aws.describeInstance(id)).MetadataOptions).to.include({ HttpTokens: "required", HttpPutResponseHopLimit: 1, InstanceMetadataTags: "enabled" });
  });

  it("says how CPU credits are spent, and that there is no user data", async () => {
    const id = await aws.instance();
    const credits = await aws.ec2.send(new ec2.DescribeInstanceCreditSpecificationsCommand({ InstanceIds: [id] }));
    expect(credits.InstanceCreditSpecifications).to.deep.equal([{ InstanceId: id, CpuCredits: "unlimited" }]);
    const attribute = await aws.ec2.send(new ec2.DescribeInstanceAttributeCommand({ InstanceId: id, Attribute: "userData" }));
    expect(attribute.UserData).to.deep.equal({});
  });

  it("has a root volume as the image says, and takes another", async () => {
    const id = await aws.instance();
    const [root, ...others] = await volumesOf(id);
    expect(others).to.deep.equal([]);
    expect(root).to.include({ Size: 8, VolumeType: "gp3", Encrypted: false });
    expect(root!.Attachments![0]).to.include({ Device: "/dev/xvda", DeleteOnTermination: true });
    const VolumeId = (await aws.ec2.send(new ec2.CreateVolumeCommand({ Size: 1, AvailabilityZone: zone, VolumeType: "gp3" }))).VolumeId!;
    await aws.ec2.send(new ec2.AttachVolumeCommand({ VolumeId, InstanceId: id, Device: "/dev/sdf" }));
    const unencrypted = [{ Name: "encrypted", Values: ["false"] }, { Name: "attachment.instance-id", Values: [id] }];
    const seen = (await aws.ec2.send(new ec2.DescribeVolumesCommand({ Filters: unencrypted }))).Volumes!;
    expect(seen.map((one) => one.VolumeId)).to.have.members([root!.VolumeId, VolumeId]);
    expect(seen.find((one) => one.VolumeId === VolumeId)!.Attachments![0]!.DeleteOnTermination).to.equal(false);
    await aws.ec2.send(new ec2.DetachVolumeCommand({ VolumeId }));
    await aws.ec2.send(new ec2.DeleteVolumeCommand({ VolumeId }));
    expect(await volumesOf(id)).to.have.lengthOf(1);
  });

  it("knows the images the project asks for, and nobody else's", async () => {
    const found = async (input: ec2.DescribeImagesCommandInput): Promise<(string | undefined)[]> =>
      (await aws.ec2.send(new ec2.DescribeImagesCommand(input))).Images!.map((one) => one.ImageId);
    const filters = (values: Record<string, string>): ec2.Filter[] => Object.entries(values).map(([Name, value]) => ({ Name, Values: [value] }));
    const arm = { architecture: "arm64", state: "available" };
    expect(await found({ Owners: ["136693071363"], Filters: filters({ ...arm, name: "debian-13-arm64-20251117-2299" }) })).to.deep.equal([debian]);
    expect(await found({ Owners: ["136693071363"], Filters: filters({ ...arm, name: "debian-13-arm64-*" }) })).to.have.lengthOf(2);
    expect(await found({ Owners: ["833372943033"], Filters: filters({ ...arm, name: "iPXE (*) (arm64)" }) })).to.have.lengthOf(2).and.include(ipxe);
    expect(await found({ Owners: ["136693071363"], Filters: filters({ architecture: "x86_64" }) })).to.deep.equal([]);
    expect(await found({ Owners: ["amazon"] })).to.deep.equal([]);
    expect(await found({ Owners: ["self"], Filters: filters({ ...arm, name: "talos-v1.11.5-*-arm64" }) })).to.have.lengthOf(2);
    expect(await found({})).to.have.lengthOf(6);
    const image = (await aws.ec2.send(new ec2.DescribeImagesCommand({ ImageIds: [debian] }))).Images![0]!;
    expect(image).to.include({ OwnerId: "136693071363", RootDeviceName: "/dev/xvda", RootDeviceType: "ebs", VirtualizationType: "hvm", Public: true });
    expect(image.BlockDeviceMappings![0]!.Ebs).to.include({ VolumeSize: 8, VolumeType: "gp3", DeleteOnTermination: true, Encrypted: false });
  });

  it("shows every launch template, with the tags it has now and data without them", async () => {
    const tag = { Key: unique("template"), Value: "any" };
    const LaunchTemplateData = { ImageId: debian, TagSpecifications: [{ ResourceType: "instance" as const, Tags: [{ Key: "Name", Value: "any" }] }] };
    const made = await aws.ec2.send(new ec2.CreateLaunchTemplateCommand({
      LaunchTemplateName: unique("template"), LaunchTemplateData, TagSpecifications: [{ ResourceType: "launch-template", Tags: [tag] }],
    }));
    const id = made.LaunchTemplate!.LaunchTemplateId!;
    const versions = await aws.ec2.send(new ec2.DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: id }));
    expect(versions.LaunchTemplateVersions!.map((one) => one.LaunchTemplateData)).to.deep.equal([LaunchTemplateData]);
    await aws.ec2.send(new ec2.CreateTagsCommand({ Resources: [id], Tags: [{ ...tag, Value: "other" }] }));
    for (let n = 0; n < 16; n++) await aws.template();
    const all = (await aws.ec2.send(new ec2.DescribeLaunchTemplatesCommand({}))).LaunchTemplates!;
    expect(all.length).to.be.greaterThan(16);
    expect(all.find((one) => one.LaunchTemplateId === id)!.Tags).to.deep.equal([{ ...tag, Value: "other" }]);
  });
});
