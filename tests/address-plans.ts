// Which address plans the worlds of tests have. Suites run side by side, and two worlds of one plan would meet.
import { randomInt } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processStartTime } from "../common/process-start-time.ts";

/** The second numbers of the plans 10.x.0.0/16: above what the examples have. */
const first = 60;
const count = 190;

export interface ClaimedPlan {
  /** Its first two numbers, `10.x`. */
  readonly plan: string;
  release(): void;
}

/** A plan that no other test on this machine holds; it is this process's until `release`, or until the process ends. */
export function claimPlan(folder = tmpdir()): ClaimedPlan {
  const start = randomInt(count);
  for (let tried = 0; tried < count; tried++) {
    const plan = `10.${first + ((start + tried) % count)}`;
    const file = join(folder, `moonback-plan-${plan}`);
    if (claimed(file)) return { plan, release: () => rmSync(file, { force: true }) };
  }
  throw new Error(`every address plan of 10.${first} to 10.${first + count - 1} is held by a test: see ${join(folder, "moonback-plan-10.*")}`);
}

/** Takes the file for this process; one that a dead process left is taken over. */
function claimed(file: string): boolean {
  try {
    if (holderIsDead(file)) rmSync(file, { force: true });
    writeFileSync(file, JSON.stringify([process.pid, processStartTime(process.pid)]), { flag: "wx" });
    return true;
  } catch (error) {
    // Another one's, or one that another user's dead process left and only they may remove.
    if (["EEXIST", "EPERM", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

function holderIsDead(file: string): boolean {
  try {
    const [pid, startTime] = JSON.parse(readFileSync(file, "utf8")) as [number, string | null];
    return (processStartTime(pid) ?? null) !== startTime;
  } catch {
    // Not there, or not written yet.
    return false;
  }
}
