import { rmSync } from "node:fs";
import { hostname } from "node:os";
import { ExitCode, UserError } from "../../common/errors.ts";
import { stackName, stages } from "../../stacks/registry.ts";
import { confirm } from "../confirm.ts";
import { engineSettings } from "../engine-settings.ts";
import { describeHolder, isDead, readHolder, type Holder } from "../run-lock.ts";
import { complaintIn, pulumi } from "../recovery/pulumi.ts";
import { describeLockHolder, describeLockHolders, describeLockSince, isDeadHolder, locksFolder, stackLocks, type LockHolder } from "../recovery/stack-lock.ts";
import type { Session } from "../session.ts";

/**
 * Frees an environment that a run on another machine left locked: whether that one still works only a person can know. What
 * certainly still works on this machine is not taken its lock.
 */
export async function unlock(session: Session, { yes }: { readonly yes: boolean }): Promise<ExitCode> {
  const { console, directories, environment, signal } = session;
  const settings = await engineSettings(session);
  const holder = readHolder(directories.runLock);
  const locks = await console.during("the locks of the stacks", () => stackLocks(stages.map(({ name }) => stackName(environment.name, name)), session, settings));
  refuseLiving(holder, locks.flatMap(({ holders }) => holders));
  const found = [
    ...(holder === undefined ? [] : [holder === "unreadable" ? "a lock that cannot be read" : describeHolder(holder)]),
    ...locks.map(({ stack, holders }) => `the stack ${stack}: ${describeLockHolders(holders, describeLockSince) || "another run"}`),
  ];
  console.emit({ kind: "unlock", locks: found });
  if (found.length === 0) {
    console.result(`${environment.name} is not locked.`);
    return ExitCode.done;
  }
  for (const lock of found) console.say("wait", `locked by ${lock}`);
  await confirm(`Free ${environment.name}? A run that still works would then have its stacks changed under it.`, yes, signal);
  for (const { stack } of locks) {
    const { exitCode, stderr } = await pulumi(["cancel", "--yes", "--stack", stack], settings);
    // The engine frees only what is there, and a lock can outlive its stack.
    if (/no stack named/.test(stderr)) rmSync(locksFolder(directories.state, stack), { recursive: true, force: true });
    else if (exitCode !== 0) throw new UserError(`The stack ${stack} cannot be freed: ${complaintIn(stderr)}`, { fix: `Everything the engine said: ${settings.logFile}` });
  }
  rmSync(directories.runLock, { force: true });
  console.result(`${environment.name} is free. \`npm run up -- ${environment.name}\` looks up what that run had begun.`);
  return ExitCode.done;
}

function refuseLiving(holder: Holder | "unreadable" | undefined, holders: readonly LockHolder[]): void {
  const living = [
    ...(typeof holder === "object" && holder.host === hostname() && !isDead(holder) ? [describeHolder(holder)] : []),
    ...holders.filter((one) => one.host === hostname() && !isDeadHolder(one)).map(describeLockHolder),
  ];
  if (living.length === 0) return;
  throw new UserError(`It is locked by what runs on this machine: ${living.join(" and ")}.`, { exitCode: ExitCode.locked, fix: "Wait for it to end, or end it: Ctrl-C there, or `kill -INT <pid>` and wait." });
}
