import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError, errorMessage } from "../../common/errors.ts";
import { poll, type Attempt } from "../../common/poll.ts";
import { isAlive, lastLines, startDaemon, stopDaemon, type Daemon } from "../../common/daemon.ts";
import { roomOf } from "./control.ts";
import type { MachinesPlan } from "./plan.ts";
import { machinesFolder, privateFolder } from "./room-folder.ts";

export type { MachinesPlan } from "./plan.ts";

const script = join(import.meta.dirname, "daemon.ts");

/** What parsing the AWS SDK leaves behind would otherwise be half of the daemon's memory: 205 MB, with these 130 MB (measured). */
const frugal = {
  flags: ["--max-semi-space-size=1", "--optimize-for-size"],
  variables: { MALLOC_ARENA_MAX: "1", MALLOC_MMAP_THRESHOLD_: "32768" },
};

export interface StartOptions {
  readonly progress?: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Starts the machine room of an environment and waits until it answers. One that is there already, for the same address plan and
 * the same life of the same emulator, is kept as long as its folder is there; any other of this run data is ended first.
 */
export async function startMachines(plan: MachinesPlan, { progress = () => undefined, signal }: StartOptions = {}): Promise<Daemon> {
  const folder = machinesFolder(plan.runData);
  const planFile = join(folder, "plan.json");
  const found = await roomOf(plan.runData);
  if (found !== undefined) {
    const same = found.epoch === plan.epoch && found.endpoint === plan.endpoint && found.vpcCidr === plan.vpcCidr;
    if (same && existsSync(planFile)) return { pid: found.pid, startTime: found.startTime };
    progress(`the machine room ${same ? "has lost its folder" : "is another world's"}, and is begun anew`);
    await stopDaemon(found);
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(planFile, `${JSON.stringify(plan, undefined, 2)}\n`, { mode: 0o600 });
  const { PATH, HOME, TMPDIR } = process.env;
  const daemon = await startDaemon({
    program: process.execPath,
    args: [...frugal.flags, "--disable-warning=ExperimentalWarning", script, planFile],
    directory: plan.owner,
    // Nothing of the operator's environment is its business: neither credentials nor proxies.
    variables: { PATH, HOME, TMPDIR, LANG: "C.UTF-8", ...frugal.variables, NODE_COMPILE_CACHE: join(privateFolder(), "node-compile-cache") },
    logFile: plan.logFile,
  });
  try {
    await poll(() => answers(plan, daemon), { timeoutMs: 60_000, intervalMs: 50, signal });
  } catch (error) {
    await stopDaemon(daemon);
    throw new UserError(`The rehearsal's machine room did not start: ${errorMessage(error)}\n${lastLines(plan.logFile)}`, { fix: `Its log: ${plan.logFile}`, cause: error });
  }
  return daemon;
}

async function answers({ runData }: MachinesPlan, daemon: Daemon): Promise<Attempt<true>> {
  if ((await roomOf(runData))?.pid === daemon.pid) return { done: true, value: true };
  if (!isAlive(daemon)) throw new Error("it ended at once");
  return { done: false, reason: "its socket does not answer" };
}
