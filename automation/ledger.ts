import { appendFileSync, closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, readSync } from "node:fs";
import { dirname } from "node:path";
import type { Via } from "../gates/gate.ts";

/** One line of `ledger.ndjson`: what happened, when, who said so. Fields that do not apply are left out. */
export interface LedgerEvent {
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Which run of the program it belongs to. */
  readonly run: string;
  readonly kind: "run" | "stage" | "gate" | "check";
  readonly status: "started" | "green" | "red" | "failed" | "not-applicable";
  /** The verb, on events of kind `run`. */
  readonly verb?: string;
  readonly stage?: string;
  readonly gate?: string;
  readonly check?: string;
  readonly via?: Via;
  readonly durationMs?: number;
  readonly evidence?: string;
  readonly error?: string;
}

/** The append-only record of an environment. A line is written whole or not at all by one small write. */
export class Ledger {
  readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  append(event: LedgerEvent): void {
    mkdirSync(dirname(this.file), { recursive: true });
    // What a full disk cut short must not take this one along.
    appendFileSync(this.file, `${endsCutShort(this.file) ? "\n" : ""}${JSON.stringify(event)}\n`);
  }

  /** Every event, oldest first. A line that was cut short is left out. Another version may have written anything: `sift` keeps what is known. */
  read(): LedgerEvent[] {
    if (!existsSync(this.file)) return [];
    return readFileSync(this.file, "utf8").split("\n").flatMap(parseLine);
  }
}

function endsCutShort(file: string): boolean {
  if (!existsSync(file)) return false;
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const last = Buffer.alloc(1);
    return size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last.toString() !== "\n";
  } finally {
    closeSync(descriptor);
  }
}

function parseLine(line: string): LedgerEvent[] {
  if (line === "") return [];
  try {
    return [JSON.parse(line) as LedgerEvent];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
