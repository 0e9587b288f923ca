import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { errorMessage } from "../common/errors.ts";
import type { Session } from "./session.ts";
import { readBastionAccess } from "./bastion-access.ts";

/**
 * Writes what `ssh -F` needs to reach the bastion: the operator's key (readable by its owner only), the pinned host key, and a
 * configuration with the host `bastion`. They lie beside the state, which holds the same secrets. Returns the configuration's path,
 * or nothing where there is no bastion.
 */
export async function writeSshFiles(session: Session): Promise<string | undefined> {
  const { world, console } = session;
  const folder = sshFolder(session);
  if ((await world.state()) !== "running") return undefined;
  const access = await readBastionAccess(session).catch((error: unknown) => {
    console.say("warn", `the bastion's keys cannot be read: ${errorMessage(error)}`);
    return undefined;
  });
  if (access === undefined) return undefined;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    // Made anew, so that the mode is right from the first byte.
    rmSync(path, { force: true });
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const { host, port } = world.sshAddress(access.host);
  const key = file("id_ed25519", `${access.privateKey.trimEnd()}\n`);
  const known = file("known_hosts", `bastion ${access.hostKey.trim()}\n`);
  const lines = [
    "Host bastion",
    `  HostName ${host}`,
    `  Port ${port}`,
    `  User ${access.user}`,
    `  IdentityFile "${key}"`,
    "  IdentitiesOnly yes",
    `  UserKnownHostsFile "${known}"`,
    "  HostKeyAlias bastion",
    "  StrictHostKeyChecking yes",
    "  HostKeyAlgorithms ssh-ed25519",
  ];
  return file("config", `${lines.join("\n")}\n`);
}

/** Removes them: the keys they hold open nothing any more. */
export function removeSshFiles(session: Session): void {
  rmSync(sshFolder(session), { recursive: true, force: true });
}

function sshFolder({ directories }: Session): string {
  return join(dirname(directories.state), "ssh");
}
