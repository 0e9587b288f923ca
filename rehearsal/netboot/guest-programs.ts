import { chmodSync, mkdirSync, writeFileSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { standInPrograms } from "./guest-text.ts";

/** One program for all machines; as plain JavaScript it starts in a third of the time. */
export function writeGuestProgram(folder: string): string {
  const path = join(folder, "guest-program.mjs");
  const source = readFileSync(join(import.meta.dirname, "guest-program.ts"), "utf8");
  writeFileSync(path, stripTypeScriptTypes(source));
  return path;
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

export interface GuestPrograms {
  readonly script: string;
  readonly socket: string;
  readonly machine: string;
  readonly python: string;
  readonly boto3: boolean;
  /** The text of the stand-in for sudo. */
  readonly sudo: string;
}

/** Puts the stand-in programs into a machine's usr/bin. Without boto3's package, python3 runs without packages. */
export function writeGuestPrograms(root: string, { script, socket, machine, python, boto3, sudo }: GuestPrograms): void {
  const bin = join(root, "usr/bin");
  mkdirSync(bin, { recursive: true });
  for (const name of standInPrograms) {
    const command = name === "python3" ? [python, ...(boto3 ? [] : ["-I", "-S"])] : [process.execPath, script, socket, machine, name];
    const path = join(bin, name);
    writeFileSync(path, name === "sudo" ? sudo : `#!/bin/sh\nexec ${command.map(quoted).join(" ")} "$@"\n`);
    chmodSync(path, 0o755);
  }
}
