import type { BastionAccess } from "../worlds/bastion-source.ts";
import type { Session } from "./session.ts";
import { readOutputs } from "./stage-outputs.ts";

/** The way into the bastion out of what its stack handed on; nothing where it was not built. */
export async function readBastionAccess(session: Session): Promise<BastionAccess | undefined> {
  const { ipv6Address: host, user, operatorPrivateKey: privateKey, hostPublicKey: hostKey } = await readOutputs(session, "bastion", ["ipv6Address", "user", "operatorPrivateKey", "hostPublicKey"]);
  if (host === undefined || user === undefined || privateKey === undefined || hostKey === undefined) return undefined;
  return { host, user, privateKey, hostKey };
}
