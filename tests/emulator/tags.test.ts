// Tags at creation, filters by tag and by VPC, and nothing left of either when the resource is gone: what ownership,
// teardown and the orphan sweep rest on.

import * as ec2 from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { account, Aws, unique } from "./aws.ts";
import { startEmulator, type Emulator } from "./start.ts";

describe("the rehearsal's AWS and tags", function () {
  this.timeout(30_000);
  let emulator: Emulator;
  let aws: Aws;
  let vpc: string;
  let subnet: string;
  let group: string;

  const run = unique("run");
  const tag = { Key: `moonback:${run}`, Value: "urn:pulumi:demo::any$Foo::bar" };
  const specs = (ResourceType: ec2.ResourceType): { TagSpecifications: ec2.TagSpecification[] } => ({ TagSpecifications: [{ ResourceType, Tags: [tag] }] });
  const byTag = { Filters: [{ Name: `tag:${tag.Key}`, Values: [tag.Value] }] };
  const byVpc = (): { Filters: ec2.Filter[] } => ({ Filters: [{ Name: "vpc-id", Values: [vpc] }] });

  before(async () => {
    emulator = await startEmulator();
    aws = new Aws(emulator.endpoint);
    vpc = (await aws.ec2.send(new ec2.CreateVpcCommand({ CidrBlock: "10.10.0.0/16", ...specs("vpc") }))).Vpc!.VpcId!;
    subnet = (await aws.ec2.send(new ec2.CreateSubnetCommand({ VpcId: vpc, CidrBlock: "10.10.0.0/24", ...specs("subnet") }))).Subnet!.SubnetId!;
    const named = { VpcId: vpc, GroupName: "bastion-sg", Description: "any", ...specs("security-group") };
    group = (await aws.ec2.send(new ec2.CreateSecurityGroupCommand(named))).GroupId!;
    // What a filter must leave out.
    const other = await aws.network();
    await aws.group(other.vpc);
    await aws.interface(other.subnet);
    await aws.gateway(other.vpc);
  });
  after(async () => {
    aws.destroy();
    await emulator.stop();
  });

  it("finds VPCs, subnets and security groups by tag and by VPC, with their tags", async () => {
    const vpcs = await aws.ec2.send(new ec2.DescribeVpcsCommand(byTag));
    expect(vpcs.Vpcs!.map((v) => [v.VpcId, v.Tags])).to.deep.equal([[vpc, [tag]]]);
    for (const filter of [byTag, byVpc()]) {
      const subnets = await aws.ec2.send(new ec2.DescribeSubnetsCommand(filter));
      expect(subnets.Subnets!.map((s) => [s.SubnetId, s.Tags])).to.deep.equal([[subnet, [tag]]]);
    }
    const groups = await aws.ec2.send(new ec2.DescribeSecurityGroupsCommand(byTag));
    expect(groups.SecurityGroups!.map((g) => [g.GroupId, g.Tags])).to.deep.equal([[group, [tag]]]);
    const named = { Filters: [...byVpc().Filters, { Name: "group-name", Values: ["bastion-sg"] }] };
    expect((await aws.ec2.send(new ec2.DescribeSecurityGroupsCommand(named))).SecurityGroups!.map((g) => g.GroupId)).to.deep.equal([group]);
    expect((await aws.groups(vpc)).map((g) => g.GroupName)).to.have.members(["default", "bastion-sg"]);
  });

  it("finds gateways and interfaces by tag and by VPC", async () => {
    const gateway = (await aws.ec2.send(new ec2.CreateInternetGatewayCommand(specs("internet-gateway")))).InternetGateway!;
    expect(gateway.Tags).to.deep.equal([tag]);
    await aws.ec2.send(new ec2.AttachInternetGatewayCommand({ InternetGatewayId: gateway.InternetGatewayId!, VpcId: vpc }));
    for (const filter of [byTag, { Filters: [{ Name: "attachment.vpc-id", Values: [vpc] }] }]) {
      const seen = await aws.ec2.send(new ec2.DescribeInternetGatewaysCommand(filter));
      expect(seen.InternetGateways!.map((g) => g.InternetGatewayId)).to.deep.equal([gateway.InternetGatewayId]);
    }
    const id = await aws.interface(subnet, specs("network-interface"));
    for (const filter of [byTag, byVpc()]) {
      const seen = await aws.ec2.send(new ec2.DescribeNetworkInterfacesCommand(filter));
      expect(seen.NetworkInterfaces!.map((n) => [n.NetworkInterfaceId, n.TagSet])).to.deep.equal([[id, [tag]]]);
    }
    await aws.ec2.send(new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id }));
  });

  it("finds route tables by tag, by VPC and by the subnet that uses them", async () => {
    const table = (await aws.ec2.send(new ec2.CreateRouteTableCommand({ VpcId: vpc, ...specs("route-table") }))).RouteTable!.RouteTableId!;
    const made = await aws.ec2.send(new ec2.AssociateRouteTableCommand({ RouteTableId: table, SubnetId: subnet }));
    const list = async (filter: { Filters: ec2.Filter[] }): Promise<ec2.RouteTable[]> =>
      (await aws.ec2.send(new ec2.DescribeRouteTablesCommand(filter))).RouteTables!;
    expect((await list(byTag)).map((t) => [t.RouteTableId, t.Tags])).to.deep.equal([[table, [tag]]]);
    const used = await list({ Filters: [{ Name: "association.subnet-id", Values: [subnet] }] });
    expect(used.map((t) => t.RouteTableId)).to.deep.equal([table]);
    expect(used[0]!.Associations).to.deep.equal([{
      RouteTableAssociationId: made.AssociationId, RouteTableId: table, SubnetId: subnet, Main: false, AssociationState: { State: "associated" },
    }]);
    expect(await list(byVpc())).to.have.lengthOf(2);
  });

  it("lists flow logs by tag, and names their type as TagSpecification does", async () => {
    const made = await aws.ec2.send(new ec2.CreateFlowLogsCommand({
      ResourceIds: [vpc], ResourceType: "VPC", TrafficType: "ALL", LogGroupName: "/moonback/flow",
      DeliverLogsPermissionArn: `arn:aws:iam::${account}:role/flow`, ...specs("vpc-flow-log"),
    }));
    for (const Filter of [byTag.Filters, [{ Name: "resource-id", Values: [vpc] }]]) {
      const seen = await aws.ec2.send(new ec2.DescribeFlowLogsCommand({ Filter }));
      expect(seen.FlowLogs!.map((log) => [log.FlowLogId, log.Tags])).to.deep.equal([[made.FlowLogIds![0], [tag]]]);
    }
    const Filters = [{ Name: "resource-id", Values: made.FlowLogIds! }];
    const tags = (await aws.ec2.send(new ec2.DescribeTagsCommand({ Filters }))).Tags!;
    expect(tags.map((t) => t.ResourceType)).to.deep.equal(["vpc-flow-log"]);
  });

  it("changes and removes tags", async () => {
    const { id } = await aws.vpc();
    const tags = async (): Promise<unknown> => (await aws.ec2.send(new ec2.DescribeVpcsCommand({ VpcIds: [id] }))).Vpcs![0]!.Tags;
    await aws.ec2.send(new ec2.CreateTagsCommand({ Resources: [id], Tags: [{ Key: "env", Value: "one" }] }));
    await aws.ec2.send(new ec2.CreateTagsCommand({ Resources: [id], Tags: [{ Key: "env", Value: "two" }] }));
    expect(await tags()).to.deep.equal([{ Key: "env", Value: "two" }]);
    await aws.ec2.send(new ec2.DeleteTagsCommand({ Resources: [id], Tags: [{ Key: "env" }] }));
    expect(await tags()).to.deep.equal([]);
  });

  it("forgets the tags of what is deleted", async () => {
    const key = unique("gone");
    const Tags = [{ Key: key, Value: "any" }];
    const left = async (): Promise<(string | undefined)[]> => {
      const seen = await aws.ec2.send(new ec2.DescribeTagsCommand({ Filters: [{ Name: "key", Values: [key] }] }));
      return seen.Tags!.map((t) => t.ResourceId);
    };
    const { vpc: id, subnet: inside } = await aws.network();
    const [table, gateway, members] = [await aws.routeTable(id), await aws.gateway(), await aws.group(id)];
    const main = (await aws.mainTable(id)).RouteTableId!;
    const face = await aws.interface(inside);
    const all = [id, inside, table, gateway, members, main, face];
    await aws.ec2.send(new ec2.CreateTagsCommand({ Resources: all, Tags }));
    expect(await left()).to.have.members(all);
    await aws.ec2.send(new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: face }));
    await aws.ec2.send(new ec2.DeleteSubnetCommand({ SubnetId: inside }));
    await aws.ec2.send(new ec2.DeleteRouteTableCommand({ RouteTableId: table }));
    await aws.ec2.send(new ec2.DeleteInternetGatewayCommand({ InternetGatewayId: gateway }));
    await aws.ec2.send(new ec2.DeleteSecurityGroupCommand({ GroupId: members }));
    expect(await left()).to.have.members([id, main]);
    await aws.ec2.send(new ec2.DeleteVpcCommand({ VpcId: id }));
    expect(await left()).to.deep.equal([]);
  });
});
