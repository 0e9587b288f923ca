import type { IpPermission, SecurityGroup } from "@aws-sdk/client-ec2";
import { normaliseCidr, setOf } from "../kinds.ts";
import { canonical } from "../values.ts";
import type { Aws } from "./clients.ts";

/** An inline rule of a security group, as the program writes it: many sources (or destinations) in one. */
export interface InlineRule {
  readonly protocol: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly description?: string;
  readonly cidrBlocks?: readonly string[];
  readonly ipv6CidrBlocks?: readonly string[];
  readonly prefixListIds?: readonly string[];
  readonly securityGroups?: readonly string[];
  readonly self?: boolean;
}

/** One rule for one peer: AWS regroups rules as it likes, but never these. */
interface Atom {
  readonly protocol: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly description: string;
  readonly peer: "cidrBlocks" | "ipv6CidrBlocks" | "prefixListIds" | "securityGroups" | "self";
  /** Empty for `self`. */
  readonly value: string;
}

export type Direction = "ingress" | "egress";

const LISTS = ["cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "securityGroups"] as const;

/** The rules of one direction: a set of atoms. */
export const rulesKind = setOf(
  "rules",
  ["protocol", "fromPort", "toPort", "description", "self", ...LISTS],
  (rules) => atomsOf(rules as unknown as InlineRule[]).map((atom) => canonical(atom)),
);

const PROTOCOLS: Readonly<Record<string, string>> = { all: "-1", "6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6" };

function atomsOf(rules: readonly InlineRule[]): Atom[] {
  return rules.flatMap((rule) => {
    const protocol = PROTOCOLS[rule.protocol.toLowerCase()] ?? rule.protocol.toLowerCase();
    // "Every protocol" has no ports; programs write 0, AWS nothing.
    const ports = protocol === "-1" ? { fromPort: 0, toPort: 0 } : { fromPort: rule.fromPort, toPort: rule.toPort };
    const base = { protocol, ...ports, description: rule.description ?? "" };
    const listed = LISTS.flatMap((peer) => (rule[peer] ?? []).map((value) => ({ ...base, peer, value: String(normaliseCidr(value)) })));
    return rule.self ? [...listed, { ...base, peer: "self" as const, value: "" }] : listed;
  });
}

/** What is wrong with a rule, as the end of a sentence. */
export function ruleProblem(rule: Partial<InlineRule>): string | undefined {
  const missing = (["protocol", "fromPort", "toPort"] as const).find((key) => rule[key] === undefined);
  if (missing !== undefined) return `needs '${missing}'`;
  if (!rule.self && LISTS.every((peer) => (rule[peer] ?? []).length === 0)) return `needs a peer: ${LISTS.join(", ")} or self`;
  if (rule.protocol === "-1" && (rule.fromPort !== 0 || rule.toPort !== 0)) return "must have ports 0 for protocol -1";
  return undefined;
}

/** A group's rules of one direction in the program's shape, sorted, so that equal groups read equal. */
export function rulesOf(group: SecurityGroup, direction: Direction): InlineRule[] {
  const grouped = new Map<string, Atom[]>();
  for (const atom of liveAtoms(group, direction)) {
    const key = canonical([atom.protocol, atom.fromPort, atom.toPort, atom.description]);
    grouped.set(key, [...(grouped.get(key) ?? []), atom]);
  }
  return [...grouped.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, atoms]) => {
    const [first] = atoms as [Atom, ...Atom[]];
    const lists = LISTS.map((peer) => [peer, atoms.filter((atom) => atom.peer === peer).map((atom) => atom.value).sort()] as const);
    return {
      protocol: first.protocol,
      fromPort: first.fromPort,
      toPort: first.toPort,
      ...(first.description ? { description: first.description } : {}),
      ...Object.fromEntries(lists.filter(([, values]) => values.length > 0)),
      ...(atoms.some((atom) => atom.peer === "self") ? { self: true } : {}),
    };
  });
}

function liveAtoms(group: SecurityGroup, direction: Direction): Atom[] {
  const permissions = (direction === "ingress" ? group.IpPermissions : group.IpPermissionsEgress) ?? [];
  return permissions.flatMap((permission) => {
    const base = { protocol: permission.IpProtocol ?? "-1", fromPort: permission.FromPort ?? 0, toPort: permission.ToPort ?? 0 };
    const rule = (description: string | undefined, peer: Partial<InlineRule>): InlineRule => ({ ...base, ...(description ? { description } : {}), ...peer });
    return atomsOf([
      ...(permission.IpRanges ?? []).map((range) => rule(range.Description, { cidrBlocks: [range.CidrIp ?? ""] })),
      ...(permission.Ipv6Ranges ?? []).map((range) => rule(range.Description, { ipv6CidrBlocks: [range.CidrIpv6 ?? ""] })),
      ...(permission.PrefixListIds ?? []).map((list) => rule(list.Description, { prefixListIds: [list.PrefixListId ?? ""] })),
      ...(permission.UserIdGroupPairs ?? []).map((pair) =>
        rule(pair.Description, pair.GroupId === group.GroupId ? { self: true } : { securityGroups: [pair.GroupId ?? ""] }),
      ),
    ]);
  });
}

/** Brings one direction of a group to the wanted rules; rules that are already there are not touched. */
export async function reconcileRules(aws: Aws, group: SecurityGroup, direction: Direction, rules: readonly InlineRule[]): Promise<void> {
  const id = group.GroupId ?? "";
  const [live, wanted] = [liveAtoms(group, direction), atomsOf(rules)];
  const excess = without(live, wanted);
  const missing = without(wanted, live);
  // A rule with another description is the same rule to AWS, so the old one goes before the new one comes.
  if (excess.length > 0) {
    const request = { GroupId: id, IpPermissions: excess.map((atom) => permissionOf(atom, id)) };
    await (direction === "ingress" ? aws.ec2.revokeSecurityGroupIngress(request) : aws.ec2.revokeSecurityGroupEgress(request));
  }
  if (missing.length > 0) {
    const request = { GroupId: id, IpPermissions: missing.map((atom) => permissionOf(atom, id)) };
    await (direction === "ingress" ? aws.ec2.authorizeSecurityGroupIngress(request) : aws.ec2.authorizeSecurityGroupEgress(request));
  }
}

function without(atoms: readonly Atom[], others: readonly Atom[]): Atom[] {
  const known = new Set(others.map((atom) => canonical(atom)));
  return atoms.filter((atom) => !known.has(canonical(atom)));
}

function permissionOf(atom: Atom, group: string): IpPermission {
  const description = atom.description ? { Description: atom.description } : {};
  const base = { IpProtocol: atom.protocol, ...(atom.protocol === "-1" ? {} : { FromPort: atom.fromPort, ToPort: atom.toPort }) };
  switch (atom.peer) {
    case "cidrBlocks":
      return { ...base, IpRanges: [{ CidrIp: atom.value, ...description }] };
    case "ipv6CidrBlocks":
      return { ...base, Ipv6Ranges: [{ CidrIpv6: atom.value, ...description }] };
    case "prefixListIds":
      return { ...base, PrefixListIds: [{ PrefixListId: atom.value, ...description }] };
    case "securityGroups":
      return { ...base, UserIdGroupPairs: [{ GroupId: atom.value, ...description }] };
    case "self":
      return { ...base, UserIdGroupPairs: [{ GroupId: group, ...description }] };
  }
}
