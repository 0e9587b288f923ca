// Gate 09: private by construction, as it really is. Its static half (policies.ts) looks at what is declared, before anything is made.
import {
  DescribeFlowLogsCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVolumesCommand,
  type EC2Client,
  type Instance,
} from "@aws-sdk/client-ec2";
import { GetRolePolicyCommand, ListAttachedRolePoliciesCommand, ListRolePoliciesCommand, paginateListRoles, type IAMClient, type Role } from "@aws-sdk/client-iam";
import { green, red, type Check, type Gate, type GateContext, type SourceName, type Verdict } from "./gate.ts";
import { ourBastion, ourFilters, ourVpc, type OurVpc } from "./ours.ts";
import { secretIn } from "./secret-scan.ts";
import { describeWay, isOperatorsSsh, waysIn } from "./ways-in.ts";

interface Seen extends GateContext {
  readonly ec2: EC2Client;
  readonly vpc: OurVpc;
}

/** A check on what is in our VPC. Without a VPC it is red: an absence proves nothing then. */
function check(name: string, title: string, look: (seen: Seen) => Promise<Verdict>, more: readonly SourceName[] = []): Check {
  return {
    id: `09.${name}`,
    title,
    kind: "observe",
    asks: ["ec2", ...more],
    timeoutMs: 30_000,
    intervalMs: 1_000,
    passes: 1,
    look: async (context) => {
      const ec2 = await context.sources.ec2.client();
      return look({ ...context, ec2, vpc: await ourVpc(ec2, context.environment) });
    },
  };
}

const everybody = ["0.0.0.0/0", "::/0"];

const checks: readonly Check[] = [
  check("closed-to-the-world", "no security group admits the whole world (GDPR art. 25, 32)", async (seen) => {
    const groups = await groupsOf(seen);
    const open = waysIn(groups, seen.environment).filter(({ source }) => everybody.includes(source));
    return open.length === 0 ? green(`none of ${groups.map(({ GroupId }) => GroupId).join(", ")}`) : red(open.map(describeWay).join("; "));
  }),
  check("only-ssh-from-outside", "the only way in from outside the VPC is the operator's SSH to the bastion (GDPR art. 25, 32)", async (seen) => {
    const { environment } = seen;
    const groups = await groupsOf(seen);
    const ways = waysIn(groups, environment);
    const foreign = ways.filter((way) => way.group.GroupName !== "bastion-sg" || !isOperatorsSsh(way, environment));
    if (foreign.length > 0) return red(foreign.map(describeWay).join("; "));
    return green(`${ways.length === 0 ? "nothing" : `tcp 22 from ${environment.operatorPrefix ?? "?"} to bastion-sg`} and nothing else, in ${groups.length} groups`);
  }),
  check("no-public-nodes", "no machine but the bastion has an address of the outside world (GDPR art. 25)", async (seen) => {
    const { NetworkInterfaces = [] } = await seen.ec2.send(new DescribeNetworkInterfacesCommand({ Filters: [inVpc(seen)] }));
    const bastion = await ourBastion(seen.ec2, seen.environment);
    const others = NetworkInterfaces.filter(({ Attachment }) => Attachment?.InstanceId !== bastion.InstanceId);
    const open = others.filter(({ Association, Ipv6Addresses = [] }) => Association?.PublicIp !== undefined || Ipv6Addresses.length > 0);
    if (open.length > 0) return red(open.map((one) => `${one.NetworkInterfaceId ?? "?"} has ${[one.Association?.PublicIp, ...(one.Ipv6Addresses ?? []).map(({ Ipv6Address }) => Ipv6Address)].filter(Boolean).join(", ")}`).join("; "));
    return others.length === 0 ? { status: "not-applicable", why: `${seen.vpc.VpcId} has no interface but the bastion's` } : green(`${others.length} interfaces without`);
  }),
  check("volumes-encrypted", "every disk is encrypted (GDPR art. 32)", async (seen) => {
    const machines = await instancesOf(seen);
    const ids = machines.flatMap(({ BlockDeviceMappings = [] }) => BlockDeviceMappings.flatMap(({ Ebs }) => Ebs?.VolumeId ?? []));
    if (ids.length === 0) return red(`no machine in ${seen.vpc.VpcId} has a disk`);
    const { Volumes: attached = [] } = await seen.ec2.send(new DescribeVolumesCommand({ VolumeIds: ids }));
    const { Volumes: tagged = [] } = await seen.ec2.send(new DescribeVolumesCommand({ Filters: ourFilters(seen.environment) }));
    const all = [...new Map([...attached, ...tagged].map((volume) => [volume.VolumeId, volume])).values()];
    const open = all.filter(({ Encrypted }) => Encrypted !== true);
    return open.length === 0 ? green(`${all.map(({ VolumeId }) => VolumeId).join(", ")} encrypted`) : red(`${open.map(({ VolumeId }) => VolumeId).join(", ")} not encrypted`);
  }),
  check("imds", "machines answer metadata to themselves only: IMDSv2 on the bastion, hop limit 1 everywhere (GDPR art. 32)", async (seen) => {
    const bastion = await ourBastion(seen.ec2, seen.environment);
    const problems = (await instancesOf(seen)).flatMap(({ InstanceId, MetadataOptions }) => [
      ...(MetadataOptions?.HttpPutResponseHopLimit === 1 ? [] : [`${InstanceId ?? "?"} has hop limit ${MetadataOptions?.HttpPutResponseHopLimit ?? "?"}`]),
      // The iPXE of the nodes understands version 1 only; it hands out nothing secret there.
      ...(InstanceId === bastion.InstanceId && MetadataOptions?.HttpTokens !== "required" ? [`${InstanceId} answers without a token (IMDSv1)`] : []),
    ]);
    return problems.length === 0 ? green(`${bastion.InstanceId}: tokens required, hop limit 1`) : red(problems.join("; "));
  }),
  check("user-data", "no machine's user data holds a secret (GDPR art. 32)", async (seen) => {
    const machines = await instancesOf(seen);
    if (machines.length === 0) return red(`no machine in ${seen.vpc.VpcId}`);
    const problems: string[] = [];
    for (const { InstanceId } of machines) {
      const { UserData } = await seen.ec2.send(new DescribeInstanceAttributeCommand({ InstanceId, Attribute: "userData" }));
      const found = secretIn(UserData?.Value ?? "");
      if (found !== undefined) problems.push(`the user data of ${InstanceId ?? "?"} holds ${found}`);
    }
    return problems.length === 0 ? green(`${machines.map(({ InstanceId }) => InstanceId).join(", ")}: none`) : red(problems.join("; "));
  }),
  check("roles", "each role may do its one thing (GDPR art. 25, 32)", async (seen) => roles(await seen.sources.iam.client(), seen), ["iam"]),
  check("flow-log", "the flow log records all traffic of the VPC, minute by minute (GDPR art. 30)", async ({ ec2, vpc }) => {
    const { FlowLogs = [] } = await ec2.send(new DescribeFlowLogsCommand({ Filter: [{ Name: "resource-id", Values: [vpc.VpcId] }] }));
    const good = FlowLogs.find((one) => one.FlowLogStatus === "ACTIVE" && one.TrafficType === "ALL" && one.MaxAggregationInterval === 60);
    if (good !== undefined) return green(`${good.FlowLogId ?? "?"} on ${vpc.VpcId}: all traffic, every 60 s`);
    return red(FlowLogs.length === 0 ? `${vpc.VpcId} has no flow log` : FlowLogs.map((one) => `${one.FlowLogId ?? "?"} is ${one.FlowLogStatus ?? "?"}, ${one.TrafficType ?? "?"}, every ${one.MaxAggregationInterval ?? "?"} s`).join("; "));
  }),
];

export const gdpr: Gate = { number: "09", name: "GDPR, zero-risk mode", checks };

const inVpc = ({ vpc }: Seen) => ({ Name: "vpc-id", Values: [vpc.VpcId] });

async function groupsOf(seen: Seen) {
  return (await seen.ec2.send(new DescribeSecurityGroupsCommand({ Filters: [inVpc(seen)] }))).SecurityGroups ?? [];
}

async function instancesOf(seen: Seen): Promise<Instance[]> {
  const { Reservations = [] } = await seen.ec2.send(new DescribeInstancesCommand({ Filters: [inVpc(seen)] }));
  return Reservations.flatMap(({ Instances = [] }) => Instances).filter(({ State }) => State?.Name !== "terminated");
}

/** What the roles of each service are for, and all that they may do. */
const duties: Readonly<Record<string, readonly string[]>> = {
  "vpc-flow-logs.amazonaws.com": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
  "ec2.amazonaws.com": ["ssm:GetParameter"],
};

interface Statement {
  readonly Effect?: string;
  readonly Principal?: string | Readonly<Record<string, string | string[]>>;
  readonly NotAction?: unknown;
  readonly NotResource?: unknown;
  readonly Action?: string | string[];
  readonly Resource?: string | string[];
}

async function roles(iam: IAMClient, { environment }: Seen): Promise<Verdict> {
  const all: Role[] = [];
  for await (const { Roles = [] } of paginateListRoles({ client: iam }, { PathPrefix: "/moonback/" })) all.push(...Roles);
  const ours = all.filter(({ RoleName }) => RoleName?.startsWith(`moonback-${environment.name}-`));
  if (ours.length === 0) return red(`no role of ${environment.name} under /moonback/`);
  const problems: string[] = [];
  for (const { RoleName = "?", AssumeRolePolicyDocument } of ours) {
    const trusted = statements(AssumeRolePolicyDocument).flatMap(({ Principal }) => takers(Principal));
    const allowed = trusted.flatMap((service) => duties[service] ?? []);
    if (trusted.length !== 1 || allowed.length === 0) problems.push(`${RoleName} may be taken by ${trusted.join(", ") || "nobody"}`);
    const { AttachedPolicies = [] } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
    problems.push(...AttachedPolicies.map(({ PolicyName }) => `${RoleName} has the policy ${PolicyName ?? "?"} attached`));
    const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
    for (const PolicyName of PolicyNames) {
      const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      const surplus = statements(PolicyDocument).flatMap(({ Action = [], Resource = [], NotAction, NotResource }) => [
        ...(NotAction === undefined && NotResource === undefined ? [] : ["everything but what it names"]),
        ...[Action].flat().filter((action) => !allowed.includes(action)),
        ...[Resource].flat().filter((resource) => resource === "*").map(() => "on everything"),
      ]);
      if (surplus.length > 0) problems.push(`${RoleName} may ${surplus.join(", ")} by ${PolicyName}`);
    }
  }
  return problems.length === 0 ? green(ours.map(({ RoleName }) => RoleName).join(", ")) : red(problems.join("; "));
}

/** Who may take a role: services by their names, anybody else by what they are. */
function takers(principal: Statement["Principal"]): string[] {
  if (principal === undefined || typeof principal === "string") return [principal ?? "nobody named"];
  return Object.entries(principal).flatMap(([kind, names]) => [names].flat().map((name) => (kind === "Service" ? name : `${kind} ${name}`)));
}

/** IAM gives documents percent-encoded. */
function statements(document: string | undefined): Statement[] {
  const { Statement = [] } = JSON.parse(decodeURIComponent(document ?? "{}")) as { Statement?: Statement | Statement[] };
  return [Statement].flat();
}
