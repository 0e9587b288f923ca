import { readFileSync, writeFileSync, globSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ensureTool } from "../../toolchain/toolchain.ts";
import { execa } from "execa";
import { poll, type Attempt } from "../../common/poll.ts";
import { runningNodes, type SeenNode } from "../../gates/nodes-seen.ts";
import { lookAtBastion, type BastionSeen } from "../gates/bastion-seen.ts";
import type { Trial } from "../trial.ts";

/** What a trial has built with its nodes, as the API, the bastion and the nodes show it now. */
export interface NodesSeen extends BastionSeen {
  readonly nodes: readonly SeenNode[];
  readonly node: SeenNode;
  /** Runs kubectl as its administrator. */
  readonly kubectl: (...args: string[]) => Promise<string>;
  /** Talks to the node's Talos. */
  readonly talosctl: (address: string, ...args: string[]) => Promise<string>;
}

export async function lookAtNodes(trial: Trial): Promise<NodesSeen> {
  const nodes = await runningNodes({ environment: trial.environment, sources: trial.sources });
  const shell = await trial.shell();
  return {
    ...(await lookAtBastion(trial)),
    nodes,
    node: nodes[0]!,
    kubectl: async (...args) => (await execa((await ensureTool("kubectl")).path, args, { env: { KUBECONFIG: shell["KUBECONFIG"] ?? "" } })).stdout,
    talosctl: async (address, ...args) => {
      const { code, stdout, stderr } = await (await trial.sources.talos.client()).run(address, ...args);
      if (code !== 0) throw new Error(`talosctl ${args.join(" ")}: ${stderr}`);
      return stdout;
    },
  };
}

/** Takes lines out of what a service on the bastion has said; returns what puts them back. */
export function forgetInLog(trial: Trial, service: string, forgotten: (line: string) => boolean): () => void {
  const [file] = globSync(join(trial.runData.replaceAll(/[[\]{}#]/g, "?"), "machines", "i-*", "logs", `${service}.log`));
  if (file === undefined) throw new Error(`no log of ${service} lies below ${trial.runData}`);
  const whole = readFileSync(file, "utf8");
  writeFileSync(file, whole.split("\n").filter((line) => !forgotten(line)).join("\n"));
  return () => writeFileSync(file, whole);
}

/** The process of a trial's world whose program has this name, by what the kernel says; waits for one that is just being started again. */
export function processOf(trial: Trial, program: string): Promise<number> {
  const look = (): Attempt<number> => {
    const found = processesOf(trial, program);
    return found.length === 1 ? { done: true, value: Number(found[0]) } : { done: false, reason: `${found.length} processes of ${program} run for ${trial.plan}` };
  };
  return poll(() => Promise.resolve(look()), { timeoutMs: 60_000, intervalMs: 200 });
}

function processesOf(trial: Trial, program: string): string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      const [path = "", ...args] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      return path.endsWith(`/${program}`) && args.join(" ").includes(trial.plan.replace(/^10\./, "127."));
    } catch {
      return false;
    }
  });
}
