// Gate 02: one bastion, at its fixed address, only as long as it may be, and only for its operator.
import { DescribeAutoScalingGroupsCommand, DescribeScheduledActionsCommand, type AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import { DescribeSecurityGroupsCommand, DescribeSubnetsCommand } from "@aws-sdk/client-ec2";
import { cidrContains } from "../common/cidr.ts";
import { groupName } from "../stacks/config.ts";
import { green, red, type Check, type Gate, type GateContext, type SourceName, type Verdict } from "./gate.ts";
import { get } from "./https.ts";
import { describeWay, isOperatorsSsh, waysIn } from "./ways-in.ts";
import { interfacesOf, isOurs, Missing, ourBastion } from "./ours.ts";
import { heldOpen, openHours } from "./schedule.ts";

/** What a machine needs from nothing to answering: start, packages, images (minutes in AWS, seconds in the rehearsal). */
const bootMs = 600_000;

function check(name: string, title: string, asks: readonly SourceName[], look: (context: GateContext) => Promise<Verdict>): Check {
  return { id: `02.${name}`, title, kind: "observe", asks, timeoutMs: bootMs, intervalMs: 1_000, passes: 1, look };
}

const checks: readonly Check[] = [
  check("group", "one group of one, ours, in the configured zone", ["autoscaling"], async (context) => {
    const group = await ourGroup(context);
    const name = groupName(context.environment);
    const zones = group.AvailabilityZones ?? [];
    if (zones.join() !== context.environment.availabilityZone) return red(`${name} is in ${zones.join(", ") || "no zone"}, not ${context.environment.availabilityZone}`);
    if ((group.MaxSize ?? 0) > 1) return red(`${name} may grow to ${group.MaxSize ?? "?"} instances`);
    const instances = group.Instances ?? [];
    const [instance] = instances;
    if (instance === undefined || instances.length > 1) return red(`${name} has ${instances.length} instances (desired ${group.DesiredCapacity ?? "?"})`);
    const wanted = group.LaunchTemplate?.Version;
    const own = instance.LaunchTemplate?.Version;
    if (instance.LifecycleState !== "InService") return red(`${instance.InstanceId ?? "?"} of ${name} is ${instance.LifecycleState ?? "in no state"}`);
    if (own !== wanted) return red(`${instance.InstanceId ?? "?"} runs version ${own ?? "?"} of its launch template; ${name} wants ${wanted ?? "?"}`);
    return green(`${name}: ${instance.InstanceId ?? "?"} InService in ${instance.AvailabilityZone ?? "?"}, launch template version ${own ?? "?"}`);
  }),
  check("instance", "one instance tagged tf-bastion runs, of the configured type", ["ec2"], async ({ environment, sources }) => {
    const bastion = await ourBastion(await sources.ec2.client(), environment);
    const { instanceType } = environment.bastion;
    if (bastion.InstanceType !== instanceType) return red(`${bastion.InstanceId} is a ${bastion.InstanceType ?? "?"}, not a ${instanceType}`);
    return green(`${bastion.InstanceId} ${instanceType} ${bastion.State?.Name ?? "?"}`);
  }),
  check("interface", "its primary interface is the static one, with the fixed addresses", ["ec2"], async ({ environment, sources }) => {
    const ec2 = await sources.ec2.client();
    const bastion = await ourBastion(ec2, environment);
    const interfaces = await interfacesOf(ec2, bastion);
    const primary = interfaces.find(({ Attachment }) => Attachment?.DeviceIndex === 0);
    if (primary === undefined) return red(`${bastion.InstanceId} has no primary interface`);
    const id = primary.NetworkInterfaceId ?? "?";
    if (!isOurs(environment, primary.TagSet)) return red(`${id}, the primary interface of ${bastion.InstanceId}, is not the static one: it carries none of our tags`);
    if (primary.Attachment?.DeleteOnTermination !== false) return red(`${id} would be deleted with ${bastion.InstanceId}`);
    const { address } = environment.bastion;
    if (primary.PrivateIpAddress !== address) return red(`${id} has the address ${primary.PrivateIpAddress ?? "none"}, not ${address}`);
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ SubnetIds: [primary.SubnetId ?? "?"] }));
    const range = Subnets[0]?.Ipv6CidrBlockAssociationSet?.find((one) => one.Ipv6CidrBlockState?.State === "associated")?.Ipv6CidrBlock;
    const ipv6 = (primary.Ipv6Addresses ?? []).map(({ Ipv6Address }) => Ipv6Address ?? "?");
    const [own = "none"] = ipv6;
    // The fixed host part is what the operator's records point at.
    if (range === undefined || ipv6.length !== 1 || !cidrContains(range, `${own}/128`) || !own.endsWith("::100")) {
      return red(`${id} has the IPv6 addresses ${ipv6.join(", ") || "none"}, not ::100 in ${range ?? "a range of the subnet"}`);
    }
    return green(`${id} on ${bastion.InstanceId}: ${address}, ${own}`);
  }),
  check("schedule", "its schedule opens it for at most five hours a day, in the configured time zone", ["autoscaling"], async (context) => {
    const client = await context.sources.autoscaling.client();
    const group = await ourGroup(context);
    const name = groupName(context.environment);
    const { ScheduledUpdateGroupActions: actions = [] } = await client.send(new DescribeScheduledActionsCommand({ AutoScalingGroupName: name }));
    const held = heldOpen(group);
    if (held !== undefined) return red(`${name}: ${held}`);
    const found = openHours(actions, context.environment.window);
    return "problem" in found ? red(`${name}: ${found.problem}`) : green(`${name}: ${found.evidence}`);
  }),
  check("ssh", "SSH answers over IPv6 with the pinned host key", ["bastion"], async ({ sources }) => {
    const bastion = await sources.bastion.client();
    const { code, stdout, stderr } = await bastion.run("cloud-init status --wait");
    const said = `${stdout}${stderr}`.trim().split("\n").at(-1) ?? "";
    if (code === 0) return green(`${bastion.identity}; ${said}`);
    // 2: done, with errors that it recovered from (cloud-init, "Failure states").
    if (code === 2) return green(`${bastion.identity}; ${said}, with recoverable errors: \`cloud-init status --long\` there lists them`);
    return { status: "red", error: `${bastion.identity}: its start failed: ${said} (exit ${code})`, final: code === 1 };
  }),
  check("ssh-source", "only the operator's prefix may open SSH, and nothing else may be opened from outside", ["ec2"], async ({ environment, sources }) => {
    const ec2 = await sources.ec2.client();
    const bastion = await ourBastion(ec2, environment);
    const ids = (await interfacesOf(ec2, bastion)).flatMap(({ Groups = [] }) => Groups.map(({ GroupId }) => GroupId ?? "?"));
    if (ids.length === 0) return red(`${bastion.InstanceId} has no interface with a security group`);
    const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [...new Set(ids)] }));
    const ways = waysIn(SecurityGroups, environment);
    const foreign = ways.filter((way) => !isOperatorsSsh(way, environment));
    if (foreign.length > 0) return red(foreign.map(describeWay).join("; "));
    const prefix = environment.operatorPrefix ?? "outside";
    return ways.length === 0 ? red(`nobody may open SSH: ${ids.join(", ")} admit nothing from ${prefix}`) : green(`${ids.join(", ")}: tcp 22 from ${prefix} and nothing else from outside the VPC`);
  }),
  check("egress-ipv6", "it reaches a registry that has IPv6, by HTTPS", ["bastion"], (context) => reaches(context, "quay.io")),
  check("egress-ipv4", "it reaches a registry that has IPv4 only, by HTTPS", ["bastion"], (context) => reaches(context, "ghcr.io")),
];

export const bastion: Gate = { number: "02", name: "bastion with static ENI", checks };

async function ourGroup({ environment, sources }: GateContext): Promise<AutoScalingGroup> {
  const client = await sources.autoscaling.client();
  const name = groupName(environment);
  const { AutoScalingGroups = [] } = await client.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }));
  const [group] = AutoScalingGroups;
  if (group === undefined) throw new Missing(`there is no Auto Scaling group ${name}`);
  if (!isOurs(environment, group.Tags)) throw new Missing(`the Auto Scaling group ${name} is not ours: it carries none of our tags`);
  return group;
}

/** A registry answers its version endpoint with 200, or with 401 to those who have no token. */
async function reaches({ sources }: GateContext, host: string): Promise<Verdict> {
  const bastion = await sources.bastion.client();
  const { status } = await get(bastion, { host, port: 443, path: "/v2/", tls: true });
  return [200, 401].includes(status) ? green(`https://${host}/v2/ answered ${status}`) : red(`https://${host}/v2/ answered ${status}`);
}
