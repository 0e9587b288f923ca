import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { forwardUrl } from "../stacks/config.ts";
import { readKubeconfig, readTalosconfig } from "./cluster-access.ts";
import type { Session } from "./session.ts";

export interface ClusterFiles {
  /** Files by the variables in which talosctl and kubectl look for them; those that exist. */
  readonly variables: Readonly<Record<string, string>>;
  /** A folder with a talosctl that goes through the forward: kubectl reads `proxy-url` in its file, talosctl only HTTPS_PROXY, and that would lead every other program there too. */
  readonly programs: string;
}

/**
 * Writes the operator's access to Talos and Kubernetes, readable by its owner only, beside the state, which holds the same secrets.
 * @param tools where the programs themselves are
 */
export async function writeClusterFiles(session: Session, tools: readonly string[]): Promise<ClusterFiles> {
  const wanted = [
    { variable: "TALOSCONFIG", name: "talosconfig", text: await readTalosconfig(session) },
    { variable: "KUBECONFIG", name: "kubeconfig", text: await readKubeconfig(session) },
  ];
  const folder = clusterFolder(session);
  rmSync(folder, { recursive: true, force: true });
  const programs = join(folder, "bin");
  mkdirSync(programs, { recursive: true, mode: 0o700 });
  const variables: Record<string, string> = {};
  for (const { variable, name, text } of wanted) {
    if (text === undefined) continue;
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    variables[variable] = path;
  }
  const [talosctl = ""] = tools;
  writeFileSync(join(programs, "talosctl"), wrapper(join(talosctl, "talosctl"), forwardUrl(session.environment)), { mode: 0o700 });
  return { variables, programs };
}

function wrapper(program: string, proxy: string): string {
  return `#!/bin/sh\nHTTPS_PROXY='${proxy}' NO_PROXY= no_proxy= exec '${program.replaceAll("'", `'\\''`)}' "$@"\n`;
}

/** Removes them: what they open is gone. */
export function removeClusterFiles(session: Session): void {
  rmSync(clusterFolder(session), { recursive: true, force: true });
}

function clusterFolder({ directories }: Session): string {
  return join(dirname(directories.state), "cluster");
}
