import { z } from "zod";
import { cidrContains, formatCidr, parseCidr, type Cidr } from "../common/cidr.ts";

/** What CloudWatch Logs accepts (PutRetentionPolicy, retentionInDays), up to a quarter: flow logs are personal data. */
const retentionDays = [1, 3, 5, 7, 14, 30, 60, 90];

/** Each setting's own words for the error message and the reference page. */
type SettingHelp = { readonly allowed: string; readonly fix: string };
const help = (allowed: string, fix: string): SettingHelp => ({ allowed, fix });

/** A range that AWS would give back as it was written; `refuse` says what else is wrong with it. */
function range(refuse: (cidr: Cidr) => string | undefined) {
  return z.string().superRefine((text, context) => {
    const cidr = parseCidr(text);
    const meant = "problem" in cidr ? cidr.meant : cidr;
    const refusal = meant && refuse(meant);
    if (refusal !== undefined) context.addIssue(refusal);
    else if (meant === undefined) context.addIssue("is not an address range (address/bits)");
    else if (formatCidr(meant) !== text) {
      // AWS answers in the usual form: any other would be drift for ever.
      const problem = "problem" in cidr ? cidr.problem : `is not the usual way to write ${formatCidr(meant)}`;
      context.addIssue({ code: "custom", message: problem, params: { fix: `write ${formatCidr(meant)}` } });
    }
  });
}

const ipv4Range = range(({ family, bits }) => {
  if (family !== "ipv4") return "is an IPv6 range";
  // AWS: VPC and subnet blocks lie between /16 and /28 (VPC user guide, "VPC CIDR blocks").
  if (bits < 16) return `is a /${bits}, wider than /16`;
  return bits > 28 ? `is a /${bits}, narrower than /28` : undefined;
});

const operatorPrefix = range(({ family, bits }) => {
  if (family !== "ipv6") return "is an IPv4 range";
  return bits < 48 ? `is a /${bits}: far more than one home` : undefined;
});

/** The settings of one environment: the keys under `moon-and-back:` in Pulumi.<env>.yaml. */
export const settingsSchema = z.strictObject({
  target: z.enum(["local-world", "aws"]).meta(help("local-world, aws", "write local-world to rehearse on this machine, aws to build in an account")),
  awsAccountId: z
    .string()
    .regex(/^\d{12}$/, "is not an account id")
    .optional()
    .meta(help("12 digits in quotes", "put the account id in quotes; `aws sts get-caller-identity` prints it")),
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "is not a region name")
    .meta(help("an AWS region such as eu-west-1", "take the region's code, not its title")),
  availabilityZone: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, "is not an availability zone name")
    .meta(help("a zone of the region, such as eu-west-1a", "write the region followed by the zone's letter")),
  operatorPrefix: operatorPrefix
    .optional()
    .meta(help("an IPv6 range from /48 to /128", "use your home's public prefix, such as the /64 your router shows")),
  network: z
    .strictObject({
      vpcCidr: ipv4Range.meta(help("an IPv4 range from /16 to /28", "choose one, such as 10.10.0.0/16")),
      subnetCidr: ipv4Range.meta(help("an IPv4 range from /16 to /28 inside network.vpcCidr", "choose one, such as 10.10.0.0/24")),
      flowLogRetentionDays: z
        .literal(retentionDays)
        .meta(help(`${retentionDays.join(", ")} (days)`, "choose one of these, the shortest that will do: flow logs are personal data")),
    })
    .meta(help("a section with vpcCidr, subnetCidr, flowLogRetentionDays", "write one as in Pulumi.rehearsal.yaml")),
  image: z
    .strictObject({
      digest: z
        .string()
        .regex(/^sha256:[0-9a-f]{64}$/, "is not a digest")
        .optional()
        .meta(help("sha256: and 64 hex digits in lower case", "take the digest, not the tag: `crane digest IMAGE` prints it")),
    })
    .optional()
    .meta(help("a section with digest", "write one as in Pulumi.demo.yaml, or leave it out")),
  stateBackend: z
    .string()
    .regex(/^(file|s3|gs|azblob|https):\/\/.+/, "is not a Pulumi backend URL")
    .optional()
    .meta(help("a Pulumi backend URL: file://, s3://, gs://, azblob:// or https://", "leave it out to keep state on this machine")),
});
export type Settings = z.infer<typeof settingsSchema>;

/** All IPv6 addresses that can cross the internet (RFC 4291, IANA's global unicast assignment). */
const globalUnicast = "2000::/3";

/** A rule over several settings, read only when each of them is right by itself. */
export interface CrossRule {
  readonly key: string;
  readonly broken: (settings: Settings) => string | undefined;
  readonly allowed: string;
  readonly fix: string;
}

export const crossRules: readonly CrossRule[] = [
  {
    key: "network.subnetCidr",
    broken: ({ network }) =>
      cidrContains(network.vpcCidr, network.subnetCidr) ? undefined : `lies outside network.vpcCidr ${network.vpcCidr}`,
    ...help("a range inside network.vpcCidr", "move the subnet into the VPC's range, or widen the VPC's"),
  },
  {
    key: "availabilityZone",
    broken: ({ region, availabilityZone }) =>
      availabilityZone.slice(0, -1) === region ? undefined : `is not in region ${region}`,
    ...help("a zone of the region, such as eu-west-1a", "change the zone or the region so that they agree"),
  },
  {
    key: "network.vpcCidr",
    broken: ({ target, network }) =>
      target === "local-world" && !network.vpcCidr.startsWith("10.") ? "cannot be reached on this machine's loopback" : undefined,
    ...help("a range in 10.0.0.0/8 when target is local-world", "choose a 10.x plan: 10.a.b.c is reached at 127.a.b.c"),
  },
  {
    key: "operatorPrefix",
    broken: ({ target, operatorPrefix }) =>
      target === "aws" && operatorPrefix !== undefined && !cidrContains(globalUnicast, operatorPrefix) ? "is not a public range: AWS never sees it as a source" : undefined,
    ...help("an IPv6 range inside 2000::/3 when target is aws", "use the prefix that other hosts see, not ::1, fe80:: or fd00::"),
  },
];

/** Settings that a plan can do without, but not an environment that is really built. */
export interface BeforeUp {
  readonly key: string;
  readonly missing: (settings: Settings) => boolean;
  readonly allowed: string;
  readonly fix: string;
}

export const beforeUp: readonly BeforeUp[] = [
  {
    key: "awsAccountId",
    missing: (settings) => settings.awsAccountId === undefined,
    ...help("12 digits in quotes", "add moon-and-back:awsAccountId with the one account this may be built in"),
  },
  {
    key: "operatorPrefix",
    missing: (settings) => settings.operatorPrefix === undefined,
    ...help("an IPv6 range from /48 to /128", "add moon-and-back:operatorPrefix with the prefix you will reach the bastion from"),
  },
  {
    key: "image.digest",
    missing: (settings) => settings.target === "aws" && settings.image?.digest === undefined,
    ...help("sha256: and 64 hex digits in lower case", "publish the Talos image first, then add its digest below moon-and-back:image"),
  },
];
