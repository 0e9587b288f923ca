// Addresses that follow from ranges: pure arithmetic.
import ipaddr from "ipaddr.js";
import { mustParseCidr } from "../common/cidr.ts";

/** The address with this host part in an IPv6 /64, such as `::100` in `2001:db8::/64`. */
export function ipv6InSubnet(subnetIpv6Cidr: string, host: string): string {
  const { family, bits, base } = mustParseCidr(subnetIpv6Cidr);
  if (family !== "ipv6" || bits !== 64) throw new Error(`"${subnetIpv6Cidr}" is not an IPv6 /64`);
  const part = ipaddr.IPv6.parse(host).parts;
  if (part.slice(0, 4).some((group) => group !== 0)) throw new Error(`"${host}" is wider than the 64 bits of a host`);
  return new ipaddr.IPv6([...ipaddr.IPv6.parse(base).parts.slice(0, 4), ...part.slice(4)]).toString();
}

/** The VPC's own resolver: the base of its range plus two (VPC user guide, "Amazon DNS server"). */
export function vpcResolver(vpcCidr: string): string {
  const { family, base } = mustParseCidr(vpcCidr);
  if (family !== "ipv4") throw new Error(`"${vpcCidr}" is not an IPv4 range`);
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(base).octets;
  // The base of a range of /28 or wider ends in a multiple of 16.
  return new ipaddr.IPv4([a, b, c, d + 2]).toString();
}

/** The mask of an IPv4 range in four numbers, as DHCP wants it. */
export function netmask(cidr: string): string {
  const { family, bits } = mustParseCidr(cidr);
  if (family !== "ipv4") throw new Error(`"${cidr}" is not an IPv4 range`);
  return ipaddr.IPv4.subnetMaskFromPrefixLength(bits).toString();
}
