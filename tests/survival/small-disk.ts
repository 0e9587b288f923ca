import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** A folder on a disk of its own that can be filled to the last byte, without root. */
export interface SmallDisk {
  /** The way to it from every process of this user. */
  readonly folder: string;
  readonly fill: () => void;
  readonly makeRoom: () => void;
  [Symbol.dispose](): void;
}

/**
 * Mounts a small disk in a namespace of its own, which a process that waits holds open; the kernel shows it to others below
 * that process's root. Undefined where this machine lets ordinary users have no namespaces.
 * @param place an empty folder
 */
export async function smallDisk(place: string, megabytes: number): Promise<SmallDisk | undefined> {
  const script = 'mount -t tmpfs -o "size=$2m" tmpfs "$1" && echo mounted && exec cat';
  const holder = spawn("unshare", ["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", place, String(megabytes)], { stdio: ["pipe", "pipe", "ignore"] });
  const mounted = await Promise.race([once(holder.stdout, "data").then(() => true), once(holder, "exit").then(() => false), once(holder, "error").then(() => false)]);
  if (!mounted) return undefined;
  const folder = `/proc/${holder.pid ?? "?"}/root${place}`;
  const ballast = join(folder, "ballast");
  return {
    folder,
    fill: () => {
      const file = openSync(ballast, "a");
      try {
        for (;;) writeSync(file, Buffer.alloc(4_096));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      } finally {
        closeSync(file);
      }
    },
    makeRoom: () => rmSync(ballast, { force: true }),
    [Symbol.dispose]: () => holder.stdin.end(),
  };
}
