import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UserError } from "../../common/errors.ts";
import { poll, PollTimeout, type Attempt } from "../../common/poll.ts";
import { hasEnded, processStat, processTable, type ProcessStat } from "../../common/process-stat.ts";
import type { Session } from "../session.ts";

/** One process for good: its number, and when it began. */
interface Recorded {
  readonly pid: number;
  readonly startTime: string;
}

/** How long an engine whose program is gone may take to record its call in flight, in milliseconds. */
const recordMs = 30_000;
/** How long a program may take to end when it is told to, in milliseconds. */
const endMs = 5_000;

/**
 * The record of one run's engines: first the run's own process, then a line from the engine shim for each CLI that it starts.
 * A run that ends takes it away; what is found later is of a run that was killed.
 */
export class EngineProcesses {
  /** The shim appends to it. */
  readonly file: string;

  constructor(folder: string, run: string) {
    this.file = join(folder, `${run}.processes`);
  }

  begin(): void {
    if (existsSync(this.file)) return;
    mkdirSync(dirname(this.file), { recursive: true });
    const draft = `${this.file}.new`;
    writeFileSync(draft, `${process.pid} ${processStat(process.pid)?.startTime ?? ""}\n`);
    // Never there without its first line: to another run it would be a dead one's.
    renameSync(draft, this.file);
  }

  end(): void {
    rmSync(this.file, { force: true });
  }

  /** Ends every engine of this run and its plugins at once: whoever asks for that wants no call to be waited for. */
  kill(): void {
    const { engines } = readRecord(this.file);
    // Twice: of what was just being started, too.
    for (let round = 0; round < 2; round += 1) signalAll("SIGKILL", sessionsOf(engines));
  }
}

/** Ends what runs that were killed left behind: else it would go on to make things that nobody records. */
export async function endOrphans({ console, directories, signal, clock }: Pick<Session, "console" | "directories" | "signal" | "clock">): Promise<void> {
  const folder = directories.processes;
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".processes")).map((name) => join(folder, name)) : [];
  for (const file of files) {
    const { run, engines } = readRecord(file);
    if (run !== undefined && !hasEnded(run.pid, run.startTime)) continue;
    const orphans = sessionsOf(engines);
    if (orphans.length > 0) {
      console.say("warn", `a run that was killed left ${orphans.map(describe).join(", ")}: ended, so that nothing is made behind this run's back`);
      await console.during("what a killed run left to end", () => endSessions(engines, { signal, clock }));
    }
    rmSync(file, { force: true });
  }
}

type Waiting = Pick<Session, "signal" | "clock">;

/** An engine is asked first, since it can record what its plugins have just made; what is left then is told, and at last made, to end. */
async function endSessions(engines: readonly Recorded[], waiting: Waiting): Promise<void> {
  const left = (): readonly ProcessStat[] => sessionsOf(engines);
  const leaders = (): readonly Recorded[] => engines.filter(isSame);
  signalAll("SIGINT", leaders());
  await endWithin(recordMs, leaders, waiting);
  signalAll("SIGTERM", left());
  if (await endWithin(endMs, left, waiting)) return;
  signalAll("SIGKILL", left());
  if (await endWithin(endMs, left, waiting)) return;
  throw new UserError(`What a killed run left cannot be ended: ${left().map(describe).join(", ")}.`, {
    fix: `\`sudo kill -KILL ${left().map(({ pid }) => pid).join(" ")}\` if they are another user's, then run the same command again.`,
  });
}

async function endWithin(timeoutMs: number, left: () => readonly unknown[], { signal, clock }: Waiting): Promise<boolean> {
  const gone = (): Attempt<true> => (left().length === 0 ? { done: true, value: true } : { done: false, reason: "they still run" });
  return poll(() => Promise.resolve(gone()), { timeoutMs, intervalMs: 50, clock, signal }).catch((error: unknown) => {
    if (error instanceof PollTimeout) return false;
    throw error;
  });
}

/** Pure but for the system's own tables: the processes of the sessions that these engines began. */
export function sessionsOf(engines: readonly Recorded[], table: readonly ProcessStat[] = processTable(), isOfEngine: (pid: number) => boolean = carriesRecord): ProcessStat[] {
  return engines.flatMap((engine) => {
    const leader = table.find(({ pid }) => pid === engine.pid);
    const members = table.filter(({ session }) => session === engine.pid);
    // No number is given away again while its session has members. Where the leader has ended, it may have had others before: one of ours is enough.
    const ours = leader === undefined ? members.some(({ pid }) => isOfEngine(pid)) : leader.startTime === engine.startTime;
    return ours ? members : [];
  });
}

/** Whether the engine shim's variable is in a process's environment: plugins get it from their engine. */
function carriesRecord(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").some((variable) => variable.startsWith("MOONBACK_ENGINES="));
  } catch {
    return false;
  }
}

function isSame({ pid, startTime }: Recorded): boolean {
  return processStat(pid)?.startTime === startTime;
}

/** Whole lines only: a kill may have cut the last one short. The run's own start time is empty where the system does not tell it. */
function readRecord(file: string): { readonly run: Recorded | undefined; readonly engines: readonly Recorded[] } {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
  const [run, ...engines] = lines.map((line) => {
    const [, pid, startTime] = /^([1-9]\d*) (\d*)$/.exec(line) ?? [];
    return pid === undefined || startTime === undefined ? undefined : { pid: Number(pid), startTime };
  });
  return { run, engines: engines.filter((engine) => engine !== undefined) };
}

/** By its command line: the kernel's own name of a Node program is that of its first thread. */
function describe({ pid, program }: ProcessStat): string {
  let words: string[] = [];
  try {
    words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").filter(Boolean).slice(0, 3).map((word) => basename(word));
  } catch {
    // It ended in between.
  }
  return `${words.join(" ") || program} (pid ${pid})`;
}

function signalAll(name: NodeJS.Signals, whom: readonly { readonly pid: number }[]): void {
  for (const { pid } of whom) {
    try {
      process.kill(pid, name);
    } catch (error) {
      // It ended by itself in between, or is another user's.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ESRCH" && code !== "EPERM") throw error;
    }
  }
}
