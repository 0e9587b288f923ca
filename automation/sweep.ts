import type { WorldSources } from "../gates/gate.ts";
import { isOurs, ourFilters } from "../gates/ours.ts";
import type { Environment } from "../stacks/config.ts";
import { ec2Kinds } from "./sweep-kinds.ts";

/** Something that is still there. */
export interface Leftover {
  readonly kind: string;
  readonly id: string;
  /** Whether it carries our tags; what does not was put there by somebody else. */
  readonly ours: boolean;
  /** The VPC it sits in. */
  readonly vpc?: string;
}

/** Lists what an environment has in AWS, asked per service, by our tags and by membership in our VPC. State is not consulted. */
export async function listLeftovers(sources: WorldSources, environment: Environment): Promise<Leftover[]> {
  const lists = await Promise.all([ec2Leftovers, groupLeftovers, parameterLeftovers, logLeftovers, roleLeftovers, profileLeftovers].map((list) => list(sources, environment)));
  const found = lists.flat();
  return [...new Map(found.map((leftover) => [`${leftover.kind} ${leftover.id}`, leftover])).values()];
}

async function ec2Leftovers(sources: WorldSources, environment: Environment): Promise<Leftover[]> {
  const [ec2, sdk] = await Promise.all([sources.ec2.client(), import("@aws-sdk/client-ec2")]);
  const byTag = ourFilters(environment);
  const vpcs = ((await ec2.send(new sdk.DescribeVpcsCommand({ Filters: byTag }))).Vpcs ?? []).flatMap(({ VpcId }) => (VpcId === undefined ? [] : [VpcId]));
  const lists = await Promise.all(
    ec2Kinds.map(async ({ kind, vpcFilter, list }) => {
      const tagged = await list(ec2, sdk, byTag);
      const around = vpcFilter === undefined || vpcs.length === 0 ? [] : await list(ec2, sdk, vpcFilter === null ? [] : [{ Name: vpcFilter, Values: vpcs }]);
      const members = around.filter(({ vpc }) => vpc !== undefined && vpcs.includes(vpc));
      return [...tagged, ...members].flatMap(({ id, tags, vpc, implicit }) =>
        id === undefined || implicit === true ? [] : [{ kind, id, ours: isOurs(environment, tags), ...(vpc === undefined ? {} : { vpc }) }],
      );
    }),
  );
  return lists.flat();
}

async function groupLeftovers({ autoscaling }: WorldSources, environment: Environment): Promise<Leftover[]> {
  const [client, { paginateDescribeAutoScalingGroups }] = await Promise.all([autoscaling.client(), import("@aws-sdk/client-auto-scaling")]);
  const Filters = ourFilters(environment);
  const found: Leftover[] = [];
  for await (const { AutoScalingGroups = [] } of paginateDescribeAutoScalingGroups({ client }, { Filters })) {
    found.push(...AutoScalingGroups.map(({ AutoScalingGroupName = "?" }) => ({ kind: "auto scaling group", id: AutoScalingGroupName, ours: true })));
  }
  return found;
}

async function parameterLeftovers({ ssm }: WorldSources, environment: Environment): Promise<Leftover[]> {
  const [client, { paginateDescribeParameters }] = await Promise.all([ssm.client(), import("@aws-sdk/client-ssm")]);
  const ParameterFilters = [{ Key: "Name", Option: "BeginsWith", Values: [`/moonback/${environment.name}/`] }];
  const found: Leftover[] = [];
  for await (const { Parameters = [] } of paginateDescribeParameters({ client }, { ParameterFilters })) {
    found.push(...Parameters.map(({ Name = "?" }) => ({ kind: "parameter", id: Name, ours: true })));
  }
  return found;
}

/** Log groups and roles carry the environment in their names; see components/flow-log.ts. */
async function logLeftovers({ logs }: WorldSources, environment: Environment): Promise<Leftover[]> {
  const [client, { paginateDescribeLogGroups }] = await Promise.all([logs.client(), import("@aws-sdk/client-cloudwatch-logs")]);
  const found: Leftover[] = [];
  for await (const { logGroups = [] } of paginateDescribeLogGroups({ client }, { logGroupNamePrefix: `/moonback/${environment.name}/` })) {
    found.push(...logGroups.map(({ logGroupName = "?" }) => ({ kind: "log group", id: logGroupName, ours: true })));
  }
  return found;
}

async function roleLeftovers({ iam }: WorldSources, environment: Environment): Promise<Leftover[]> {
  const [client, { paginateListRoles }] = await Promise.all([iam.client(), import("@aws-sdk/client-iam")]);
  const found: Leftover[] = [];
  for await (const { Roles = [] } of paginateListRoles({ client }, { PathPrefix: "/moonback/" })) {
    const ours = Roles.filter(({ RoleName }) => RoleName?.startsWith(`moonback-${environment.name}-`));
    found.push(...ours.map(({ RoleName = "?" }) => ({ kind: "role", id: RoleName, ours: true })));
  }
  return found;
}

async function profileLeftovers({ iam }: WorldSources, environment: Environment): Promise<Leftover[]> {
  const [client, { paginateListInstanceProfiles }] = await Promise.all([iam.client(), import("@aws-sdk/client-iam")]);
  const found: Leftover[] = [];
  for await (const { InstanceProfiles = [] } of paginateListInstanceProfiles({ client }, { PathPrefix: "/moonback/" })) {
    const ours = InstanceProfiles.filter(({ InstanceProfileName }) => InstanceProfileName?.startsWith(`moonback-${environment.name}-`));
    found.push(...ours.map(({ InstanceProfileName = "?" }) => ({ kind: "instance profile", id: InstanceProfileName, ours: true })));
  }
  return found;
}

export function describeLeftover({ kind, id, ours, vpc }: Leftover): string {
  return `${kind} ${id}${vpc === undefined || vpc === id ? "" : ` in ${vpc}`}${ours ? "" : " (not ours: it carries none of our tags)"}`;
}
