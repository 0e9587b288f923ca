import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/**
 * Every process that the machine room starts carries this variable, and whatever it starts inherits it. So everything can
 * be found again without a list that a kill could leave half written: by the room, by the reaper, by the next start.
 */
export const markVariable = "MOONBACK_MACHINES";

/** Starts a process in a group of its own, marked as belonging to `mark` (a folder: the room's, or one machine's in it). */
export function startMarked(mark: string, program: string, args: readonly string[], options: SpawnOptions & { env: NodeJS.ProcessEnv }): ChildProcess {
  return spawn(program, args, { ...options, env: { ...options.env, [markVariable]: `${mark}/` }, detached: true });
}

/** Whether a child has not ended yet: later its number may be another's. */
export const isRunning = ({ exitCode, signalCode, pid }: ChildProcess): boolean => pid !== undefined && exitCode === null && signalCode === null;

/** Ends a child's whole group. */
export function endGroup(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // Nobody is left in it.
  }
}

/** The processes marked with a folder or one below it, of this user: nobody may read the environment of another's. */
export function markedProcesses(mark: string): number[] {
  const wanted = `\0${markVariable}=${mark}/`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && `\0${environmentOf(pid)}`.includes(wanted));
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return "";
  }
}

/** Ends all that is marked, again and again: what is ended last may have started another before. */
export function endMarked(mark: string): void {
  for (let round = 0; round < 10; round++) {
    const pids = markedProcesses(mark);
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended by itself.
      }
    }
  }
}
