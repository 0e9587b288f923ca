import { stages } from "../stacks/registry.ts";
import type { BastionAccess } from "../worlds/bastion-source.ts";
import { engineSettings } from "./engine-settings.ts";
import type { Session } from "./session.ts";
import { findStage } from "./stage-run.ts";

/** The way into the bastion out of what its stack handed on; nothing where it was not built. */
export async function readBastionAccess(session: Session): Promise<BastionAccess | undefined> {
  const stage = stages.find(({ name }) => name === "bastion");
  const stack = stage && (await findStage(stage, session, await engineSettings(session)));
  const outputs = await stack?.outputs();
  const text = (name: string): string | undefined => (typeof outputs?.[name] === "string" ? outputs[name] : undefined);
  const [host, user, privateKey, hostKey] = ["ipv6Address", "user", "operatorPrivateKey", "hostPublicKey"].map(text);
  if (host === undefined || user === undefined || privateKey === undefined || hostKey === undefined) return undefined;
  return { host, user, privateKey, hostKey };
}
