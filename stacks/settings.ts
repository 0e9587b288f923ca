import { z } from "zod";
import { cidrContains, formatCidr, hostNumber, isHostAddress, isIpv4Address, parseCidr, type Cidr } from "../common/cidr.ts";
import { armInstanceType, help, secretReference, type CrossRule } from "./setting-kinds.ts";
import { nodesRules, nodesSettings } from "./settings-nodes.ts";
import { variants } from "./variants.ts";

/** What CloudWatch Logs accepts (PutRetentionPolicy, retentionInDays), up to a quarter: flow logs are personal data. */
const retentionDays = [1, 3, 5, 7, 14, 30, 60, 90];

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

const ipv4Address = z.string().refine(isIpv4Address, "is not an IPv4 address");

const sha256 = z.string().regex(/^sha256:[0-9a-f]{64}$/, "is not a digest");

const timeZone = z.string().refine((name) => /^([A-Z][A-Za-z_]+\/[A-Za-z_+\-/0-9]+|UTC)$/.test(name) && isTimeZone(name), "is not a time zone");

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const talosImage = z
  .strictObject({
    digest: sha256.meta(help("sha256: and 64 hex digits in lower case", "take the digest, not the tag: `crane digest IMAGE` prints it")),
    vmlinuz: sha256.meta(help("sha256: and 64 hex digits in lower case", "take the kernel's SHA-256 from the image's build record")),
    initramfs: sha256.meta(help("sha256: and 64 hex digits in lower case", "take the initramfs' SHA-256 from the image's build record")),
  })
  .optional()
  .meta(help("a section with digest, vmlinuz, initramfs", "write one as in Pulumi.rehearsal.yaml, or leave it out"));

export const weekDays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

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
  window: z
    .strictObject({
      start: z
        .string()
        .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "is not a time of day")
        .meta(help("a time as HH:MM in quotes", 'write the time in quotes, such as "18:00"')),
      hours: z
        .literal([1, 2, 3, 4, 5])
        .meta(help("1, 2, 3, 4, 5 (hours)", "choose at most 5: what runs longer is no rehearsal of a talk, and costs")),
      timezone: timeZone.meta(help("an IANA time zone such as Europe/Berlin", "write area and city, such as Europe/Berlin, or UTC")),
      days: z
        .array(z.enum(weekDays))
        .min(1, "names no day")
        .refine((days) => new Set(days).size === days.length, "names a day twice")
        .meta(help(`a list of ${weekDays.join(", ")}`, "write the days as a list, such as [mon, tue]")),
    })
    .meta(help("a section with start, hours, timezone, days", "write one as in Pulumi.rehearsal.yaml")),
  names: z
    .strictObject({
      asg: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/, "is not a name")
        .optional()
        .meta(help("up to 63 letters, digits and hyphens", "choose a name that no other group of the account and region has")),
    })
    .optional()
    .meta(help("a section with asg", "write one as in Pulumi.demo.yaml, or leave it out")),
  bastion: z
    .strictObject({
      address: ipv4Address.meta(help("an IPv4 address inside network.subnetCidr", "choose one, such as 10.10.0.100")),
      instanceType: armInstanceType,
      volumeGiB: z
        .number()
        .int("is not a whole number")
        .min(8, "is too small for the system and its caches")
        .max(100, "is more than the caches need")
        .meta(help("a whole number from 8 to 100 (GiB)", "choose one: 16 holds the system and the image caches")),
      dhcpRange: z
        .strictObject({
          first: ipv4Address.meta(help("an IPv4 address inside network.subnetCidr", "choose one, such as 10.10.0.110")),
          last: ipv4Address.meta(help("an IPv4 address inside network.subnetCidr", "choose one, such as 10.10.0.199")),
        })
        .meta(help("a section with first, last", "write one as in Pulumi.rehearsal.yaml")),
      egress: z
        .enum(["public-ipv4", "wireguard"])
        .meta(help("public-ipv4, wireguard", "write public-ipv4 for a billed address while it runs, wireguard for a tunnel to your home lab")),
      wireguard: z
        .strictObject({
          endpoint: z
            .string()
            .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, "is not host:port")
            .meta(help("host:port, reachable by IPv6", "write the home lab's WireGuard address, such as home.example.org:51820")),
          peerPublicKey: z
            .string()
            .regex(/^[A-Za-z0-9+/]{43}=$/, "is not a WireGuard key")
            .meta(help("the 44 characters that `wg pubkey` prints", "take the home lab's public key")),
          address: ipv4Address.meta(help("an IPv4 address inside the tunnel", "take the address that the home lab gives the bastion")),
          privateKey: secretReference.meta(help("env:NAME or file:PATH", "put the key into a variable or a file, and name that here")),
        })
        .optional()
        .meta(help("a section with endpoint, peerPublicKey, address, privateKey", "write one as in docs/configuration.md, or leave it out")),
    })
    .meta(help("a section with address, instanceType, volumeGiB, dhcpRange, egress", "write one as in Pulumi.rehearsal.yaml")),
  nodes: nodesSettings,
  image: z
    .strictObject({ "spin-only": talosImage, "spin-tailscale": talosImage })
    .optional()
    .meta(help(`a section with ${variants.join(", ")}`, "write one as in Pulumi.rehearsal.yaml, or leave it out")),
  stateBackend: z
    .string()
    .regex(/^(file|s3|gs|azblob|https):\/\/.+/, "is not a Pulumi backend URL")
    .optional()
    .meta(help("a Pulumi backend URL: file://, s3://, gs://, azblob:// or https://", "leave it out to keep state on this machine")),
});
export type Settings = z.infer<typeof settingsSchema>;

/** All IPv6 addresses that can cross the internet (RFC 4291, IANA's global unicast assignment). */
const globalUnicast = "2000::/3";

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
  {
    key: "bastion.address",
    broken: ({ network, bastion }) => outsideSubnet(network.subnetCidr, bastion.address),
    ...help("an address of network.subnetCidr, but not its first four nor its last", "choose another, such as the subnet's .100"),
  },
  ...(["first", "last"] as const).map((end) => ({
    key: `bastion.dhcpRange.${end}`,
    broken: ({ network, bastion }: Settings) => outsideSubnet(network.subnetCidr, bastion.dhcpRange[end]),
    ...help("an address of network.subnetCidr, but not its first four nor its last", "choose another, such as the subnet's .110 and .199"),
  })),
  {
    key: "bastion.dhcpRange.last",
    broken: ({ bastion: { address, dhcpRange } }) => {
      const [first, last, own] = [dhcpRange.first, dhcpRange.last, address].map(hostNumber) as [number, number, number];
      if (last < first) return `comes before bastion.dhcpRange.first ${dhcpRange.first}`;
      return own >= first && own <= last ? `makes a range that holds bastion.address ${address}` : undefined;
    },
    ...help("a range that begins at first and leaves bastion.address out", "move the range or the bastion"),
  },
  {
    key: "bastion.egress",
    broken: ({ bastion }) => (bastion.egress === "wireguard" && bastion.wireguard === undefined ? "needs bastion.wireguard, which is not set" : undefined),
    ...help("public-ipv4, or wireguard with bastion.wireguard", "add the section bastion.wireguard, or write public-ipv4"),
  },
  {
    key: "bastion.wireguard.address",
    broken: ({ network, bastion: { wireguard } }) =>
      wireguard !== undefined && cidrContains(network.vpcCidr, `${wireguard.address}/32`) ? `lies inside network.vpcCidr ${network.vpcCidr}` : undefined,
    ...help("an address of the tunnel, outside the VPC", "take the address that the home lab gives the bastion"),
  },
  ...nodesRules,
];

/** What AWS keeps of every subnet: the first four addresses and the last (VPC user guide, "Subnet sizing"). */
function outsideSubnet(subnetCidr: string, address: string): string | undefined {
  if (!cidrContains(subnetCidr, `${address}/32`)) return `lies outside network.subnetCidr ${subnetCidr}`;
  return isHostAddress(subnetCidr, address) ? undefined : `is one of the addresses that AWS keeps of ${subnetCidr}`;
}

/** Settings that a plan can do without, but not an environment that is really built. */
export interface BeforeUp {
  readonly key: string;
  readonly missing: (settings: Settings) => boolean;
  readonly allowed: string;
  readonly fix: string;
}

const published = help("a section with digest, vmlinuz, initramfs", "publish the Talos image first, then add what its build record says below moon-and-back:image");

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
    key: "image.spin-only",
    missing: (settings) => settings.image?.["spin-only"] === undefined,
    ...published,
  },
  {
    key: "image.spin-tailscale",
    missing: (settings) => (settings.nodes.gateways ?? []).length > 0 && settings.image?.["spin-tailscale"] === undefined,
    ...published,
  },
];
