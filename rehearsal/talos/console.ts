import { existsSync, readFileSync } from "node:fs";
import { appendLog } from "../netboot/log-file.ts";

/** How much EC2 keeps of a console (API GetConsoleOutput). */
const keptBytes = 64 * 1024;
/** How often it is handed on at most, in milliseconds. */
const pauseMs = 200;

/** The serial console of one machine: a log file, which it goes on with, and the last of it for whoever asks EC2. */
export class Console {
  readonly #file: string;
  readonly #publish: (text: Buffer) => Promise<void>;
  #kept: Buffer = Buffer.alloc(0);
  #timer: NodeJS.Timeout | undefined;
  #publishing: Promise<void> = Promise.resolve();

  /** `publish` gets all that is kept, whenever it has changed; whether it arrives is its own business. */
  constructor(file: string, publish: (text: Buffer) => Promise<void>) {
    this.#file = file;
    this.#publish = publish;
    if (existsSync(file)) this.#kept = readFileSync(file).subarray(-keptBytes);
  }

  /** As a serial line gets it: each line ends with a carriage return too. */
  print(text: string): void {
    const bytes = Buffer.from(text.replaceAll("\n", "\r\n"));
    appendLog(this.#file, bytes);
    this.#kept = Buffer.concat([this.#kept, bytes]).subarray(-keptBytes);
    this.#timer ??= setTimeout(() => this.#hand(), pauseMs);
  }

  line(text: string): void {
    this.print(`${text}\n`);
  }

  get text(): string {
    return this.#kept.toString("utf8").replaceAll("\r\n", "\n");
  }

  /** Hands on what has not been handed on yet, and resolves when that has ended. */
  async flush(): Promise<void> {
    if (this.#timer !== undefined) this.#hand();
    await this.#publishing;
  }

  #hand(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#publishing = this.#publishing.then(() => this.#publish(this.#kept)).catch(() => undefined);
  }
}
