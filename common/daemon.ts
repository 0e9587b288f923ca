import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { poll, type Attempt } from "./poll.ts";
import { processStartTime } from "./process-start-time.ts";
import { pidExists } from "./process-stat.ts";

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
  /** What it reads on its stdin; left out, nothing. */
  readonly input?: string;
}

/** Starts a process of its own session: no Ctrl-C in the terminal and no end of ours reaches it. */
export function startDaemon({ program, args, directory, variables, logFile, input }: DaemonCommand): Promise<Daemon> {
  mkdirSync(dirname(logFile), { recursive: true });
  const output = openSync(logFile, "a", 0o600);
  const child = spawn(program, args, { cwd: directory, env: variables, detached: true, stdio: [input === undefined ? "ignore" : "pipe", output, output] });
  closeSync(output);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    // One that ends before it has read says why in its log.
    child.stdin?.on("error", () => undefined);
    child.once("spawn", () => {
      child.stdin?.end(input);
      child.unref();
      const { pid } = child;
      const startTime = pid === undefined ? undefined : beganAt(pid);
      if (pid === undefined || startTime === undefined) reject(new Error(`${program} ended at once; see ${logFile}`));
      else resolve({ pid, startTime });
    });
  });
}

export function isAlive({ pid, startTime }: Daemon): boolean {
  return beganAt(pid) === startTime;
}

/** Where the kernel shows no start times (macOS), a process of that number is taken for it. */
function beganAt(pid: number): string | undefined {
  if (existsSync("/proc/self/stat")) return processStartTime(pid);
  return pidExists(pid) ? "unknown" : undefined;
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
