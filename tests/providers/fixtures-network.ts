import type { Properties } from "../../rehearsal/providers/values.ts";
import type { Recorded } from "./harness.ts";
import type { Fixture, Lab } from "./lab.ts";

export const VPC = "aws:ec2/vpc:Vpc";
const SUBNET = "aws:ec2/subnet:Subnet";
const GATEWAY = "aws:ec2/internetGateway:InternetGateway";
const TABLE = "aws:ec2/routeTable:RouteTable";

export const TAGS = { Name: "subject", "moonback:urn": "urn:test" };
export const otherTags = { to: { Name: "renamed", added: "yes" }, expect: "update" } as const;
export const otherRegion = { to: "us-east-1", expect: "replace" } as const;

/** Tags of an EC2 object, without the provider. */
export async function ec2Tags(lab: Lab, id: string): Promise<Properties> {
  const { Tags } = await lab.aws.ec2.describeTags({ Filters: [{ Name: "resource-id", Values: [id] }] });
  return Object.fromEntries((Tags ?? []).map((tag) => [tag.Key ?? "", tag.Value ?? ""]));
}

export const retagEc2 = (lab: Lab, { id }: Recorded) =>
  lab.aws.ec2.createTags({ Resources: [id], Tags: [{ Key: "Name", Value: "someone-else" }] });

const vpc: Fixture = {
  token: VPC,
  secret: "tags",
  outputs: ["arn", "mainRouteTableId", "defaultRouteTableId", "defaultSecurityGroupId", "defaultNetworkAclId", "dhcpOptionsId", "ownerId", "region", "tagsAll"],
  inputs: (lab) => Promise.resolve({ cidrBlock: `10.${String(lab.next() % 256)}.0.0/16`, tags: TAGS }),
  changes: {
    cidrBlock: { to: "172.31.0.0/16", expect: "replace" },
    enableDnsSupport: { to: false, expect: "update" },
    enableDnsHostnames: { to: true, expect: "update" },
    assignGeneratedIpv6CidrBlock: { to: true, expect: "update" },
    region: otherRegion,
    tags: otherTags,
  },
  behindTheBack: {
    enableDnsSupport: (lab, { id }) => lab.aws.ec2.modifyVpcAttribute({ VpcId: id, EnableDnsSupport: { Value: false } }),
    enableDnsHostnames: (lab, { id }) => lab.aws.ec2.modifyVpcAttribute({ VpcId: id, EnableDnsHostnames: { Value: true } }),
    assignGeneratedIpv6CidrBlock: (lab, { id }) => lab.aws.ec2.associateVpcCidrBlock({ VpcId: id, AmazonProvidedIpv6CidrBlock: true }),
    tags: retagEc2,
  },
  async observe(lab, id) {
    const { Vpcs: [live] = [] } = await lab.aws.ec2.describeVpcs({ VpcIds: [id] });
    const support = await lab.aws.ec2.describeVpcAttribute({ VpcId: id, Attribute: "enableDnsSupport" });
    const hostnames = await lab.aws.ec2.describeVpcAttribute({ VpcId: id, Attribute: "enableDnsHostnames" });
    return {
      enableDnsSupport: support.EnableDnsSupport?.Value,
      enableDnsHostnames: hostnames.EnableDnsHostnames?.Value,
      assignGeneratedIpv6CidrBlock: live?.Ipv6CidrBlockAssociationSet?.some((each) => each.Ipv6CidrBlockState?.State === "associated") ?? false,
      tags: await ec2Tags(lab, id),
    };
  },
};

/** `2001:db8:0:ab00::/56` has 256 blocks of /64; this is one of them. */
function block(range: string, index: number): string {
  return range.replace(/00::\/56$/, `${index.toString(16).padStart(2, "0")}::/64`);
}

async function rangeOfSubnet(lab: Lab, subnet: Recorded): Promise<string> {
  const { Vpcs: [live] = [] } = await lab.aws.ec2.describeVpcs({ VpcIds: [String(subnet.inputs["vpcId"])] });
  return live?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock ?? "";
}

async function moveIpv6(lab: Lab, subject: Recorded): Promise<void> {
  const { Subnets: [live] = [] } = await lab.aws.ec2.describeSubnets({ SubnetIds: [subject.id] });
  const association = live?.Ipv6CidrBlockAssociationSet?.find((each) => each.Ipv6CidrBlockState?.State === "associated");
  await lab.aws.ec2.disassociateSubnetCidrBlock({ AssociationId: association?.AssociationId });
  await lab.aws.ec2.associateSubnetCidrBlock({ SubnetId: subject.id, Ipv6CidrBlock: block(await rangeOfSubnet(lab, subject), 9) });
}

const subnet: Fixture = {
  token: SUBNET,
  secret: "tags",
  outputs: ["arn", "availabilityZone", "availabilityZoneId", "ipv6CidrBlockAssociationId", "ownerId", "region", "tagsAll"],
  async inputs(lab) {
    const parent = await lab.make(VPC, { assignGeneratedIpv6CidrBlock: true });
    return {
      vpcId: parent.id,
      cidrBlock: String(parent.inputs["cidrBlock"]).replace("/16", "/24"),
      ipv6CidrBlock: block(String(parent.state["ipv6CidrBlock"]), 1),
      tags: TAGS,
    };
  },
  changes: {
    vpcId: { to: "vpc-0other", expect: "replace" },
    cidrBlock: { to: "10.1.99.0/24", expect: "replace" },
    // AWS chooses the zone of a subnet that names none, so the other one depends on its choice.
    availabilityZone: { to: (_lab: Lab, { state }: Recorded) => Promise.resolve(state["availabilityZone"] === "eu-west-1c" ? "eu-west-1a" : "eu-west-1c"), expect: "replace" },
    ipv6CidrBlock: { to: async (lab: Lab, subject: Recorded) => block(await rangeOfSubnet(lab, subject), 2), expect: "update" },
    assignIpv6AddressOnCreation: { to: true, expect: "update" },
    mapPublicIpOnLaunch: { to: true, expect: "update" },
    region: otherRegion,
    tags: otherTags,
  },
  behindTheBack: {
    ipv6CidrBlock: moveIpv6,
    assignIpv6AddressOnCreation: (lab, { id }) =>
      lab.aws.ec2.modifySubnetAttribute({ SubnetId: id, AssignIpv6AddressOnCreation: { Value: true } }),
    mapPublicIpOnLaunch: (lab, { id }) => lab.aws.ec2.modifySubnetAttribute({ SubnetId: id, MapPublicIpOnLaunch: { Value: true } }),
    tags: retagEc2,
  },
  async observe(lab, id) {
    const { Subnets: [live] = [] } = await lab.aws.ec2.describeSubnets({ SubnetIds: [id] });
    return {
      ipv6CidrBlock: live?.Ipv6CidrBlockAssociationSet?.find((each) => each.Ipv6CidrBlockState?.State === "associated")?.Ipv6CidrBlock,
      assignIpv6AddressOnCreation: live?.AssignIpv6AddressOnCreation,
      mapPublicIpOnLaunch: live?.MapPublicIpOnLaunch,
      tags: await ec2Tags(lab, id),
    };
  },
};

const internetGateway: Fixture = {
  token: GATEWAY,
  secret: "tags",
  outputs: ["arn", "ownerId", "region", "tagsAll"],
  inputs: async (lab) => ({ vpcId: (await lab.make(VPC)).id, tags: TAGS }),
  changes: {
    vpcId: { to: async (lab: Lab) => (await lab.make(VPC)).id, expect: "update" },
    region: otherRegion,
    tags: otherTags,
  },
  behindTheBack: {
    vpcId: (lab, { id, inputs }) => lab.aws.ec2.detachInternetGateway({ InternetGatewayId: id, VpcId: String(inputs["vpcId"]) }),
    tags: retagEc2,
  },
  async observe(lab, id) {
    const { InternetGateways: [live] = [] } = await lab.aws.ec2.describeInternetGateways({ InternetGatewayIds: [id] });
    return { vpcId: live?.Attachments?.[0]?.VpcId, tags: await ec2Tags(lab, id) };
  },
};

async function gatewayOf(lab: Lab, table: Recorded): Promise<string> {
  const filter = { Name: "attachment.vpc-id", Values: [String(table.inputs["vpcId"])] };
  const { InternetGateways: [live] = [] } = await lab.aws.ec2.describeInternetGateways({ Filters: [filter] });
  return live?.InternetGatewayId ?? "";
}

const routeTable: Fixture = {
  token: TABLE,
  secret: "tags",
  outputs: ["arn", "ownerId", "region", "tagsAll"],
  async inputs(lab) {
    const gateway = await lab.make(GATEWAY);
    return { vpcId: gateway.inputs["vpcId"], routes: [{ cidrBlock: "0.0.0.0/0", gatewayId: gateway.id }], tags: TAGS };
  },
  changes: {
    vpcId: { to: "vpc-0other", expect: "replace" },
    routes: {
      to: async (lab: Lab, subject: Recorded) => [{ ipv6CidrBlock: "::/0", gatewayId: await gatewayOf(lab, subject) }],
      expect: "update",
      observed: async (lab: Lab, subject: Recorded) => [`::/0 ${await gatewayOf(lab, subject)}`],
    },
    region: otherRegion,
    tags: otherTags,
  },
  behindTheBack: {
    routes: (lab, { id }) => lab.aws.ec2.deleteRoute({ RouteTableId: id, DestinationCidrBlock: "0.0.0.0/0" }),
    tags: retagEc2,
  },
  async observe(lab, id) {
    const { RouteTables: [live] = [] } = await lab.aws.ec2.describeRouteTables({ RouteTableIds: [id] });
    const made = live?.Routes?.filter((route) => route.GatewayId !== "local") ?? [];
    return {
      routes: made.map((route) => `${route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock ?? ""} ${route.GatewayId ?? ""}`),
      tags: await ec2Tags(lab, id),
    };
  },
};

async function tableBeside(lab: Lab, association: Recorded): Promise<string> {
  const { Subnets: [live] = [] } = await lab.aws.ec2.describeSubnets({ SubnetIds: [String(association.inputs["subnetId"])] });
  const { RouteTable } = await lab.aws.ec2.createRouteTable({ VpcId: live?.VpcId });
  return RouteTable?.RouteTableId ?? "";
}

const routeTableAssociation: Fixture = {
  token: "aws:ec2/routeTableAssociation:RouteTableAssociation",
  secret: "routeTableId",
  outputs: ["region"],
  importId: ({ inputs }) => `${String(inputs["subnetId"])}/${String(inputs["routeTableId"])}`,
  async inputs(lab) {
    const parent = await lab.make(SUBNET);
    const { id } = await lab.make(TABLE, { vpcId: parent.inputs["vpcId"], routes: [] });
    return { subnetId: parent.id, routeTableId: id };
  },
  changes: {
    subnetId: { to: "subnet-0other", expect: "replace" },
    routeTableId: { to: tableBeside, expect: "update" },
    region: otherRegion,
  },
  behindTheBack: {
    routeTableId: async (lab, subject) =>
      lab.aws.ec2.replaceRouteTableAssociation({ AssociationId: subject.id, RouteTableId: await tableBeside(lab, subject) }),
  },
  async observe(lab, _id, subject) {
    const filter = { Name: "association.subnet-id", Values: [String(subject.inputs["subnetId"])] };
    const { RouteTables: [live] = [] } = await lab.aws.ec2.describeRouteTables({ Filters: [filter] });
    return { routeTableId: live?.RouteTableId };
  },
};

export const networkFixtures: readonly Fixture[] = [vpc, subnet, internetGateway, routeTable, routeTableAssociation];
