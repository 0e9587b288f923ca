import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { forwardUrl } from "../stacks/config.ts";
import { readKubeconfig, readTalosconfig } from "./cluster-access.ts";
import type { Session } from "./session.ts";

/** The variables in which talosctl and kubectl look for their files, and what is in these. */
const files = [
  { variable: "TALOSCONFIG", name: "talosconfig", read: readTalosconfig },
  { variable: "KUBECONFIG", name: "kubeconfig", read: readKubeconfig },
] as const;
type Variable = (typeof files)[number]["variable"];

export interface ClusterFiles {
  /** The variables whose files exist. */
  readonly written: readonly Variable[];
  /** A folder with a talosctl that goes through the forward: kubectl reads `proxy-url` in its file, talosctl only HTTPS_PROXY, and that would lead every other program there too. */
  readonly programs: string;
}

/**
 * Writes the operator's access to Talos and Kubernetes, readable by its owner only, beside the state, which holds the same secrets.
 * @param tools where the programs themselves are
 */
export async function writeClusterFiles(session: Session, tools: readonly string[]): Promise<ClusterFiles> {
  const texts = await Promise.all(files.map(async ({ variable, name, read }) => ({ variable, name, text: await read(session) })));
  const folder = clusterFolder(session);
  rmSync(folder, { recursive: true, force: true });
  const programs = join(folder, "bin");
  mkdirSync(programs, { recursive: true, mode: 0o700 });
  const there = texts.filter(({ text }) => text !== undefined);
  for (const { name, text = "" } of there) writeFileSync(join(folder, name), text, { mode: 0o600 });
  const [talosctl = ""] = tools;
  writeFileSync(join(programs, "talosctl"), wrapper(join(talosctl, "talosctl"), forwardUrl(session.environment)), { mode: 0o700 });
  return { written: there.map(({ variable }) => variable), programs };
}

function wrapper(program: string, proxy: string): string {
  return `#!/bin/sh\nHTTPS_PROXY='${proxy}' NO_PROXY= no_proxy= exec '${program.replaceAll("'", `'\\''`)}' "$@"\n`;
}

/** Where talosctl and kubectl are to look, whether there is a cluster or not: without these they would see the operator's own clusters. */
export function clusterFileVariables(session: Session): Readonly<Record<Variable, string>> {
  return Object.fromEntries(files.map(({ variable, name }) => [variable, join(clusterFolder(session), name)])) as Record<Variable, string>;
}

/** Removes them: what they open is gone. */
export function removeClusterFiles(session: Session): void {
  rmSync(clusterFolder(session), { recursive: true, force: true });
}

function clusterFolder({ directories }: Session): string {
  return join(dirname(directories.state), "cluster");
}
