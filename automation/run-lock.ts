import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { ExitCode, UserError } from "../common/errors.ts";
import { poll, PollTimeout, type Attempt } from "../common/poll.ts";
import { hasEnded, processStat } from "../common/process-stat.ts";
import { endOrphans } from "./recovery/engine-processes.ts";
import type { Session } from "./session.ts";

const holderSchema = z.object({ verb: z.string(), run: z.string(), pid: z.int().positive(), startTime: z.string(), host: z.string(), user: z.string(), since: z.string() });
/** Who changes an environment now. `startTime` is empty where the system does not tell it. */
export type Holder = z.infer<typeof holderSchema>;

const held = new WeakSet<Session>();

/** How long another run may be at clearing the same dead lock, in milliseconds: it is a matter of a few file operations. */
const clearingMs = 5_000;

/**
 * Does what changes an environment, one run at a time. Pulumi locks a stack for one operation; a run is many operations, and
 * the gates between them (docs/adr/0016-one-run-at-a-time.md). What a killed run left is cleared first.
 * @throws UserError, exit 5, at once, when another run holds the environment
 */
export async function holdEnvironment<Result>(session: Session, verb: string, work: () => Promise<Result>): Promise<Result> {
  const { directories, journal, clock } = session;
  const file = directories.runLock;
  const me: Holder = {
    verb,
    run: journal.run,
    pid: process.pid,
    startTime: processStat(process.pid)?.startTime ?? "",
    host: hostname(),
    user: userName(),
    since: new Date(clock.now()).toISOString(),
  };
  await takeLock(file, me, session);
  held.add(session);
  try {
    await endOrphans(session);
    return await work();
  } finally {
    held.delete(session);
    if (isDeepStrictEqual(readHolder(file), me)) rmSync(file, { force: true });
  }
}

async function takeLock(file: string, me: Holder, { environment, console, clock, signal }: Session): Promise<void> {
  const attempt = (): Attempt<true> => {
    if (take(file, me)) return { done: true, value: true };
    const holder = readHolder(file);
    if (typeof holder === "object" && !isDead(holder)) throw lockedBy(holder, environment.name);
    if (holder !== undefined && clear(file, holder, me)) {
      console.say("warn", holder === "unreadable" ? "the lock of an earlier run cannot be read: cleared" : `the run \`${holder.verb}\` of ${holder.since} (pid ${holder.pid}) was killed: its lock is cleared`);
      return attempt();
    }
    return { done: false, reason: `another run is at clearing ${file}` };
  };
  try {
    await poll(() => Promise.resolve().then(attempt), { timeoutMs: clearingMs, intervalMs: 20, clock, signal });
  } catch (error) {
    if (!(error instanceof PollTimeout)) throw error;
    throw new UserError(`${environment.name} is locked by a run that was killed, and the lock cannot be cleared: ${error.message}`, { exitCode: ExitCode.locked, fix: `\`npm run unlock -- ${environment.name}\`` });
  }
}

/** Whether this very run holds its environment. */
export function isHeld(session: Session): boolean {
  return held.has(session);
}

/** The run that holds the environment; nothing where it is free. */
export function readHolder(file: string): Holder | "unreadable" | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return "unreadable";
  }
}

/** Whether that run certainly ended: on another machine nobody can tell. */
export function isDead({ host, pid, startTime }: Pick<Holder, "host" | "pid" | "startTime">): boolean {
  if (host !== hostname()) return false;
  return hasEnded(pid, startTime);
}

export function describeHolder({ verb, pid, user, host, since }: Holder): string {
  return `\`${verb}\` (pid ${pid}) of ${user} on ${host}, since ${since}`;
}

function lockedBy(holder: Holder, environment: string): UserError {
  const here = holder.host === hostname();
  return new UserError(`${environment} is being changed by ${describeHolder(holder)}.`, {
    exitCode: ExitCode.locked,
    fix: here ? "Wait for that run to end, or end it with Ctrl-C, then try again." : `Wait for that run to end. If that machine is gone, \`npm run unlock -- ${environment}\`.`,
  });
}

/** Not every user has an entry: a container may run as any number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "?");
  }
}

/**
 * Takes a dead run's lock away; false where another run was faster. Whoever clears holds a lock on that: else two who saw the
 * same dead lock would clear it one after the other, and the second would take away the lock that the first has taken since.
 */
function clear(file: string, dead: Holder | "unreadable", me: Holder): boolean {
  const guard = `${file}.clearing`;
  if (!take(guard, me)) {
    const other = readHolder(guard);
    if (other !== undefined && (other === "unreadable" || isDead(other))) clear(guard, other, me);
    return false;
  }
  try {
    if (!isDeepStrictEqual(readHolder(file), dead)) return false;
    rmSync(file);
    return true;
  } finally {
    rmSync(guard, { force: true });
  }
}

/** Linked into place whole, so that nobody ever reads half a lock; false where there is one. */
function take(file: string, holder: Holder): boolean {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${holder.run}-${holder.pid}`;
  try {
    writeFileSync(draft, `${JSON.stringify(holder)}\n`);
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}
