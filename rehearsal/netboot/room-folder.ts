import { createHash } from "node:crypto";
import { mkdirSync, readlinkSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** What the machine room of some run data keeps there. */
export const machinesFolder = (runData: string): string => join(runData, "machines");
/** Certificate authority of the internet stand-in, for who leaves by HTTPS. */
export const internetCa = (runData: string): string => join(machinesFolder(runData), "internet-ca.pem");

/** A socket's path has at most 107 characters (unix(7)), and a checkout may lie deep. */
const longestFolder = 60;

/** A folder with a short name that only this user may enter, for what machine rooms need outside of their run data. */
export function privateFolder(): string {
  const { uid } = userInfo();
  const base = tmpdir().length <= longestFolder ? tmpdir() : "/tmp";
  const folder = join(base, `moonback-${uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid: owner, mode } = statSync(folder);
  if (owner !== uid || (mode & 0o077) !== 0) throw new Error(`${folder} must be this user's own, and closed to others: remove it, or set TMPDIR`);
  return folder;
}

const tag = (runData: string): string => createHash("sha256").update(runData).digest("hex").slice(0, 20);

/** The socket of the machine room: found from its run data alone. */
export function roomSocket(runData: string): string {
  return join(privateFolder(), `${tag(runData)}.sock`);
}

/**
 * A way to the machines' folder that needs no quotes: commands of the guest name paths, and those that they are replaced by
 * must not fall apart. The folder itself, unless its path has a space or worse in it.
 */
export function machinesPath(runData: string): string {
  const folder = machinesFolder(runData);
  if (/^[\w./@%+=:,-]+$/.test(folder)) return folder;
  const link = join(privateFolder(), tag(runData));
  if (linkTarget(link) !== folder) {
    rmSync(link, { force: true });
    symlinkSync(folder, link);
  }
  return link;
}

/** Takes away what `machinesPath` may have made. */
export function removeMachinesPath(runData: string): void {
  if (machinesPath(runData) !== machinesFolder(runData)) rmSync(join(privateFolder(), tag(runData)), { force: true });
}

function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
