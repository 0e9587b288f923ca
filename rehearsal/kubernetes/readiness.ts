import { errorMessage, UserError } from "../../common/errors.ts";
import { poll, PollTimeout } from "../../common/poll.ts";
import type { KeptProgram } from "./program.ts";

const withinMs = 90_000;
const intervalMs = 50;
/** A program that has ended so often by itself does not come up any more. */
const hopelessEndings = 3;

/** Waits until nothing is wrong; the failure names the last problem and the last line of the programs' logs. */
export async function becomes(what: string, programs: readonly KeptProgram[], problem: () => Promise<string | undefined>): Promise<void> {
  const hopeless = (): KeptProgram | undefined => programs.find(({ endings }) => endings >= hopelessEndings);
  try {
    await poll(
      async () => {
        const reason = await problem().catch(errorMessage);
        if (reason === undefined) return { done: true, value: undefined };
        const ended = hopeless();
        if (ended !== undefined) throw new UserError(`waited for ${what}: ${ended.problem() ?? reason}`, { fix: "read the log that is named, then run the same command again" });
        return { done: false, reason };
      },
      { timeoutMs: withinMs, intervalMs },
    );
  } catch (error) {
    if (!(error instanceof PollTimeout)) throw error;
    const evidence = programs.map((program) => program.evidence).join(" ");
    throw new UserError(`waited for ${what}: ${error.message} ${evidence}`.trimEnd(), { fix: "read the log that is named, then run the same command again", cause: error });
  }
}
