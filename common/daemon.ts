import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { poll, type Attempt } from "../common/poll.ts";
import { processStartTime } from "../common/process-start-time.ts";

/** A process that outlives the command that started it. The start time tells it from a later one with the same pid. */
export interface Daemon {
  readonly pid: number;
  /** Clock ticks since boot, from /proc/<pid>/stat. */
  readonly startTime: string;
}

export interface DaemonCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly variables: NodeJS.ProcessEnv;
  /** Takes its stdout and stderr. */
  readonly logFile: string;
}

/** Starts a process of its own session: no Ctrl-C in the terminal and no end of ours reaches it. */
export function startDaemon({ program, args, directory, variables, logFile }: DaemonCommand): Promise<Daemon> {
  mkdirSync(dirname(logFile), { recursive: true });
  const output = openSync(logFile, "a", 0o600);
  const child = spawn(program, args, { cwd: directory, env: variables, detached: true, stdio: ["ignore", output, output] });
  closeSync(output);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("spawn", () => {
      child.unref();
      const { pid } = child;
      const startTime = pid === undefined ? undefined : processStartTime(pid);
      if (pid === undefined || startTime === undefined) reject(new Error(`${program} ended at once; see ${logFile}`));
      else resolve({ pid, startTime });
    });
  });
}

export function isAlive({ pid, startTime }: Daemon): boolean {
  return processStartTime(pid) === startTime;
}

/** Asks it to end, waits, and ends it by force when it does not. Never touches a later process with the same pid. */
export async function stopDaemon(daemon: Daemon, patienceMs = 5_000): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (!isAlive(daemon)) return;
    process.kill(daemon.pid, signal);
    const gone = await poll(() => Promise.resolve(ended(daemon)), { timeoutMs: patienceMs, intervalMs: 20 }).catch(() => false);
    if (gone) return;
  }
  throw new Error(`process ${daemon.pid} does not end`);
}

function ended(daemon: Daemon): Attempt<true> {
  return isAlive(daemon) ? { done: false, reason: `process ${daemon.pid} still runs` } : { done: true, value: true };
}

/** The end of what a daemon said, indented, for the message about its failure. */
export function lastLines(logFile: string): string {
  return readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-5).map((line) => `  ${line}`).join("\n");
}
