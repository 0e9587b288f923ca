import {
  DescribeInternetGatewaysCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  type EC2Client,
  type InternetGateway,
  type RouteTable,
  type SecurityGroup,
  type Subnet,
  type Tag,
  type Vpc,
} from "@aws-sdk/client-ec2";
import type { Trial } from "../trial.ts";

/** The network that a trial has built, as the API shows it now. */
export interface NetworkSeen {
  readonly ec2: EC2Client;
  /** The first two octets of its address plan. */
  readonly plan: string;
  /** The tags that make something ours. */
  readonly tags: Tag[];
  readonly vpc: Vpc;
  readonly subnet: Subnet;
  readonly gateway: InternetGateway;
  readonly table: RouteTable;
  readonly defaultGroup: SecurityGroup;
}

export async function lookAtNetwork(trial: Trial): Promise<NetworkSeen> {
  const ec2 = await trial.sources.ec2.client();
  const ours = [{ Name: "tag:env", Values: ["trial"] }];
  const vpc = (await ec2.send(new DescribeVpcsCommand({ Filters: ours }))).Vpcs![0]!;
  const inVpc = { Name: "vpc-id", Values: [vpc.VpcId!] };
  return {
    ec2,
    plan: trial.plan,
    tags: [
      { Key: "project", Value: "moon-and-back" },
      { Key: "env", Value: "trial" },
    ],
    vpc,
    subnet: (await ec2.send(new DescribeSubnetsCommand({ Filters: [inVpc] }))).Subnets![0]!,
    gateway: (await ec2.send(new DescribeInternetGatewaysCommand({ Filters: ours }))).InternetGateways![0]!,
    table: (await ec2.send(new DescribeRouteTablesCommand({ Filters: ours }))).RouteTables![0]!,
    defaultGroup: (await ec2.send(new DescribeSecurityGroupsCommand({ Filters: [inVpc, { Name: "group-name", Values: ["default"] }] }))).SecurityGroups![0]!,
  };
}
