import { appendFileSync } from "node:fs";
import { constants } from "node:os";
import { execa, type Result } from "execa";
import { errorMessage } from "../common/errors.ts";

export interface ExecRequest {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the child: nothing is inherited besides. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  /** Everything the child says is appended here. */
  readonly logFile?: string;
  readonly onLine?: (line: string) => void;
}

export interface ExecResult {
  readonly ok: boolean;
  readonly stdout: string;
  /** The last lines of stdout and stderr as they came. */
  readonly tail: readonly string[];
  /** How it ended, for people: "exited with 1", "could not be started: …". */
  readonly ending: string;
}

/** Runs a program to its end. Rejects only when the signal says so; a failing program is a result. */
export type Exec = (request: ExecRequest) => Promise<ExecResult>;

const tailLines = 15;
const graceMs = 5_000;

export const systemExec: Exec = async (request) => {
  request.signal?.throwIfAborted();
  const child = execa(request.command, request.args, {
    env: request.env,
    extendEnv: false,
    stdin: "ignore",
    all: true,
    reject: false,
    // A process group of its own: compilers and downloaders it starts end with it.
    detached: true,
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
  });
  const tail: string[] = [];
  const stop = stopper(child.pid);
  const limit = { passed: false };
  const onAbort = () => stop.now();
  const timer = request.timeoutMs === undefined ? undefined : setTimeout(() => { limit.passed = true; stop.now(); }, request.timeoutMs);
  request.signal?.addEventListener("abort", onAbort, { once: true });
  const releaseParent = endWithThisProcess(child.pid);
  let logFailure: unknown;
  try {
    for await (const line of child.iterable({ from: "all" })) {
      tail.push(line);
      if (tail.length > tailLines) tail.shift();
      request.onLine?.(line);
      if (request.logFile !== undefined && logFailure === undefined) {
        try { appendFileSync(request.logFile, `${line}\n`); } catch (error) { logFailure = error; stop.now(); }
      }
    }
  } catch {
    // The iteration fails where the program does; the result below says how.
  } finally {
    clearTimeout(timer);
    request.signal?.removeEventListener("abort", onAbort);
  }
  const result = await child;
  stop.done();
  releaseParent();
  request.signal?.throwIfAborted();
  if (logFailure !== undefined) throw logFailure instanceof Error ? logFailure : new Error(errorMessage(logFailure));
  return { ok: !result.failed, stdout: result.stdout, tail, ending: ending(result, limit.passed ? request.timeoutMs : undefined) };
};

function ending(result: Pick<Result, "exitCode" | "signal" | "originalMessage">, limitMs: number | undefined): string {
  if (limitMs !== undefined) return `did not end within ${limitMs / 1000} s`;
  if (result.signal !== undefined) return `was ended by ${result.signal}`;
  if (result.exitCode !== undefined) return `exited with ${result.exitCode}`;
  return `could not be started: ${result.originalMessage ?? "unknown reason"}`;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try { process.kill(-pid, signal); } catch { /* It has ended already. */ }
}

/** Ends a process group: politely first, for good when it does not listen. */
function stopper(pid: number | undefined): { now(): void; done(): void } {
  let timer: NodeJS.Timeout | undefined;
  return {
    now: () => {
      if (pid === undefined || timer) return;
      signalGroup(pid, "SIGTERM");
      timer = setTimeout(() => signalGroup(pid, "SIGKILL"), graceMs);
    },
    done: () => clearTimeout(timer),
  };
}

/**
 * A group of its own does not get the terminal's Ctrl-C. Where nobody else handles the signals, pass them on and die
 * as this process would have done; where somebody does, they decide, and `signal` tells us.
 */
function endWithThisProcess(pid: number | undefined): () => void {
  if (pid === undefined) return () => undefined;
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const onExit = () => signalGroup(pid, "SIGKILL");
  const onSignal = (signal: NodeJS.Signals) => {
    if (process.listeners(signal).some((listener) => !ours.has(listener))) return;
    signalGroup(pid, "SIGTERM");
    process.exit(128 + constants.signals[signal]);
  };
  ours.add(onSignal);
  process.once("exit", onExit);
  // First in the row: a listener installed with `once` is no longer listed when its turn has come.
  for (const signal of signals) process.prependListener(signal, onSignal);
  return () => {
    process.off("exit", onExit);
    for (const signal of signals) process.off(signal, onSignal);
    ours.delete(onSignal);
  };
}
/** The handlers this module has installed, to tell them from other people's. */
const ours = new Set<unknown>();
