import { appendFileSync } from "node:fs";

/** Appends to a machine's log. What comes when the machine and its folder are gone already is nobody's business any more. */
export function appendLog(file: string, text: string | Buffer): void {
  try {
    appendFileSync(file, text, { mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}
