import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LocalMount, ServiceContext } from "./service.ts";

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** Paths of the container in a text (an argument, a variable's value) as the paths that they are mounted from. */
export function mountedText(text: string, mounts: readonly LocalMount[]): string {
  if (mounts.length === 0) return text;
  const longestFirst = mounts.map(({ target }) => target).sort((a, b) => b.length - a.length);
  const path = new RegExp(String.raw`(?<![\w./-])(?:${longestFirst.map(escaped).join("|")})(?![\w.-])`, "g");
  return text.replace(path, (target) => mounts.find((mount) => mount.target === target)?.path ?? target);
}

/** The file or folder behind a path of the container; an image's own files do not exist here. */
export function mountedPath(path: string, { mounts, spec }: Pick<ServiceContext, "mounts" | "spec">): string {
  for (const { target, path: source } of mounts) {
    if (path === target) return source;
    if (path.startsWith(`${target}/`) && !path.split("/").includes("..")) return join(source, path.slice(target.length));
  }
  throw new Error(`${path} is not mounted into ${spec.name}`);
}

/** A configuration file of the bundle, read by a stand-in as the program would. */
export function mountedFile(path: string, context: Pick<ServiceContext, "mounts" | "spec">): string {
  return readFileSync(mountedPath(path, context), "utf8");
}
