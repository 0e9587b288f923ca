import ipaddr from "ipaddr.js";
import { cidrContains, mustParseCidr } from "../common/cidr.ts";

/**
 * Where an address of the environment's plan is reached on this machine: 10.a.b.c at 127.a.b.c.
 * Linux answers on all of 127.0.0.0/8, so two environments with different plans never meet.
 */
export function localAddress(address: string): string {
  if (!address.startsWith("10.")) throw new Error(`${address} is not in 10.0.0.0/8`);
  return `127.${address.slice("10.".length)}`;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The port of the AWS emulator, at the place where the VPC's own router would be (first address of its range). */
const emulatorPort = 4566;

/** Where the environment's AWS emulator listens. */
export function emulatorAddress(vpcCidr: string): Address {
  const octets = mustParseCidr(vpcCidr).base.split(".").map(Number);
  const router = [...octets.slice(0, 3), (octets[3] ?? 0) + 1].join(".");
  return { host: localAddress(router), port: emulatorPort };
}

/** Where a throw-away emulator listens: at a port that no plan has, and told from others' by the process that it ends with. */
export function throwAwayAddress(pid: number): Address {
  // Linux gives process ids below 2^22 (PID_MAX_LIMIT).
  return { host: `127.${64 + (pid >>> 16)}.${(pid >>> 8) & 255}.${pid & 255}`, port: emulatorPort - 1 };
}

/** The bottom of what an ordinary user may listen on, and how far the ports below it are moved up. */
const firstFreePort = 1024;
const moveUp = 20_000;

/** Where a port of the environment's plan is reached: 53 at 20053, 8080 at 8080. */
export function localPort(port: number): number {
  return port < firstFreePort ? port + moveUp : port;
}

/** An address in the environment's text: not part of a longer number or name, with its port if it has one. */
const addressInText = /(?<![\w.])10(?:\.\d{1,3}){3}(?!\.?\w)(?::(\d{1,5})(?!\w))?/g;

/** Every address of the VPC's range in a text, with its port, as it is reached on this machine. Other text stays as it is. */
export function localText(text: string, vpcCidr: string): string {
  return text.replace(addressInText, (whole, port: string | undefined) => {
    const address = port === undefined ? whole : whole.slice(0, -port.length - 1);
    if (!isIn(vpcCidr, address)) return whole;
    return localAddress(address) + (port === undefined ? "" : `:${localPort(Number(port))}`);
  });
}

/** The address of the plan that is reached at an address of this machine: the other way round of `localAddress`. */
export function plannedAddress(local: string, vpcCidr: string): string | undefined {
  if (!local.startsWith("127.")) return undefined;
  const address = `10.${local.slice("127.".length)}`;
  return isIn(vpcCidr, address) ? address : undefined;
}

const localAddressInText = /(?<![\w.])127(?:\.\d{1,3}){3}(?!\.?\w)/g;

/** What programs of this machine say, with the plan's addresses: a service's log names its clients by them. Ports stay as they are. */
export function plannedText(text: string, vpcCidr: string): string {
  return text.replace(localAddressInText, (local) => plannedAddress(local, vpcCidr) ?? local);
}

/** Whether a text is an IPv4 address of the range. */
export function isIn(cidr: string, address: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(address) && cidrContains(cidr, `${address}/32`);
}

/** The bastion's SSH on this machine: IPv6 loopback has one address only, so environments differ by port. */
export function sshAddress(vpcCidr: string): Address {
  const [, second = 0, third = 0] = mustParseCidr(vpcCidr).base.split(".").map(Number);
  return { host: "::1", port: 22_000 + ((second * 256 + third) % 10_000) };
}

/** The stand-in for the internet: at the address of the VPC's router, which answers nothing else on these ports. */
export function internetAddress(vpcCidr: string): { readonly host: string; readonly registryPorts: readonly [number, number, number, number, number]; readonly tlsPort: number } {
  return { host: emulatorAddress(vpcCidr).host, registryPorts: [4570, 4571, 4572, 4573, 4574], tlsPort: 4575 };
}
