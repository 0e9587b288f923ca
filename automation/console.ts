import { styleText } from "node:util";
import type { LedgerEvent } from "./ledger.ts";

const symbols = { start: "►", change: "✚", wait: "◎", good: "✔", warn: "⚠", bad: "✗" } as const;
const colours = { start: "cyan", change: "blue", wait: "gray", good: "green", warn: "yellow", bad: "red" } as const;
export type Tone = keyof typeof symbols;

/** Nothing stays quiet for longer than this, in milliseconds. */
const longestSilence = 10_000;

/** What is being waited for; a function where that changes while one waits. */
type Label = string | (() => string);

export interface ConsoleOptions {
  /** NDJSON on stdout instead of results for people. */
  readonly json: boolean;
  readonly stdout?: NodeJS.WritableStream;
  readonly stderr?: NodeJS.WritableStream;
  readonly now?: () => number;
}

/** What people and programs see: progress on stderr, results on stdout. */
export class Console {
  readonly json: boolean;
  readonly #stdout: NodeJS.WritableStream;
  readonly #stderr: NodeJS.WritableStream;
  readonly #now: () => number;
  readonly #activities: { readonly label: Label; readonly since: number }[] = [];
  #lastLine: number;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor({ json, stdout = process.stdout, stderr = process.stderr, now = () => performance.now() }: ConsoleOptions) {
    this.json = json;
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#now = now;
    this.#lastLine = now();
  }

  /** A line of progress. */
  say(tone: Tone, text: string): void {
    this.#lastLine = this.#now();
    const symbol = styleText(colours[tone], symbols[tone], { stream: this.#stderr, validateStream: true });
    this.#stderr.write(`${symbol} ${text}\n`);
  }

  /** A line of the result, for people; programs read events instead. */
  result(text: string): void {
    if (!this.json) this.#stdout.write(`${text}\n`);
  }

  /** One event or result object, for programs. */
  emit(value: LedgerEvent | Readonly<Record<string, unknown>>): void {
    if (this.json) this.#stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** Names what is being waited for while `work` runs, so that no silence is longer than ten seconds. */
  async during<Result>(label: Label, work: () => Promise<Result>): Promise<Result> {
    const activity = { label, since: this.#now() };
    this.#activities.push(activity);
    this.#heartbeat ??= setInterval(() => this.beat(), 1_000).unref();
    try {
      return await work();
    } finally {
      this.#activities.splice(this.#activities.indexOf(activity), 1);
      if (this.#activities.length === 0) {
        clearInterval(this.#heartbeat);
        this.#heartbeat = undefined;
      }
    }
  }

  /** Says what is going on if nothing was said for too long. */
  beat(): void {
    const now = this.#now();
    const activity = this.#activities.at(-1);
    if (activity === undefined || now - this.#lastLine < longestSilence) return;
    const label = typeof activity.label === "string" ? activity.label : activity.label();
    this.say("wait", `still at it: ${label} (${Math.round((now - activity.since) / 1000)} s)`);
  }
}

/** "0.4 s", "12 s", "3 min 05 s". */
export function duration(milliseconds: number): string {
  if (milliseconds < 9_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 100) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}
