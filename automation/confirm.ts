import { createInterface } from "node:readline/promises";
import { ExitCode, UserError } from "../common/errors.ts";

/** Asks a person before something that cannot be taken back; where nobody can answer, `--yes` must have been given. */
export async function confirm(question: string, yes: boolean, signal: AbortSignal): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) {
    throw new UserError(`${question} Nobody is here to answer.`, { exitCode: ExitCode.usage, fix: "Add --yes if that is what you want." });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new UserError("Nothing was done.", { exitCode: ExitCode.failed });
  } catch (error) {
    // Ctrl-C and Ctrl-D at the question.
    if (error instanceof Error && error.name === "AbortError") throw new UserError("Nothing was done.", { exitCode: ExitCode.interrupted, cause: error });
    throw error;
  } finally {
    terminal.close();
  }
}
