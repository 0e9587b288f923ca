import { mustParseCidr } from "../common/cidr.ts";

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
