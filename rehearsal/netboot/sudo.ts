import type { CloudConfig } from "./cloud-config.ts";
import type { GuestText } from "./guest-text.ts";

/** Programs that a user's sudo rules allow, by their path in the guest. */
export function allowedBySudo({ users }: Pick<CloudConfig, "users">): string[] {
  return users.flatMap(({ sudo }) => sudo?.replace(/^.*NOPASSWD: /, "").split(", ") ?? []);
}

/**
 * The stand-in for sudo: everything on a machine of the rehearsal runs as one user, so it only refuses what sudo would refuse.
 * A rule allows a program with any arguments (sudoers(5)).
 */
export function renderSudo(allowed: readonly string[], guest: GuestText): string {
  const cases = allowed.map((path) => `  '${guest.file(path)}') exec "$@" ;;\n`).join("");
  return `#!/bin/sh\ncase "$1" in\n${cases}  *) echo "sudo: a password is required" >&2; exit 1 ;;\nesac\n`;
}
