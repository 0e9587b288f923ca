import type * as ec2Sdk from "@aws-sdk/client-ec2";
import type { EC2Client, Filter, Tag } from "@aws-sdk/client-ec2";
import type { Sources } from "../gates/gate.ts";
import type { Environment } from "../stacks/config.ts";
import { project } from "../stacks/project.ts";

/** Something that is still there. */
export interface Leftover {
  readonly kind: string;
  readonly id: string;
  /** Whether it carries our tags; what does not was put there by somebody else. */
  readonly ours: boolean;
  /** The VPC it sits in. */
  readonly vpc?: string;
}

interface Seen {
  readonly id: string | undefined;
  readonly tags?: readonly Tag[] | undefined;
  readonly vpc?: string | undefined;
  /** Made and removed by AWS with the VPC; never counted. */
  readonly implicit?: boolean | undefined;
}

interface Lister {
  readonly kind: string;
  /** The filter that finds what sits in a VPC; null where there is none, left out for what sits in no VPC. */
  readonly vpcFilter?: string | null;
  readonly list: (ec2: EC2Client, sdk: typeof ec2Sdk, filters: Filter[]) => Promise<readonly Seen[]>;
}

/** Every kind of EC2 object an environment can leave behind. A new stage adds its kinds here. */
const listers: readonly Lister[] = [
  {
    kind: "vpc",
    vpcFilter: "vpc-id",
    list: async (ec2, { DescribeVpcsCommand }, Filters) =>
      ((await ec2.send(new DescribeVpcsCommand({ Filters }))).Vpcs ?? []).map((one) => ({ id: one.VpcId, tags: one.Tags, vpc: one.VpcId })),
  },
  {
    kind: "subnet",
    vpcFilter: "vpc-id",
    list: async (ec2, { DescribeSubnetsCommand }, Filters) =>
      ((await ec2.send(new DescribeSubnetsCommand({ Filters }))).Subnets ?? []).map((one) => ({ id: one.SubnetId, tags: one.Tags, vpc: one.VpcId })),
  },
  {
    kind: "internet gateway",
    vpcFilter: "attachment.vpc-id",
    list: async (ec2, { DescribeInternetGatewaysCommand }, Filters) =>
      ((await ec2.send(new DescribeInternetGatewaysCommand({ Filters }))).InternetGateways ?? []).map((one) => ({
        id: one.InternetGatewayId,
        tags: one.Tags,
        vpc: one.Attachments?.[0]?.VpcId,
      })),
  },
  {
    kind: "nat gateway",
    vpcFilter: "vpc-id",
    list: async (ec2, { DescribeNatGatewaysCommand }, Filter) =>
      ((await ec2.send(new DescribeNatGatewaysCommand({ Filter }))).NatGateways ?? []).map((one) => ({
        id: one.NatGatewayId,
        tags: one.Tags,
        vpc: one.VpcId,
        // AWS lists a deleted one for about an hour.
        implicit: one.State === "deleted",
      })),
  },
  {
    kind: "route table",
    vpcFilter: "vpc-id",
    list: async (ec2, { DescribeRouteTablesCommand }, Filters) =>
      ((await ec2.send(new DescribeRouteTablesCommand({ Filters }))).RouteTables ?? []).map((one) => ({
        id: one.RouteTableId,
        tags: one.Tags,
        vpc: one.VpcId,
        implicit: one.Associations?.some(({ Main }) => Main === true),
      })),
  },
  {
    kind: "security group",
    vpcFilter: "vpc-id",
    list: async (ec2, { DescribeSecurityGroupsCommand }, Filters) =>
      ((await ec2.send(new DescribeSecurityGroupsCommand({ Filters }))).SecurityGroups ?? []).map((one) => ({
        id: one.GroupId,
        tags: one.Tags,
        vpc: one.VpcId,
        implicit: one.GroupName === "default",
      })),
  },
  {
    kind: "network interface",
    vpcFilter: "vpc-id",
    list: async (ec2, { DescribeNetworkInterfacesCommand }, Filters) =>
      ((await ec2.send(new DescribeNetworkInterfacesCommand({ Filters }))).NetworkInterfaces ?? []).map((one) => ({
        id: one.NetworkInterfaceId,
        tags: one.TagSet,
        vpc: one.VpcId,
      })),
  },
  {
    kind: "network acl",
    vpcFilter: "vpc-id",
    list: async (ec2, { DescribeNetworkAclsCommand }, Filters) =>
      ((await ec2.send(new DescribeNetworkAclsCommand({ Filters }))).NetworkAcls ?? []).map((one) => ({
        id: one.NetworkAclId,
        tags: one.Tags,
        vpc: one.VpcId,
        implicit: one.IsDefault,
      })),
  },
  {
    kind: "vpc endpoint",
    vpcFilter: "vpc-id",
    list: async (ec2, { DescribeVpcEndpointsCommand }, Filters) =>
      ((await ec2.send(new DescribeVpcEndpointsCommand({ Filters }))).VpcEndpoints ?? []).map((one) => ({ id: one.VpcEndpointId, tags: one.Tags, vpc: one.VpcId })),
  },
  {
    kind: "egress-only internet gateway",
    // No filter finds these by their VPC: all are listed, and chosen by what they say.
    vpcFilter: null,
    list: async (ec2, { DescribeEgressOnlyInternetGatewaysCommand }, Filters) =>
      ((await ec2.send(new DescribeEgressOnlyInternetGatewaysCommand({ Filters }))).EgressOnlyInternetGateways ?? []).map((one) => ({
        id: one.EgressOnlyInternetGatewayId,
        tags: one.Tags,
        vpc: one.Attachments?.[0]?.VpcId,
      })),
  },
  {
    kind: "instance",
    vpcFilter: "vpc-id",
    list: async (ec2, { DescribeInstancesCommand }, Filters) =>
      ((await ec2.send(new DescribeInstancesCommand({ Filters }))).Reservations ?? []).flatMap(({ Instances = [] }) =>
        // AWS lists a terminated one for about an hour.
        Instances.map((one) => ({ id: one.InstanceId, tags: one.Tags, vpc: one.VpcId, implicit: one.State?.Name === "terminated" })),
      ),
  },
  {
    kind: "volume",
    list: async (ec2, { DescribeVolumesCommand }, Filters) =>
      ((await ec2.send(new DescribeVolumesCommand({ Filters }))).Volumes ?? []).map((one) => ({ id: one.VolumeId, tags: one.Tags })),
  },
  {
    kind: "elastic ip address",
    list: async (ec2, { DescribeAddressesCommand }, Filters) =>
      ((await ec2.send(new DescribeAddressesCommand({ Filters }))).Addresses ?? []).map((one) => ({ id: one.AllocationId, tags: one.Tags })),
  },
  {
    kind: "flow log",
    list: async (ec2, { DescribeFlowLogsCommand }, Filter) =>
      ((await ec2.send(new DescribeFlowLogsCommand({ Filter }))).FlowLogs ?? []).map((one) => ({ id: one.FlowLogId, tags: one.Tags, vpc: one.ResourceId })),
  },
];

/** Lists what an environment has in AWS, asked per service, by our tags and by membership in our VPC. State is not consulted. */
export async function listLeftovers(sources: Sources, environment: Environment): Promise<Leftover[]> {
  const found = [...(await ec2Leftovers(sources, environment)), ...(await logLeftovers(sources, environment)), ...(await roleLeftovers(sources, environment))];
  return [...new Map(found.map((leftover) => [`${leftover.kind} ${leftover.id}`, leftover])).values()];
}

async function ec2Leftovers(sources: Sources, environment: Environment): Promise<Leftover[]> {
  const [ec2, sdk] = await Promise.all([sources.ec2.client(), import("@aws-sdk/client-ec2")]);
  const byTag: Filter[] = [
    { Name: "tag:project", Values: [project] },
    { Name: "tag:env", Values: [environment.name] },
  ];
  const isOurs = (tags: readonly Tag[] = []): boolean =>
    byTag.every(({ Name, Values }) => tags.some((tag) => `tag:${tag.Key ?? ""}` === Name && tag.Value === Values?.[0]));
  const vpcs = ((await ec2.send(new sdk.DescribeVpcsCommand({ Filters: byTag }))).Vpcs ?? []).flatMap(({ VpcId }) => (VpcId === undefined ? [] : [VpcId]));
  const lists = await Promise.all(
    listers.map(async ({ kind, vpcFilter, list }) => {
      const tagged = await list(ec2, sdk, byTag);
      const around = vpcFilter === undefined || vpcs.length === 0 ? [] : await list(ec2, sdk, vpcFilter === null ? [] : [{ Name: vpcFilter, Values: vpcs }]);
      const members = around.filter(({ vpc }) => vpc !== undefined && vpcs.includes(vpc));
      return [...tagged, ...members].flatMap(({ id, tags, vpc, implicit }) =>
        id === undefined || implicit === true ? [] : [{ kind, id, ours: isOurs(tags), ...(vpc === undefined ? {} : { vpc }) }],
      );
    }),
  );
  return lists.flat();
}

/** Log groups and roles carry the environment in their names; see components/flow-log.ts. */
async function logLeftovers({ logs }: Sources, environment: Environment): Promise<Leftover[]> {
  const [client, { paginateDescribeLogGroups }] = await Promise.all([logs.client(), import("@aws-sdk/client-cloudwatch-logs")]);
  const found: Leftover[] = [];
  for await (const { logGroups = [] } of paginateDescribeLogGroups({ client }, { logGroupNamePrefix: `/moonback/${environment.name}/` })) {
    found.push(...logGroups.map(({ logGroupName = "?" }) => ({ kind: "log group", id: logGroupName, ours: true })));
  }
  return found;
}

async function roleLeftovers({ iam }: Sources, environment: Environment): Promise<Leftover[]> {
  const [client, { paginateListRoles }] = await Promise.all([iam.client(), import("@aws-sdk/client-iam")]);
  const found: Leftover[] = [];
  for await (const { Roles = [] } of paginateListRoles({ client }, { PathPrefix: "/moonback/" })) {
    const ours = Roles.filter(({ RoleName }) => RoleName?.startsWith(`moonback-${environment.name}-`));
    found.push(...ours.map(({ RoleName = "?" }) => ({ kind: "role", id: RoleName, ours: true })));
  }
  return found;
}

export function describeLeftover({ kind, id, ours, vpc }: Leftover): string {
  return `${kind} ${id}${vpc === undefined || vpc === id ? "" : ` in ${vpc}`}${ours ? "" : " (not ours: it carries none of our tags)"}`;
}
