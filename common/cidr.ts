import ipaddr from "ipaddr.js";

export interface Cidr {
  readonly family: "ipv4" | "ipv6";
  /** Prefix length in bits. */
  readonly bits: number;
  /** The first address, as it is usually written. */
  readonly base: string;
}

/** What is wrong with a text that should be a range; `meant` is the range it was perhaps to be. */
interface NoCidr {
  readonly problem: string;
  readonly meant?: Cidr;
}

/** Reads `address/bits`; says what is wrong with it instead of throwing. */
export function parseCidr(text: string): Cidr | NoCidr {
  // Four decimal numbers only: elsewhere 10/16 means 0.0.0.10/16 and 010.0.0.0 means 8.0.0.0.
  if (!ipaddr.IPv6.isValidCIDR(text) && !ipaddr.IPv4.isValidCIDRFourPartDecimal(text)) return { problem: "is not an address range (address/bits)" };
  const [address, bits] = ipaddr.parseCIDR(text);
  const base = address.kind() === "ipv4" ? ipaddr.IPv4.networkAddressFromCIDR(text) : ipaddr.IPv6.networkAddressFromCIDR(text);
  const cidr: Cidr = { family: address.kind(), bits, base: base.toString() };
  return base.toNormalizedString() === address.toNormalizedString() ? cidr : { problem: `has host bits set: the range starts at ${cidr.base}`, meant: cidr };
}

/** A range as it is usually written. */
export function formatCidr({ base, bits }: Cidr): string {
  return `${base}/${bits}`;
}

/** Reads a range that was validated before. Throws on anything else. */
export function mustParseCidr(text: string): Cidr {
  const cidr = parseCidr(text);
  if ("problem" in cidr) throw new Error(`"${text}" ${cidr.problem}`);
  return cidr;
}

/** Whether `inner` lies wholly in `outer` (equal ranges do). */
export function cidrContains(outer: string, inner: string): boolean {
  const [address, bits] = ipaddr.parseCIDR(inner);
  const range = ipaddr.parseCIDR(outer);
  return address.kind() === range[0].kind() && bits >= range[1] && address.match(range);
}

/**
 * The first /64 of an IPv6 block, such as the /56 that AWS gives a VPC: the usual size of a subnet, and the one gate 01 asks for.
 */
export function firstSlash64(block: string): string {
  const { family, bits, base } = mustParseCidr(block);
  if (family !== "ipv6" || bits > 64) throw new Error(`"${block}" is not an IPv6 block of at least /64`);
  return `${base}/64`;
}

/** Whether a text is an IPv4 address as it is usually written. */
export function isIpv4Address(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) && ipaddr.IPv4.parse(text).toString() === text;
}

/** An IPv4 address as a number, so that addresses can be compared. */
export function hostNumber(address: string): number {
  return address.split(".").reduce((number, octet) => number * 256 + Number(octet), 0);
}

/** The other way round of `hostNumber`. */
export function formatHost(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

/** Whether a machine can have this address of an AWS subnet, which keeps the first four and the last. */
export function isHostAddress(subnet: string, address: string): boolean {
  const { base, bits } = mustParseCidr(subnet);
  const offset = hostNumber(address) - hostNumber(base);
  return offset >= 4 && offset < 2 ** (32 - bits) - 1;
}
