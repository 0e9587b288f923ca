import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { processStartTime } from "../common/process-start-time.ts";
import { pidExists } from "../common/process-stat.ts";

/** A process that outlives a reused pid: number, start time where the system tells it, machine. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly start: string;
  readonly host: string;
}

/** Short name of this machine; two containers that share a cache folder have different ones, and different pids. */
export const hostTag = createHash("sha256").update(hostname()).digest("hex").slice(0, 6);

export function identityOf(pid: number): ProcessIdentity {
  return { pid, start: processStartTime(pid) ?? "", host: hostTag };
}

/** Whether that very process still runs. On another machine nobody can tell: then it counts as gone. */
export function isRunning(owner: ProcessIdentity): boolean {
  return owner.host === hostTag && pidExists(owner.pid) && (processStartTime(owner.pid) ?? "") === owner.start;
}
