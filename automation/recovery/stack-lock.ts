import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { ExitCode, UserError } from "../../common/errors.ts";
import { hasEnded, processStat } from "../../common/process-stat.ts";
import { project } from "../../stacks/project.ts";
import type { EngineSettings } from "../engine.ts";
import type { Session } from "../session.ts";
import { existingStacks } from "./stacks.ts";
import { pulumi } from "./pulumi.ts";

/** Who holds the lock of a stack, as a file backend's error says it; Pulumi Cloud names nobody. */
export interface LockHolder {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  readonly since: string;
}

/** Every holder that the engine's error names: `created by <user>@<host> (pid <n>) at <time>` (pkg/backend/diy/lock.go). */
export function lockHolders(message: string): LockHolder[] {
  return [...message.matchAll(/created by (?<user>[^\n]*?)@(?<host>[^@\s]+) \(pid (?<pid>\d+)\) at (?<since>\S+)/g)].flatMap(({ groups }) =>
    groups === undefined ? [] : [{ user: groups["user"] ?? "?", host: groups["host"] ?? "?", pid: Number(groups["pid"]), since: groups["since"] ?? "?" }],
  );
}

/** Whether it certainly no longer runs: its number is free on this machine, or that of another program, which no wrapper of the CLI is. */
export function isDeadHolder({ host, pid }: Pick<LockHolder, "host" | "pid">): boolean {
  if (host !== hostname()) return false;
  const program = processStat(pid)?.program;
  return hasEnded(pid, "") || (program !== undefined && !program.includes("pulumi"));
}

/** All of them in words, each once: a failing command says its error on both its streams. */
export function describeLockHolders(holders: readonly LockHolder[], describe: (holder: LockHolder) => string = describeLockHolder): string {
  return [...new Set(holders.map(describe))].join(" and ");
}

/** The same with the time since when. */
export function describeLockSince(holder: LockHolder): string {
  return `${describeLockHolder(holder)} since ${holder.since}`;
}

export function describeLockHolder({ user, host, pid }: LockHolder): string {
  return `${user}@${host} (pid ${pid})`;
}

/** Whether the engine refused because the stack is locked: the words by which the Automation API knows it, too (automation/errors.js). */
export function saysLocked(message: string): boolean {
  return message.includes("the stack is currently locked by") || message.includes("[409] Conflict: Another update is currently in progress.");
}

/** Says who holds the lock, and whether that process still runs where that can be told. */
export function stackLocked(stack: string, message: string): UserError {
  const holders = lockHolders(message);
  const dead = holders.length > 0 && holders.every(isDeadHolder);
  const who = holders.length === 0 ? "another run" : describeLockHolders(holders, describeLockSince);
  const environment = stack.split("-")[0] ?? "";
  return new UserError(`The stack ${stack} is locked by ${who}${dead ? ", which no longer runs" : ""}.`, {
    exitCode: ExitCode.locked,
    fix: dead ? `\`npm run up -- ${environment}\` clears it.` : `Wait for that run to end, then try again. If it is gone for good, \`npm run unlock -- ${environment}\`.`,
  });
}

/**
 * Clears the lock of a stack if all who hold it certainly no longer run, and says so.
 * @param message the engine's error that names them
 * @returns whether the stack is free now
 */
export async function freeDeadLock(stack: string, message: string, settings: EngineSettings): Promise<boolean> {
  const holders = lockHolders(message);
  // Nobody is to lose a lock of whom we could not read who it is.
  const all = message.match(/created by /g)?.length ?? 0;
  if (holders.length === 0 || holders.length < all || !holders.every(isDeadHolder)) return false;
  const files = lockFiles(message);
  // The engine's own `cancel` takes every lock away, also one taken since, and none of a stack that is not there yet: it is for backends elsewhere.
  if (files.length === all) for (const file of files) for (const suffix of ["", ".attrs"]) rmSync(`${file}${suffix}`, { force: true });
  else if ((await pulumi(["cancel", "--yes", "--stack", stack], settings)).exitCode !== 0) return false;
  settings.notice(`the stack ${stack} was locked by ${describeLockHolders(holders)}, which no longer runs: the lock is cleared`);
  return true;
}

/** The locks of a backend on this machine, as its error names them. */
function lockFiles(message: string): string[] {
  return [...message.matchAll(/(file:\S+): created by /g)].map(([, url = ""]) => fileURLToPath(url));
}

/** A lock of a stack; nobody is named where the backend does not tell, or the lock is cut short. */
export interface StackLock {
  readonly stack: string;
  readonly holders: readonly LockHolder[];
}

/** What a lock of the file backend holds (pkg/backend/diy/lock.go, lockContent). */
const contentSchema = z.object({ pid: z.int(), username: z.string(), hostname: z.string(), timestamp: z.string() });

/** Which of these stacks are locked. A shared backend tells only whoever runs into the lock: there, every stack that exists may be. */
export async function stackLocks(stacks: readonly string[], { environment, directories }: Pick<Session, "environment" | "directories">, settings: EngineSettings): Promise<readonly StackLock[]> {
  if (environment.stateBackend !== undefined) return (await existingStacks(settings)).filter((stack) => stacks.includes(stack)).map((stack) => ({ stack, holders: [] }));
  return stacks.flatMap((stack) => {
    const folder = locksFolder(directories.state, stack);
    const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
    return files.length === 0 ? [] : [{ stack, holders: files.flatMap((name) => holderIn(join(folder, name))) }];
  });
}

/** Where a file backend keeps the locks of a stack. */
export function locksFolder(state: string, stack: string): string {
  return join(state, ".pulumi", "locks", "organization", project, stack);
}

function holderIn(file: string): LockHolder[] {
  try {
    const { pid, username, hostname: host, timestamp } = contentSchema.parse(JSON.parse(readFileSync(file, "utf8")));
    return [{ user: username, host, pid, since: timestamp }];
  } catch {
    return [];
  }
}
