import { connect, type Socket } from "node:net";
import { emulatorAddress, isIn, localAddress, localPort, plannedAddress } from "../addresses.ts";
import { connected, type Egress } from "./egress.ts";

/** Where from, and by which ways, a machine connects to others. */
export interface DialPlan {
  readonly vpcCidr: string;
  readonly egress: Egress;
  /** The machine's own address in the VPC; undefined while it has none. */
  readonly from: () => string | undefined;
}

/** A connection as the machine would make it: into its VPC from its own address, or by its way out to the internet. */
export async function dial({ vpcCidr, egress, from }: DialPlan, host: string, port: number): Promise<Socket> {
  const own = from();
  if (own === undefined) throw new Error("the machine has no address");
  if (!isIn(vpcCidr, host)) return egress.connect(host, port);
  // AWS's router answers nobody; the rehearsal keeps its AWS and its internet there.
  if (host === plannedAddress(emulatorAddress(vpcCidr).host, vpcCidr)) throw new Error(`${host} is the VPC's router`);
  return connected(connect({ host: localAddress(host), port: localPort(port), localAddress: localAddress(own) }));
}
