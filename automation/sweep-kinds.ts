import type * as ec2Sdk from "@aws-sdk/client-ec2";
import type { EC2Client, Filter, Tag } from "@aws-sdk/client-ec2";

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
export const ec2Kinds: readonly Lister[] = [
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
  {
    kind: "snapshot",
    list: async (ec2, { DescribeSnapshotsCommand }, Filters) =>
      ((await ec2.send(new DescribeSnapshotsCommand({ Filters, OwnerIds: ["self"] }))).Snapshots ?? []).map((one) => ({ id: one.SnapshotId, tags: one.Tags })),
  },
  {
    kind: "launch template",
    list: async (ec2, { DescribeLaunchTemplatesCommand }, Filters) =>
      ((await ec2.send(new DescribeLaunchTemplatesCommand({ Filters }))).LaunchTemplates ?? []).map((one) => ({ id: one.LaunchTemplateName, tags: one.Tags })),
  },
  {
    kind: "key pair",
    list: async (ec2, { DescribeKeyPairsCommand }, Filters) =>
      ((await ec2.send(new DescribeKeyPairsCommand({ Filters }))).KeyPairs ?? []).map((one) => ({ id: one.KeyName, tags: one.Tags })),
  },
];
