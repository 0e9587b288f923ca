import { readFileSync } from "node:fs";

/**
 * When a process began, in clock ticks since boot: with the pid it names one process for good.
 * Field 22 of /proc/<pid>/stat (proc(5)); undefined where there is no /proc, for no such process, and for one that only waits to be reaped.
 */
export function processStartTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in brackets and may hold spaces: count from the last bracket.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
