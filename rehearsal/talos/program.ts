import { startMarked } from "../netboot/children.ts";

export interface Ran {
  readonly code: number;
  /** What it said, standard output and error together. */
  readonly text: string;
}

/** Runs a short program of a node to its end, marked as the node's. */
export function runProgram(mark: string, program: string, args: readonly string[], signal: AbortSignal): Promise<Ran> {
  return new Promise((done, failed) => {
    const child = startMarked(mark, program, args, { cwd: mark, env: { HOME: mark }, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    const end = (): void => void child.kill("SIGKILL");
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (part: string) => (text += part));
    signal.addEventListener("abort", end, { once: true });
    child.once("error", failed);
    child.once("close", (code) => {
      signal.removeEventListener("abort", end);
      done({ code: code ?? 255, text: text.trim() });
    });
  });
}
