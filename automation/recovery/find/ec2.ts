import type * as ec2Sdk from "@aws-sdk/client-ec2";
import type { EC2Client, Filter, RouteTableAssociation, Tag } from "@aws-sdk/client-ec2";
import { byKey, byTags, carries, onAllPages, tagFilters, type LostType, type LostTypes, type Search } from "./search.ts";

interface Seen {
  readonly id: string | undefined;
  readonly tags: readonly Tag[] | undefined;
}

/** How a kind is listed. */
interface Listing {
  readonly sdk: typeof ec2Sdk;
  readonly config: { readonly client: EC2Client };
  readonly Filters: Filter[];
  readonly options: Search["options"];
}

/** What EC2 lists exists: it forgets all of these kinds with their end. */
export const ec2Types: LostTypes = {
  "aws:ec2/vpc:Vpc": listed(
    ({ sdk, config, Filters, options }) => sdk.paginateDescribeVpcs(config, { Filters }, options),
    ({ Vpcs = [] }) => Vpcs.map(({ VpcId, Tags }) => ({ id: VpcId, tags: Tags })),
  ),
  "aws:ec2/subnet:Subnet": listed(
    ({ sdk, config, Filters, options }) => sdk.paginateDescribeSubnets(config, { Filters }, options),
    ({ Subnets = [] }) => Subnets.map(({ SubnetId, Tags }) => ({ id: SubnetId, tags: Tags })),
  ),
  "aws:ec2/internetGateway:InternetGateway": listed(
    ({ sdk, config, Filters, options }) => sdk.paginateDescribeInternetGateways(config, { Filters }, options),
    ({ InternetGateways = [] }) => InternetGateways.map(({ InternetGatewayId, Tags }) => ({ id: InternetGatewayId, tags: Tags })),
  ),
  "aws:ec2/routeTable:RouteTable": listed(
    ({ sdk, config, Filters, options }) => sdk.paginateDescribeRouteTables(config, { Filters }, options),
    ({ RouteTables = [] }) => RouteTables.map(({ RouteTableId, Tags }) => ({ id: RouteTableId, tags: Tags })),
  ),
  "aws:ec2/securityGroup:SecurityGroup": listed(
    ({ sdk, config, Filters, options }) => sdk.paginateDescribeSecurityGroups(config, { Filters }, options),
    ({ SecurityGroups = [] }) => SecurityGroups.map(({ GroupId, Tags }) => ({ id: GroupId, tags: Tags })),
  ),
  "aws:ec2/networkInterface:NetworkInterface": listed(
    ({ sdk, config, Filters, options }) => sdk.paginateDescribeNetworkInterfaces(config, { Filters }, options),
    ({ NetworkInterfaces = [] }) => NetworkInterfaces.map(({ NetworkInterfaceId, TagSet }) => ({ id: NetworkInterfaceId, tags: TagSet })),
  ),
  "aws:ec2/flowLog:FlowLog": listed(
    ({ sdk, config, Filters, options }) => sdk.paginateDescribeFlowLogs(config, { Filter: Filters }, options),
    ({ FlowLogs = [] }) => FlowLogs.map(({ FlowLogId, Tags }) => ({ id: FlowLogId, tags: Tags })),
  ),
  "aws:ec2/launchTemplate:LaunchTemplate": listed(
    ({ sdk, config, Filters, options }) => sdk.paginateDescribeLaunchTemplates(config, { Filters }, options),
    ({ LaunchTemplates = [] }) => LaunchTemplates.map(({ LaunchTemplateId, Tags }) => ({ id: LaunchTemplateId, tags: Tags })),
  ),
  // A subnet has one association at most; the import id names both ends.
  "aws:ec2/routeTableAssociation:RouteTableAssociation": byKey(["subnetId", "routeTableId"], async ({ subnetId, routeTableId }, search) => {
    const { sdk, config, options } = await ask(search);
    const Filters = [{ Name: "association.subnet-id", Values: [subnetId] }];
    const tables = await onAllPages(sdk.paginateDescribeRouteTables(config, { Filters }, options), ({ RouteTables }) => RouteTables);
    const associations = tables.flatMap(({ Associations = [] }) => Associations);
    return associations.some((one) => one.SubnetId === subnetId && one.RouteTableId === routeTableId && lasts(one)) ? [`${subnetId}/${routeTableId}`] : [];
  }),
  // AWS makes it with its VPC. Whether it was tagged already does not matter: the VPC is ours, and it has this one only.
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": byKey(["vpcId"], async ({ vpcId }, search) => {
    const { sdk, config, options } = await ask(search);
    const Filters = [{ Name: "vpc-id", Values: [vpcId] }, { Name: "group-name", Values: ["default"] }];
    const groups = await onAllPages(sdk.paginateDescribeSecurityGroups(config, { Filters }, options), ({ SecurityGroups }) => SecurityGroups);
    return groups.flatMap(({ GroupId }) => (GroupId === undefined ? [] : [GroupId]));
  }),
};

/** A kind that takes tags as it is made, and is listed by them. */
function listed<Page>(pages: (listing: Listing) => AsyncIterable<Page>, seen: (page: Page) => readonly Seen[]): LostType {
  return byTags(async (search) => {
    const found = await onAllPages(pages(await ask(search)), seen);
    return found.flatMap(({ id, tags }) => (id !== undefined && carries(tags, search) ? [id] : []));
  });
}

async function ask(search: Search): Promise<Listing> {
  const [client, sdk] = await Promise.all([search.sources.ec2.client(), import("@aws-sdk/client-ec2")]);
  return { sdk, config: { client }, Filters: tagFilters(search), options: search.options };
}

function lasts({ AssociationState: state }: RouteTableAssociation): boolean {
  return state?.State !== "disassociating" && state?.State !== "disassociated" && state?.State !== "failed";
}
