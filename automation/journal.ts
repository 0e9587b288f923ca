import { randomBytes } from "node:crypto";
import { errorMessage } from "../common/errors.ts";
import type { Clock } from "../common/poll.ts";
import type { Console } from "./console.ts";
import type { Ledger, LedgerEvent } from "./ledger.ts";

type Fields = Omit<LedgerEvent, "at" | "run">;

/** Writes what one run does to the ledger, and shows programs the same lines. */
export class Journal {
  readonly run: string;
  readonly #ledger: Ledger;
  readonly #console: Console;
  readonly #clock: Clock;

  constructor(ledger: Ledger, console: Console, clock: Clock) {
    this.run = `${new Date(clock.now()).toISOString().replaceAll(/[-:]|\.\d+/g, "")}-${randomBytes(2).toString("hex")}`;
    this.#ledger = ledger;
    this.#console = console;
    this.#clock = clock;
  }

  record(fields: Fields): void {
    const event: LedgerEvent = { at: new Date(this.#clock.now()).toISOString(), run: this.run, ...fields };
    this.#ledger.append(event);
    this.#console.emit(event);
  }

  /** Records begin and end of some work; a throw is recorded as failed and goes on up. */
  async around<Result>(fields: Pick<Fields, "kind" | "verb" | "stage">, work: () => Promise<Result>, ended: (result: Result) => Pick<Fields, "status" | "error" | "evidence">): Promise<Result> {
    const start = this.#clock.elapsed();
    this.record({ ...fields, status: "started" });
    try {
      const result = await work();
      this.record({ ...fields, durationMs: Math.round(this.#clock.elapsed() - start), ...ended(result) });
      return result;
    } catch (error) {
      // The failure itself is what has to be told, even where it cannot be written down.
      try {
        this.record({ ...fields, status: "failed", durationMs: Math.round(this.#clock.elapsed() - start), error: errorMessage(error) });
      } catch (unwritten) {
        this.#console.say("warn", `the ledger cannot be written: ${errorMessage(unwritten)}`);
      }
      throw error;
    }
  }
}
