import { PassThrough } from "node:stream";
import { Console } from "../../automation/console.ts";
import type { Clock } from "../../common/poll.ts";

export interface Captured {
  readonly console: Console;
  /** Milliseconds that have passed; written by the test. */
  readonly time: { now: number };
  readonly clock: Clock;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

/** A console that writes to memory, at a time that the test sets. */
export function captured({ json = false, tty = false } = {}): Captured {
  const time = { now: Date.UTC(2026, 0, 2, 3, 4, 5) };
  const [stdout, stderr] = [collect(false), collect(tty)];
  const clock: Clock = {
    now: () => time.now,
    elapsed: () => time.now,
    wait: (milliseconds) => {
      time.now += milliseconds;
      return Promise.resolve();
    },
  };
  return { console: new Console({ json, stdout: stdout.stream, stderr: stderr.stream, now: () => time.now }), time, clock, stdout: stdout.text, stderr: stderr.text };
}

function collect(tty: boolean): { stream: NodeJS.WritableStream; text: () => string } {
  const chunks: string[] = [];
  const stream = new PassThrough();
  stream.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
  if (tty) Object.assign(stream, { isTTY: true, getColorDepth: () => 8, hasColors: () => true });
  return { stream, text: () => chunks.join("") };
}
