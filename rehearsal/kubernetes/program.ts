import { closeSync, openSync, readFileSync } from "node:fs";
import type { ChildProcess } from "node:child_process";
import { errorMessage } from "../../common/errors.ts";
import { systemClock } from "../../common/poll.ts";
import { endGroup, startMarked } from "../netboot/children.ts";

export interface ProgramArgs {
  readonly name: string;
  /** Path of the executable. */
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string;
  /** Takes stdout and stderr; it is appended to. */
  readonly logFile: string;
  /** As in `startMarked`. */
  readonly mark: string;
}

const firstPauseMs = 250;
const longestPauseMs = 5_000;

/**
 * A real program that is kept running, as Talos keeps etcd and the kubelet a static pod: when it ends by itself it is started
 * again, after a pause that doubles. (A controller manager ends whenever it loses its lease.)
 */
export class KeptProgram {
  readonly #args: ProgramArgs;
  #child: ChildProcess | undefined;
  #keeping: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;
  #ending: string | undefined;
  #endings = 0;

  constructor(args: ProgramArgs) {
    this.#args = args;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** How often it has ended by itself since it was started. */
  get endings(): number {
    return this.#endings;
  }

  start(): void {
    if (this.#keeping !== undefined) return;
    this.#endings = 0;
    const stop = new AbortController();
    this.#keeping = { stop, done: this.#keep(stop.signal) };
  }

  /** Ends it, by force when it takes longer than this. */
  async stop(patienceMs = 5_000): Promise<void> {
    const keeping = this.#keeping;
    if (keeping === undefined) return;
    keeping.stop.abort();
    const child = this.#child;
    if (child !== undefined) endGroup(child, patienceMs > 0 ? "SIGTERM" : "SIGKILL");
    const force = child === undefined ? undefined : setTimeout(() => endGroup(child), patienceMs);
    await keeping.done;
    clearTimeout(force);
    this.#keeping = undefined;
  }

  /** Why it does not run; nothing when it does. */
  problem(): string | undefined {
    if (this.running) return undefined;
    const { name, logFile } = this.#args;
    return `${name} does not run${this.#ending === undefined ? "" : `: ${this.#ending}`}${lastLine(logFile)}`;
  }

  /** Where to read more, for an error about it. */
  get evidence(): string {
    return lastLine(this.#args.logFile).trimStart();
  }

  async #keep(signal: AbortSignal): Promise<void> {
    let pauseMs = firstPauseMs;
    while (!signal.aborted) {
      this.#ending = await this.#live().catch(errorMessage);
      this.#endings++;
      await systemClock.wait(pauseMs, signal).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }

  /** One life; says how it ended. */
  async #live(): Promise<string> {
    const { program, args, directory, logFile, mark } = this.#args;
    const output = openSync(logFile, "a", 0o600);
    const child = startMarked(mark, program, args, { cwd: directory, env: { HOME: directory }, stdio: ["ignore", output, output] });
    closeSync(output);
    this.#child = child;
    return await new Promise((resolve) => {
      const end = (how: string): void => {
        this.#child = undefined;
        resolve(how);
      };
      child.once("error", (error) => end(errorMessage(error)));
      child.once("exit", (code, signal) => {
        endGroup(child);
        end(code === null ? `ended by ${String(signal)}` : `exited with ${code}`);
      });
    });
  }
}

/** " (log file: last line)" of a log, for an error message. */
function lastLine(logFile: string): string {
  try {
    const line = readFileSync(logFile, "utf8").trimEnd().split("\n").at(-1) ?? "";
    return ` (${logFile}${line === "" ? " is empty" : `: ${line.slice(0, 500)}`})`;
  } catch {
    return ` (no log in ${logFile})`;
  }
}
