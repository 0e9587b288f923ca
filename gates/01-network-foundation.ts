// Gate 01: the network is what everything else may rely on, and nothing more than that.
import {
  DescribeInternetGatewaysCommand,
  DescribeNatGatewaysCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  type EC2Client,
  type Route,
  type Subnet,
  type Vpc,
} from "@aws-sdk/client-ec2";
import { cidrContains, mustParseCidr } from "../common/cidr.ts";
import { green, red, type Check, type Gate, type GateContext, type Verdict } from "./gate.ts";
import { ourVpc, type OurVpc } from "./ours.ts";

/** What one check looks at: our one VPC, and the API to ask about it. */
interface Seen extends GateContext {
  readonly ec2: EC2Client;
  readonly vpc: OurVpc;
}

/** A check on the VPC. Without exactly one VPC of ours every one of them is red: an absence proves nothing then. */
function networkCheck(name: string, title: string, look: (seen: Seen) => Promise<Verdict>): Check {
  return {
    id: `01.${name}`,
    title,
    kind: "observe",
    asks: ["ec2"],
    // EC2's answers settle within seconds of a change.
    timeoutMs: 10_000,
    intervalMs: 1_000,
    passes: 1,
    look: async (context) => {
      const ec2 = await context.sources.ec2.client();
      return look({ ...context, ec2, vpc: await ourVpc(ec2, context.environment) });
    },
  };
}

const checks: readonly Check[] = [
  networkCheck("vpc", "one VPC with the configured range", ({ vpc, environment }) => {
    const { vpcCidr } = environment.network;
    if (vpc.CidrBlock !== vpcCidr) return settled(red(`${vpc.VpcId} has ${vpc.CidrBlock ?? "no range"}, not ${vpcCidr}`));
    if (vpc.State !== "available") return settled(red(`${vpc.VpcId} is ${vpc.State ?? "in no state"}`));
    return settled(green(`${vpc.VpcId} ${vpcCidr} available`));
  }),
  networkCheck("vpc-ipv6", "the VPC has an Amazon IPv6 block", ({ vpc }) => {
    const block = ipv6Block(vpc);
    if (block === undefined) return settled(red(`${vpc.VpcId} has no associated IPv6 block`));
    const foreign = (vpc.Ipv6CidrBlockAssociationSet ?? []).filter(({ Ipv6Pool, Ipv6CidrBlockState }) => Ipv6CidrBlockState?.State === "associated" && Ipv6Pool !== "Amazon");
    if (foreign.length > 0) return settled(red(`${foreign.map((one) => `${one.Ipv6CidrBlock ?? "?"} of ${vpc.VpcId} is from the pool ${one.Ipv6Pool ?? "?"}`).join(", ")}, not Amazon's`));
    return settled(green(`${vpc.VpcId} ${block}, Amazon's`));
  }),
  networkCheck("subnet", "exactly one subnet, with the configured range", async (seen) => {
    const { subnetCidr } = seen.environment.network;
    const subnets = await subnetsOf(seen);
    const list = subnets.map(describeSubnet).join(", ") || "none";
    const [subnet] = subnets;
    if (subnet === undefined || subnets.length > 1) return red(`${seen.vpc.VpcId} has ${subnets.length} subnets: ${list}`);
    return subnet.CidrBlock === subnetCidr ? green(list) : red(`the subnet is ${list}, not ${subnetCidr}`);
  }),
  networkCheck("subnet-ipv6", "the subnet has a /64 of the VPC's IPv6 block", async (seen) => {
    const block = ipv6Block(seen.vpc);
    const [subnet] = await subnetsOf(seen);
    const own = subnet?.Ipv6CidrBlockAssociationSet?.find((entry) => entry.Ipv6CidrBlockState?.State === "associated")?.Ipv6CidrBlock;
    if (subnet === undefined || own === undefined) return red(`${subnet?.SubnetId ?? "no subnet"} has no associated IPv6 block`);
    const inside = block !== undefined && mustParseCidr(own).bits === 64 && cidrContains(block, own);
    return inside ? green(`${describeSubnet(subnet)} ${own}`) : red(`${own} is not a /64 of the VPC's ${block ?? "missing IPv6 block"}`);
  }),
  networkCheck("no-automatic-addresses", "nothing started in the subnet gets an address of the outside world by itself", async (seen) => {
    const subnets = await subnetsOf(seen);
    if (subnets.length === 0) return red(`${seen.vpc.VpcId} has no subnet`);
    const giving = subnets.filter((subnet) => subnet.AssignIpv6AddressOnCreation !== false || subnet.MapPublicIpOnLaunch !== false);
    if (giving.length === 0) return green(`IPv6 and public IPv4 on creation are off on ${subnets.map((subnet) => subnet.SubnetId).join(", ")}`);
    return red(giving.map((subnet) => `${describeSubnet(subnet)} assigns IPv6: ${subnet.AssignIpv6AddressOnCreation ?? "unknown"}, public IPv4: ${subnet.MapPublicIpOnLaunch ?? "unknown"}`).join("; "));
  }),
  networkCheck("internet-gateway", "one internet gateway is attached", async (seen) => {
    const gateways = await gatewaysOf(seen);
    const [gateway] = gateways;
    if (gateway === undefined) return red(`no internet gateway is attached to ${seen.vpc.VpcId}`);
    // EC2 answers "available" for an attached internet gateway (API reference, InternetGatewayAttachment); the SDK's type does not know it.
    const state = gateway.Attachments?.[0]?.State as string | undefined;
    const attached = state === "available" || state === "attached";
    return attached ? green(`${gateway.InternetGatewayId ?? "?"} is ${state} on ${seen.vpc.VpcId}`) : red(`${gateway.InternetGatewayId ?? "?"} is ${state ?? "in no state"}`);
  }),
  networkCheck("no-nat-gateway", "there is no NAT gateway", async ({ ec2, vpc }) => {
    const { NatGateways = [] } = await ec2.send(new DescribeNatGatewaysCommand({ Filter: [{ Name: "vpc-id", Values: [vpc.VpcId] }] }));
    const alive = NatGateways.filter(({ State }) => State !== "deleted");
    if (alive.length === 0) return green(`none in ${vpc.VpcId}`);
    return red(`${alive.map(({ NatGatewayId, State }) => `${NatGatewayId ?? "?"} (${State ?? "?"})`).join(", ")} bills around the clock`);
  }),
  networkCheck("routes", "the subnet's routes are local, 0.0.0.0/0 and ::/0 to the internet gateway, nothing else", async (seen) => {
    const [subnet] = await subnetsOf(seen);
    if (subnet?.SubnetId === undefined) return red(`${seen.vpc.VpcId} has no subnet`);
    const filter = { Name: "association.subnet-id", Values: [subnet.SubnetId] };
    const [table] = (await seen.ec2.send(new DescribeRouteTablesCommand({ Filters: [filter] }))).RouteTables ?? [];
    if (table === undefined) return red(`${subnet.SubnetId} uses the VPC's main route table, not one of its own`);
    const gateway = (await gatewaysOf(seen))[0]?.InternetGatewayId;
    const { missing, surplus } = compareRoutes(table.Routes ?? [], seen.vpc, gateway);
    const id = table.RouteTableId ?? "?";
    if (missing.length + surplus.length === 0) return green(`${id}: ${(table.Routes ?? []).map(describeRoute).join(", ")}`);
    return red([`${id}:`, ...missing.map((route) => `lacks ${route};`), ...surplus.map((route) => `has ${describeRoute(route)};`)].join(" ").replace(/;$/, ""));
  }),
  networkCheck("default-group-closed", "the VPC's default security group has no rules", async ({ ec2, vpc }) => {
    const Filters = [
      { Name: "vpc-id", Values: [vpc.VpcId] },
      { Name: "group-name", Values: ["default"] },
    ];
    const [group] = (await ec2.send(new DescribeSecurityGroupsCommand({ Filters }))).SecurityGroups ?? [];
    if (group === undefined) return red(`${vpc.VpcId} shows no default security group`);
    const rules = (group.IpPermissions?.length ?? 0) + (group.IpPermissionsEgress?.length ?? 0);
    return rules === 0 ? green(`${group.GroupId ?? "?"} is empty`) : red(`${group.GroupId ?? "?"} has ${rules} rules`);
  }),
];

export const networkFoundation: Gate = { number: "01", name: "network foundation", checks };

async function subnetsOf({ ec2, vpc }: Seen): Promise<Subnet[]> {
  return (await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name: "vpc-id", Values: [vpc.VpcId] }] }))).Subnets ?? [];
}

async function gatewaysOf({ ec2, vpc }: Seen) {
  const Filters = [{ Name: "attachment.vpc-id", Values: [vpc.VpcId] }];
  return (await ec2.send(new DescribeInternetGatewaysCommand({ Filters }))).InternetGateways ?? [];
}

function ipv6Block(vpc: Vpc): string | undefined {
  return vpc.Ipv6CidrBlockAssociationSet?.find((entry) => entry.Ipv6CidrBlockState?.State === "associated")?.Ipv6CidrBlock;
}

/** Pure: what a route table lacks and has too much, seen from the routes it must have. */
export function compareRoutes(routes: readonly Route[], vpc: Vpc, gateway: string | undefined): { missing: string[]; surplus: Route[] } {
  const isDefault = (route: Route, destination: string): boolean =>
    (route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock) === destination &&
    gateway !== undefined && route.GatewayId === gateway && route.State === "active";
  // AWS adds one local route for each of the VPC's own blocks.
  const isLocal = (route: Route): boolean =>
    route.GatewayId === "local" &&
    [vpc.CidrBlock, ipv6Block(vpc)].includes(route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock);
  const defaults = ["0.0.0.0/0", "::/0"];
  const missing = defaults
    .filter((destination) => !routes.some((route) => isDefault(route, destination)))
    .map((destination) => `${destination} → ${gateway ?? "an internet gateway"}`);
  if (!routes.some(isLocal)) missing.push("the local route");
  const surplus = routes.filter((route) => !isLocal(route) && !defaults.some((destination) => isDefault(route, destination)));
  return { missing, surplus };
}

function describeRoute(route: Route): string {
  const target = route.GatewayId ?? route.NatGatewayId ?? route.NetworkInterfaceId ?? route.EgressOnlyInternetGatewayId ?? route.VpcPeeringConnectionId ?? "?";
  const state = route.State === "active" ? "" : ` (${route.State ?? "?"})`;
  return `${route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock ?? route.DestinationPrefixListId ?? "?"} → ${target}${state}`;
}

function describeSubnet(subnet: Subnet): string {
  return `${subnet.SubnetId ?? "?"} ${subnet.CidrBlock ?? "?"}`;
}

function settled(verdict: Verdict): Promise<Verdict> {
  return Promise.resolve(verdict);
}
