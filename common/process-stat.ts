import { readFileSync, readdirSync } from "node:fs";

/** What /proc/<pid>/stat says of a process (proc(5)). */
export interface ProcessStat {
  readonly pid: number;
  /** The program's name, cut at 15 characters by the kernel. */
  readonly program: string;
  /** The process that began its session. No process gets that number as long as the session has members. */
  readonly session: number;
  /** When it began, in clock ticks since boot: with the pid it names one process for good. */
  readonly startTime: string;
}

/** Undefined where there is no /proc, for no such process, and for one that only waits to be reaped. */
export function processStat(pid: number): ProcessStat | undefined {
  const stat = readStat(pid);
  return stat === "to be reaped" ? undefined : stat;
}

/**
 * Whether a process has certainly ended: its number is free, or another's by now. One that may not be looked at may still run.
 * @param startTime as recorded; empty where the system did not tell it
 */
export function hasEnded(pid: number, startTime: string): boolean {
  const stat = readStat(pid);
  if (stat === undefined) return !pidExists(pid);
  return stat === "to be reaped" || (startTime !== "" && stat.startTime !== startTime);
}

function readStat(pid: number): ProcessStat | "to be reaped" | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in brackets and may hold spaces: count from the last bracket.
    const [open, close] = [stat.indexOf("("), stat.lastIndexOf(")")];
    const [state, , , session, ...fields] = stat.slice(close + 2).split(" ");
    const startTime = fields[15];
    if (startTime === undefined) return undefined;
    return state === "Z" ? "to be reaped" : { pid, program: stat.slice(open + 1, close), session: Number(session), startTime };
  } catch {
    return undefined;
  }
}

/** Whether there is such a process, whoever it belongs to; this can be told where there is no /proc, too. */
export function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Every process that is to be seen; none where there is no /proc. */
export function processTable(): ProcessStat[] {
  let names: string[];
  try {
    names = readdirSync("/proc");
  } catch {
    return [];
  }
  return names.filter((name) => /^\d+$/.test(name)).flatMap((name) => processStat(Number(name)) ?? []);
}
