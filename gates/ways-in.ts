import type { IpPermission, SecurityGroup } from "@aws-sdk/client-ec2";
import { cidrContains } from "../common/cidr.ts";
import type { Environment } from "../stacks/config.ts";

/** One way from outside the VPC into a security group. */
export interface WayIn {
  readonly group: SecurityGroup;
  readonly rule: IpPermission;
  /** A range, or a prefix list. */
  readonly source: string;
}

/** Every way from outside the VPC that these groups leave open. Groups as sources are members of the VPC. */
export function waysIn(groups: readonly SecurityGroup[], { network }: Environment): WayIn[] {
  return groups.flatMap((group) => (group.IpPermissions ?? []).flatMap((rule) => fromOutside(rule, network.vpcCidr).map((source) => ({ group, rule, source }))));
}

function fromOutside({ IpRanges = [], Ipv6Ranges = [], PrefixListIds = [] }: IpPermission, vpcCidr: string): string[] {
  const ipv4 = IpRanges.flatMap(({ CidrIp }) => (CidrIp === undefined || cidrContains(vpcCidr, CidrIp) ? [] : [CidrIp]));
  return [...ipv4, ...Ipv6Ranges.flatMap(({ CidrIpv6 }) => CidrIpv6 ?? []), ...PrefixListIds.flatMap(({ PrefixListId }) => PrefixListId ?? [])];
}

/** The one way that is meant to be there: SSH, and from the operator only. */
export function isOperatorsSsh({ rule, source }: WayIn, { operatorPrefix }: Environment): boolean {
  return rule.IpProtocol === "tcp" && rule.FromPort === 22 && rule.ToPort === 22 && source === operatorPrefix;
}

/** `sg-1 (bastion-sg) admits ::/0 to tcp 22` */
export function describeWay({ group, rule, source }: WayIn): string {
  return `${group.GroupId ?? "?"} (${group.GroupName ?? "?"}) admits ${source} to ${describePorts(rule)}`;
}

function describePorts({ IpProtocol, FromPort, ToPort }: IpPermission): string {
  if (IpProtocol === "-1") return "everything";
  return `${IpProtocol ?? "?"} ${FromPort === ToPort ? (FromPort ?? "?") : `${FromPort ?? "?"}-${ToPort ?? "?"}`}`;
}
