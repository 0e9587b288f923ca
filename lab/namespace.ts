import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { text } from "node:stream/consumers";
import { execa } from "execa";
import { UserError } from "../common/errors.ts";
import { environment } from "./environment.ts";

/** Root needs no user namespace; anybody else is root of one of their own. */
const asRoot = process.getuid?.() === 0;

/** Its process number as this machine counts, then nothing more until its input ends. */
const hold = 'read -r pid rest </proc/self/stat && echo "$pid" && exec cat';

/** A program that was started; what ends it is the end of its namespace. */
export type Running = Pick<ChildProcess, "exitCode" | "signalCode">;

/**
 * A network and a process table of its own: what listens there is heard by nobody outside. The kernel ends everything in it and
 * removes its network when its first process ends. That one ends with the pipe it reads, so with this process, killed or not:
 * there is nothing to clear up after a crash.
 */
export class Namespace implements AsyncDisposable {
  readonly #holder: ReturnType<typeof spawnHolder>;
  readonly #pid: string;

  private constructor(holder: ReturnType<typeof spawnHolder>, pid: string) {
    this.#holder = holder;
    this.#pid = pid;
  }

  static async open(): Promise<Namespace> {
    const holder = spawnHolder();
    const complaint = text(holder.stderr);
    // It says one thing and lives on; where it cannot live its output ends at once.
    const said = await Promise.race([once(holder.stdout, "data"), once(holder, "close")]);
    if (Buffer.isBuffer(said[0])) return new Namespace(holder, said[0].toString().trim());
    throw new UserError(`no network namespace can be made: ${(await complaint).trim()}`, {
      fix: asRoot ? "run it on the machine itself: a container without CAP_SYS_ADMIN may not" : "allow user namespaces (sysctl user.max_user_namespaces), or run it as root",
    });
  }

  /** Starts a program in it; what it says is appended to the file. */
  start(command: readonly string[], logFile: string): Running {
    const log = openSync(logFile, "a");
    try {
      return spawn("nsenter", this.#enter(command), { env: environment, stdio: ["ignore", log, log] });
    } finally {
      closeSync(log);
    }
  }

  /** Runs a program in it to its end; gives what it said if it failed. */
  async run(...command: readonly string[]): Promise<string | undefined> {
    const { failed, all } = await execa("nsenter", this.#enter(command), { env: environment, stdin: "ignore", all: true, reject: false });
    return failed ? all : undefined;
  }

  #enter(command: readonly string[]): string[] {
    const user = asRoot ? [] : ["--user", "--preserve-credentials"];
    return [`--target=${this.#pid}`, ...user, "--net", "--pid", "--", ...command];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#holder, "close");
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    this.#holder.stdin.end();
    await ended;
  }
}

function spawnHolder() {
  const user = asRoot ? [] : ["--user", "--map-root-user"];
  return spawn("unshare", [...user, "--net", "--pid", "--fork", "--kill-child", "--", "sh", "-c", hold], { env: environment, stdio: "pipe" });
}
