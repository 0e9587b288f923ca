import { processStat } from "./process-stat.ts";

/**
 * When a process began, in clock ticks since boot: with the pid it names one process for good.
 * Undefined where there is no /proc, for no such process, and for one that only waits to be reaped.
 */
export function processStartTime(pid: number): string | undefined {
  return processStat(pid)?.startTime;
}
