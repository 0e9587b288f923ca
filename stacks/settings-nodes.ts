import { z } from "zod";
import { formatHost, hostNumber, isHostAddress, isIpv4Address } from "../common/cidr.ts";
import { armInstanceType, help, secretReference, type CrossRule } from "./setting-kinds.ts";
import type { Settings } from "./settings.ts";
import { variants, type Variant } from "./variants.ts";

/** As many as an address plan of /24 holds beside the bastion, and more than anybody rehearses. */
const mostNodes = 200;

const amiId = z.string().regex(/^ami-[0-9a-f]{8,17}$/, "is not an image id").optional().meta(help("ami- and 8 to 17 hex digits", "take the id that the import of the image printed"));

/** The Talos nodes: how many, of which kind, and where they boot from. */
export const nodesSettings = z
  .strictObject({
    count: z
      .number()
      .int("is not a whole number")
      .min(1, "makes no cluster")
      .max(mostNodes, `is more than ${mostNodes}`)
      .meta(help(`a whole number from 1 to ${mostNodes}`, "write 3, or 1 for the smallest cluster")),
    controlPlanes: z.literal([1, 3]).meta(help("1, 3", "write 1, or 3 for a control plane that survives the loss of a node; with 2 etcd survives none")),
    firstAddress: z.string().refine(isIpv4Address, "is not an IPv4 address").meta(help("an IPv4 address inside network.subnetCidr", "choose one, such as 10.10.0.11: the nodes have it and those that follow")),
    instanceType: armInstanceType,
    volumeGiB: z
      .number()
      .int("is not a whole number")
      .min(8, "is too small for Talos and its images")
      .max(200, "is more than a node needs")
      .meta(help("a whole number from 8 to 200 (GiB)", "choose one: 10 holds Talos and its images")),
    boot: z.enum(["ipxe", "ami"]).meta(help("ipxe, ami", "write ipxe to boot over the network, ami for images that you have imported")),
    gateways: z
      .array(z.number().int("is not a whole number").min(1, "is not the number of a node"))
      .refine((numbers) => new Set(numbers).size === numbers.length, "names a node twice")
      .optional()
      .meta(help("a list of node numbers, such as [3]", "name the nodes that join your tailnet by their numbers, or leave it out")),
    tailscaleAuthKey: secretReference.optional().meta(help("env:NAME or file:PATH", "put the auth key into a variable or a file, and name that here")),
    ami: z
      .strictObject({ "spin-only": amiId, "spin-tailscale": amiId })
      .optional()
      .meta(help(`a section with ${variants.join(", ")}`, "name the imported images, or leave it out with boot: ipxe")),
    patch: z
      .record(z.string(), z.unknown())
      .optional()
      .meta(help("a section of Talos machine config (v1alpha1), such as machine: or cluster:", "write what shall differ, or leave it out")),
  })
  .meta(help("a section with count, controlPlanes, firstAddress, instanceType, volumeGiB, boot", "write one as in Pulumi.rehearsal.yaml"));

/** One node as the settings have it. */
export interface NodePlan {
  /** From 1. */
  readonly number: number;
  /** `talos-node-1` */
  readonly name: string;
  readonly address: string;
  readonly role: "controlplane" | "worker";
  /** `spin-tailscale` on gateways. */
  readonly variant: Variant;
}

/** The nodes of an environment, in the order of their numbers: the first ones are control planes. */
export function nodesOf({ nodes }: Pick<Settings, "nodes">): NodePlan[] {
  const first = hostNumber(nodes.firstAddress);
  return Array.from({ length: nodes.count }, (_, index) => ({
    number: index + 1,
    name: `talos-node-${index + 1}`,
    address: formatHost(first + index),
    role: index < nodes.controlPlanes ? "controlplane" : "worker",
    variant: nodes.gateways?.includes(index + 1) === true ? "spin-tailscale" : "spin-only",
  }));
}

export const nodesRules: readonly CrossRule[] = [
  {
    key: "nodes.controlPlanes",
    broken: ({ nodes }) => (nodes.controlPlanes > nodes.count ? `is more than nodes.count ${nodes.count}` : undefined),
    ...help("at most nodes.count", "write 1, or make nodes.count 3"),
  },
  {
    key: "nodes.firstAddress",
    broken: ({ nodes, network, bastion }) => {
      const [first, last] = [nodesOf({ nodes }).at(0), nodesOf({ nodes }).at(-1)];
      if (first === undefined || last === undefined) return undefined;
      const range = `${first.address} to ${last.address}`;
      if (![first, last].every(({ address }) => isHostAddress(network.subnetCidr, address))) return `makes the nodes ${range}, which are not all host addresses of network.subnetCidr ${network.subnetCidr}`;
      const inside = (address: string): boolean => hostNumber(address) >= hostNumber(first.address) && hostNumber(address) <= hostNumber(last.address);
      if (inside(bastion.address)) return `makes the nodes ${range}, which holds bastion.address ${bastion.address}`;
      const { dhcpRange } = bastion;
      const apart = hostNumber(dhcpRange.last) < hostNumber(first.address) || hostNumber(dhcpRange.first) > hostNumber(last.address);
      return apart ? undefined : `makes the nodes ${range}, which overlaps bastion.dhcpRange ${dhcpRange.first} to ${dhcpRange.last}`;
    },
    ...help("an address of network.subnetCidr with room for all nodes, apart from the bastion and its DHCP range", "choose another, such as the subnet's .11"),
  },
  {
    key: "nodes.gateways",
    broken: ({ nodes }) => {
      const beyond = nodes.gateways?.find((number) => number > nodes.count);
      return beyond === undefined ? undefined : `names node ${beyond}, but nodes.count is ${nodes.count}`;
    },
    ...help("numbers from 1 to nodes.count", "name a node that there is"),
  },
  {
    key: "nodes.gateways",
    // An extension without its settings keeps Talos from booting for 70 minutes (siderolabs/extensions, tailscale).
    broken: ({ nodes }) => ((nodes.gateways ?? []).length > 0 && nodes.tailscaleAuthKey === undefined ? "needs nodes.tailscaleAuthKey, which is not set" : undefined),
    ...help("no gateway without an auth key", "add nodes.tailscaleAuthKey, such as env:TS_AUTHKEY, or leave the gateways out"),
  },
  {
    key: "nodes.ami",
    broken: ({ nodes }) => {
      if (nodes.boot !== "ami") return undefined;
      const missing = [...new Set(nodesOf({ nodes }).map(({ variant }) => variant))].filter((variant) => nodes.ami?.[variant] === undefined);
      return missing.length === 0 ? undefined : `names no image of ${missing.join(", ")}, which nodes.boot ami needs`;
    },
    ...help(`an image id for each of ${variants.join(", ")} that a node has`, "import the images and name them here, or write boot: ipxe"),
  },
];
