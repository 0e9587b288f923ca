// The real SDK clients against one emulator, and the few resources most tests begin with.

import * as autoscaling from "@aws-sdk/client-auto-scaling";
import * as logs from "@aws-sdk/client-cloudwatch-logs";
import * as ec2 from "@aws-sdk/client-ec2";
import * as iam from "@aws-sdk/client-iam";
import * as ssm from "@aws-sdk/client-ssm";
import * as sts from "@aws-sdk/client-sts";

export const region = "eu-west-1";
export const account = "123456789012";
export const credentials = { accessKeyId: "rehearsal", secretAccessKey: "rehearsal" };

export const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "vpc-flow-logs.amazonaws.com" }, Action: "sts:AssumeRole" }],
});

/** Ids of the catalogue's images; the project itself finds them by name. */
export const debian = "ami-0d132025111722990";
export const ipxe = "ami-0fe20261031000000";
/** The zone of a test's subnets. */
export const zone = `${region}a`;

let names = 0;
/** A name no other scenario has: they all share one account. */
export const unique = (stem: string): string => `${stem}-${names++}`;

/** What an SDK error shows of a refusal. */
export interface Refused {
  readonly code: string;
  readonly status: number | undefined;
  /** Id of the rule that refused; undefined when moto did. */
  readonly rule: string | undefined;
  readonly message: string;
}

interface SdkError extends Error {
  /** The code on the wire, where the SDK's class for it has a longer name (IAM: `NoSuchEntity`, NoSuchEntityException). */
  readonly Code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Record<string, string> };
}

export async function refused(call: Promise<unknown>): Promise<Refused> {
  try {
    await call;
  } catch (error) {
    const { name, Code, message, $metadata, $response } = error as SdkError;
    return { code: Code ?? name, message, status: $metadata?.httpStatusCode, rule: $response?.headers?.["x-moonback-rule"] };
  }
  throw new Error("the call was not refused");
}

export class Aws {
  readonly autoscaling: autoscaling.AutoScalingClient;
  readonly ec2: ec2.EC2Client;
  readonly iam: iam.IAMClient;
  readonly logs: logs.CloudWatchLogsClient;
  readonly ssm: ssm.SSMClient;
  readonly sts: sts.STSClient;

  constructor(endpoint: string) {
    const config = { endpoint, region, credentials, maxAttempts: 1 };
    this.autoscaling = new autoscaling.AutoScalingClient(config);
    this.ec2 = new ec2.EC2Client(config);
    this.iam = new iam.IAMClient(config);
    this.logs = new logs.CloudWatchLogsClient(config);
    this.ssm = new ssm.SSMClient(config);
    this.sts = new sts.STSClient(config);
  }

  destroy(): void {
    for (const client of [this.autoscaling, this.ec2, this.iam, this.logs, this.ssm, this.sts]) client.destroy();
  }

  async vpc(ipv6 = false): Promise<{ id: string; ipv6: string; association: string }> {
    const made = await this.ec2.send(new ec2.CreateVpcCommand({ CidrBlock: "10.10.0.0/16", AmazonProvidedIpv6CidrBlock: ipv6 }));
    const block = made.Vpc?.Ipv6CidrBlockAssociationSet?.[0];
    return { id: made.Vpc!.VpcId!, ipv6: block?.Ipv6CidrBlock ?? "", association: block?.AssociationId ?? "" };
  }

  async subnet(vpc: string, cidr = "10.10.0.0/24", ipv6?: string): Promise<string> {
    const input = { VpcId: vpc, CidrBlock: cidr, AvailabilityZone: zone, ...(ipv6 === undefined ? {} : { Ipv6CidrBlock: ipv6 }) };
    return (await this.ec2.send(new ec2.CreateSubnetCommand(input))).Subnet!.SubnetId!;
  }

  /** A VPC with one subnet in it. */
  async network(): Promise<{ vpc: string; subnet: string }> {
    const { id } = await this.vpc();
    return { vpc: id, subnet: await this.subnet(id) };
  }

  /** A VPC and a subnet that both have IPv6; `six` is the n-th /64 of the VPC's block. */
  async dualStack(): Promise<{ vpc: string; subnet: string; association: string; six: (n: number) => string }> {
    const { id, ipv6 } = await this.vpc(true);
    const six = (n: number): string => slash64(ipv6, n);
    const subnet = await this.subnet(id, "10.10.0.0/24", six(0));
    const seen = await this.ec2.send(new ec2.DescribeSubnetsCommand({ SubnetIds: [subnet] }));
    return { vpc: id, subnet, six, association: seen.Subnets![0]!.Ipv6CidrBlockAssociationSet![0]!.AssociationId! };
  }

  async gateway(attachTo?: string): Promise<string> {
    const id = (await this.ec2.send(new ec2.CreateInternetGatewayCommand({}))).InternetGateway!.InternetGatewayId!;
    if (attachTo !== undefined) await this.ec2.send(new ec2.AttachInternetGatewayCommand({ InternetGatewayId: id, VpcId: attachTo }));
    return id;
  }

  async routeTable(vpc: string): Promise<string> {
    return (await this.ec2.send(new ec2.CreateRouteTableCommand({ VpcId: vpc }))).RouteTable!.RouteTableId!;
  }

  async mainTable(vpc: string): Promise<ec2.RouteTable> {
    const filters = [{ Name: "vpc-id", Values: [vpc] }, { Name: "association.main", Values: ["true"] }];
    return (await this.ec2.send(new ec2.DescribeRouteTablesCommand({ Filters: filters }))).RouteTables![0]!;
  }

  async group(vpc: string): Promise<string> {
    const input = { VpcId: vpc, GroupName: unique("group"), Description: "group of a test" };
    return (await this.ec2.send(new ec2.CreateSecurityGroupCommand(input))).GroupId!;
  }

  async groups(vpc: string): Promise<ec2.SecurityGroup[]> {
    const filters = [{ Name: "vpc-id", Values: [vpc] }];
    return (await this.ec2.send(new ec2.DescribeSecurityGroupsCommand({ Filters: filters }))).SecurityGroups!;
  }

  async interface(subnet: string, more: Partial<ec2.CreateNetworkInterfaceCommandInput> = {}): Promise<string> {
    const made = await this.ec2.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: subnet, ...more }));
    return made.NetworkInterface!.NetworkInterfaceId!;
  }

  /** Launches one arm64 instance, into a new network unless told where. */
  async instance(more: Partial<ec2.RunInstancesCommandInput> = {}): Promise<string> {
    const input: ec2.RunInstancesCommandInput = { ImageId: debian, InstanceType: "t4g.small", MinCount: 1, MaxCount: 1, ...more };
    if (input.NetworkInterfaces === undefined) input.SubnetId ??= (await this.network()).subnet;
    return (await this.ec2.send(new ec2.RunInstancesCommand(input))).Instances![0]!.InstanceId!;
  }

  async describeInstance(id: string): Promise<ec2.Instance> {
    const seen = await this.ec2.send(new ec2.DescribeInstancesCommand({ InstanceIds: [id] }));
    return seen.Reservations![0]!.Instances![0]!;
  }

  async describeInterface(id: string): Promise<ec2.NetworkInterface> {
    return (await this.ec2.send(new ec2.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }))).NetworkInterfaces![0]!;
  }

  /** A launch template for one arm64 instance. */
  async template(data: Partial<ec2.RequestLaunchTemplateData> = {}): Promise<string> {
    const input = { LaunchTemplateName: unique("template"), LaunchTemplateData: { ImageId: debian, InstanceType: "t4g.small" as const, ...data } };
    return (await this.ec2.send(new ec2.CreateLaunchTemplateCommand(input))).LaunchTemplate!.LaunchTemplateId!;
  }

  /** A group of at most one, made empty, that launches from the template. */
  async scalingGroup(template: string, more: Partial<autoscaling.CreateAutoScalingGroupCommandInput> = {}): Promise<string> {
    const AutoScalingGroupName = more.AutoScalingGroupName ?? unique("asg");
    const input = { MinSize: 0, MaxSize: 1, AvailabilityZones: [zone], LaunchTemplate: { LaunchTemplateId: template }, ...more, AutoScalingGroupName };
    await this.autoscaling.send(new autoscaling.CreateAutoScalingGroupCommand(input));
    return AutoScalingGroupName;
  }

  async profile(role?: string): Promise<string> {
    const InstanceProfileName = unique("profile");
    await this.iam.send(new iam.CreateInstanceProfileCommand({ InstanceProfileName }));
    if (role !== undefined) await this.iam.send(new iam.AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName: role }));
    return InstanceProfileName;
  }

  async logGroup(tags?: Record<string, string>): Promise<{ name: string; arn: string }> {
    const name = unique("/moonback/test");
    await this.logs.send(new logs.CreateLogGroupCommand({ logGroupName: name, ...(tags ? { tags } : {}) }));
    return { name, arn: `arn:aws:logs:${region}:${account}:log-group:${name}` };
  }

  async role(): Promise<string> {
    const RoleName = unique("role");
    await this.iam.send(new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
    return RoleName;
  }
}

/** The n-th /64 (n < 256) of an Amazon-provided /56, spelled canonically. */
export function slash64(block: string, n: number): string {
  const groups = block.replace(/::\/56$/, "").split(":");
  while (groups.length < 4) groups.push("0");
  const last = (parseInt(groups[3]!, 16) & 0xff00) | n;
  return `${groups.slice(0, 3).join(":")}:${last.toString(16)}::/64`.replace(/:0::\/64$/, "::/64");
}

/** What a scenario hands over: the call that must be refused, not sent yet, so that no set-up error can stand in for it. */
export type Scenario = (aws: Aws) => Promise<object> | object;
export type Scenarios = Record<string, Scenario>;

/** Sends a command to the client of the service `call` (`ec2:DeleteSubnet`) names. */
export async function send(aws: Aws, service: string, command: object): Promise<unknown> {
  switch (service) {
    case "autoscaling": return aws.autoscaling.send(command as autoscaling.DescribeAutoScalingGroupsCommand);
    case "ec2": return aws.ec2.send(command as ec2.DescribeVpcsCommand);
    case "iam": return aws.iam.send(command as iam.GetRoleCommand);
    case "logs": return aws.logs.send(command as logs.DescribeLogGroupsCommand);
    case "ssm": return aws.ssm.send(command as ssm.GetParameterCommand);
    default: throw new Error(`no client for ${service}`);
  }
}
