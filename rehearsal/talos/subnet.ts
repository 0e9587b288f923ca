import { formatHost, hostNumber, mustParseCidr } from "../../common/cidr.ts";

/** The router of a subnet: its first address. */
export function firstHost(cidr: string): string {
  return formatHost(hostNumber(mustParseCidr(cidr).base) + 1);
}

export function netmaskOf(cidr: string): string {
  return formatHost(2 ** 32 - 2 ** (32 - mustParseCidr(cidr).bits));
}
