// The static half of gate 09: what a program declares, judged before anything is made. Pure functions over planned resources.
import { cidrContains, parseCidr } from "../common/cidr.ts";
import { green, red, type Check, type Gate, type PlannedResource, type Verdict } from "./gate.ts";
import { secretIn } from "./secret-scan.ts";

/** A rule about declared resources; `violation` says what is wrong with one, or nothing. */
export interface Policy {
  readonly name: string;
  readonly title: string;
  /** The types it is about. */
  readonly types: readonly string[];
  /** The inputs it judges: one that is not known yet cannot be judged yet. */
  readonly looksAt: readonly string[];
  readonly violation: (inputs: Readonly<Record<string, unknown>>) => string | undefined;
}

type Inputs = Readonly<Record<string, unknown>>;
/** What machines may be admitted from: private IPv4 (RFC 1918), and at most one home's IPv6 (a /48). */
const privateIpv4 = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

function isNarrow(source: string): boolean {
  const range = parseCidr(source);
  if ("problem" in range) return false;
  return range.family === "ipv4" ? privateIpv4.some((outer) => cidrContains(outer, source)) : range.bits >= 48;
}

const groupTypes = ["aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"];
const templateType = "aws:ec2/launchTemplate:LaunchTemplate";

export const policies: readonly Policy[] = [
  {
    name: "plan-closed-to-the-world",
    title: "no declared security group admits the whole world (GDPR art. 25, 32)",
    types: groupTypes,
    looksAt: ["ingress"],
    violation: ({ ingress }) => {
      const sources = list(ingress).flatMap((rule) => [...texts(rule["cidrBlocks"]), ...texts(rule["ipv6CidrBlocks"]), ...texts(rule["prefixListIds"])]);
      const open = sources.filter((source) => !isNarrow(source));
      return open.length === 0 ? undefined : `admits ${open.join(", ")}`;
    },
  },
  {
    name: "plan-separate-rules",
    title: "rules stand in their groups, where they can be judged (GDPR art. 32)",
    types: ["aws:ec2/securityGroupRule:SecurityGroupRule", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"],
    looksAt: [],
    violation: () => "is a rule of its own",
  },
  {
    name: "plan-no-nat",
    title: "no NAT gateway and no Elastic IP is declared (GDPR art. 25)",
    types: ["aws:ec2/natGateway:NatGateway", "aws:ec2/eip:Eip"],
    looksAt: [],
    violation: () => "is a way out, or in, that is open around the clock",
  },
  {
    name: "plan-no-automatic-addresses",
    title: "no declared subnet gives addresses of the outside world by itself (GDPR art. 25)",
    types: ["aws:ec2/subnet:Subnet"],
    looksAt: ["mapPublicIpOnLaunch", "assignIpv6AddressOnCreation"],
    violation: ({ mapPublicIpOnLaunch, assignIpv6AddressOnCreation }) =>
      mapPublicIpOnLaunch === true || assignIpv6AddressOnCreation === true ? "gives every machine an address of the outside world" : undefined,
  },
  {
    name: "plan-encrypted",
    title: "every declared disk is encrypted (GDPR art. 32)",
    types: [templateType, "aws:ebs/volume:Volume", "aws:ec2/instance:Instance"],
    looksAt: ["encrypted", "blockDeviceMappings"],
    violation: (inputs) => {
      if ("encrypted" in inputs || "size" in inputs) return inputs["encrypted"] === true ? undefined : "is not encrypted";
      const mappings = list(inputs["blockDeviceMappings"]);
      if (mappings.length === 0) return "leaves its disk to the image, which is not encrypted";
      const open = mappings.filter((mapping) => String(record(mapping["ebs"])["encrypted"]) !== "true");
      return open.length === 0 ? undefined : `has ${open.map((mapping) => text(mapping["deviceName"])).join(", ")} not encrypted`;
    },
  },
  {
    name: "plan-imds",
    title: "every declared machine answers metadata to itself only, and by token where it holds credentials (GDPR art. 32)",
    types: [templateType],
    looksAt: ["metadataOptions"],
    violation: ({ metadataOptions, iamInstanceProfile }) => {
      const { httpTokens, httpPutResponseHopLimit } = record(metadataOptions);
      // What iPXE reads has no credentials in it: a machine without a profile has no role.
      if (httpTokens !== "required" && !(httpTokens === "optional" && iamInstanceProfile === undefined)) return "answers metadata without a token (IMDSv1)";
      return httpPutResponseHopLimit === 1 ? undefined : `has hop limit ${text(httpPutResponseHopLimit)}`;
    },
  },
  {
    name: "plan-user-data",
    title: "no declared user data holds a secret (GDPR art. 32)",
    types: [templateType],
    looksAt: ["userData"],
    violation: ({ userData }) => {
      const found = typeof userData === "string" ? secretIn(userData) : undefined;
      return found === undefined ? undefined : `holds ${found} in its user data`;
    },
  },
  {
    name: "plan-roles",
    title: "no declared role may do everything, or something to everything (GDPR art. 25, 32)",
    types: ["aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy"],
    looksAt: ["policy"],
    violation: ({ policy }) => {
      if (typeof policy !== "string") return undefined;
      const { Statement = [] } = JSON.parse(policy) as { Statement?: Inputs | Inputs[] };
      const wide = [Statement].flat().flatMap(({ Action, Resource, NotAction, NotResource }) => [...(NotAction === undefined && NotResource === undefined ? [] : ["everything but what it names"]), ...texts(Action).filter((action) => action.includes("*")), ...texts(Resource).filter((resource) => resource === "*").map(() => "on everything")]);
      return wide.length === 0 ? undefined : `allows ${wide.join(", ")}`;
    },
  },
  {
    name: "plan-attached-policies",
    title: "what a role may do stands in its own policy (GDPR art. 25, 32)",
    types: ["aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/role:Role"],
    looksAt: ["managedPolicyArns", "inlinePolicies"],
    violation: ({ policyArn, managedPolicyArns, inlinePolicies }) =>
      policyArn !== undefined || list(inlinePolicies).length > 0 || texts(managedPolicyArns).length > 0 ? "is given rights elsewhere" : undefined,
  },
  {
    name: "plan-no-public-addresses",
    title: "no declared machine asks for a public address (GDPR art. 25)",
    types: [templateType, "aws:ec2/instance:Instance"],
    looksAt: ["networkInterfaces", "associatePublicIpAddress"],
    violation: ({ networkInterfaces, associatePublicIpAddress }) =>
      [associatePublicIpAddress, ...list(networkInterfaces).map((one) => one["associatePublicIpAddress"])].some((wanted) => String(wanted) === "true") ? "asks for a public address" : undefined,
  },
  {
    name: "plan-parameters",
    title: "every declared parameter is a SecureString (GDPR art. 32)",
    types: ["aws:ssm/parameter:Parameter"],
    looksAt: ["type"],
    violation: ({ type }) => (type === "SecureString" ? undefined : `is a ${text(type)}`),
  },
];

/** The policies as a gate on a plan. */
export const declared: Gate = {
  number: "09",
  name: "GDPR, declared resources",
  checks: policies.map((policy): Check => ({
    id: `09.${policy.name}`,
    title: policy.title,
    kind: "observe",
    asks: ["plan"],
    // A plan does not change by looking again.
    timeoutMs: 0,
    intervalMs: 1,
    passes: 1,
    look: async ({ plan }) => judge(policy, (await plan?.client()) ?? []),
  })),
};

/** Pure: one policy's verdict on everything that is planned. */
export function judge(policy: Policy, planned: readonly PlannedResource[]): Verdict {
  const judged = planned.filter(({ type }) => policy.types.includes(type));
  if (judged.length === 0) return { status: "not-applicable", why: "nothing of that kind is declared" };
  const open = judged.filter(({ unknown }) => policy.looksAt.some((input) => unknown.includes(input)));
  const known = judged.filter((resource) => !open.includes(resource));
  const problems = known.flatMap(({ name, inputs }) => {
    const problem = policy.violation(inputs);
    return problem === undefined ? [] : [`${name} ${problem}`];
  });
  if (problems.length > 0) return red(problems.join("; "));
  const later = open.length === 0 ? "" : `${open.map(({ name }) => name).join(", ")}: not known before it is made`;
  if (known.length === 0) return { status: "not-applicable", why: later };
  return green([known.map(({ name }) => name).join(", "), later].filter(Boolean).join("; "));
}

function list(value: unknown): Inputs[] {
  return Array.isArray(value) ? value.map(record) : [];
}

function record(value: unknown): Inputs {
  return typeof value === "object" && value !== null ? (value as Inputs) : {};
}

function texts(value: unknown): string[] {
  return [value].flat().filter((one) => typeof one === "string");
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "not set";
}
