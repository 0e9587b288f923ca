import { onCacheDisk, buildFailure } from "./failure.ts";
import type { Context } from "./context.ts";
import type { ExecRequest, ExecResult } from "./exec.ts";

const beatMs = 10_000;

/** A long-running child: what it is for, how far it is, where its output goes. */
export interface Step extends Pick<ExecRequest, "command" | "args" | "env" | "cwd"> {
  /** "building pulumi 3.255.0" */
  readonly doing: string;
  readonly logFile: string;
  /** Reads how far the child is out of its output; called for every line, returns what to show. */
  readonly follow?: (line: string) => string;
}

/** Runs a child to a good end, telling how far it is at least every 10 s; a failing one is a `UserError`. */
export async function runStep(context: Context, step: Step): Promise<void> {
  let state = "";
  const { doing, follow, ...request } = step;
  const result = await withHeartbeat(
    context,
    (elapsed) => `${doing}: ${elapsed}${state === "" ? "" : `, ${state}`}`,
    () => onCacheDisk(context.cacheDir, () => context.exec({
      ...request,
      signal: context.signal,
      onLine: (line) => {
        if (follow) state = follow(line);
      },
    })),
  );
  if (!result.ok) throw buildFailure(doing, commandName(step), result, step.logFile);
}

const commandName = (step: Pick<Step, "command" | "args">) =>
  [step.command.split("/").at(-1), ...step.args.slice(0, step.args[0] === "-m" ? 3 : 1)].join(" ");

/** Does the work and calls `progress` with the elapsed time until it is done. */
export async function withHeartbeat(
  context: Context,
  line: (elapsed: string) => string,
  work: () => Promise<ExecResult>,
): Promise<ExecResult> {
  const start = context.clock.elapsed();
  const done = new AbortController();
  const beat = async () => {
    for (;;) {
      await context.clock.wait(beatMs, done.signal);
      context.progress(line(formatElapsed(context.clock.elapsed() - start)));
    }
  };
  const beating = beat().catch((error: unknown) => {
    if (!done.signal.aborted) throw error;
  });
  // Reported when it is awaited below, not before.
  beating.catch(() => undefined);
  try {
    return await work();
  } finally {
    done.abort();
    await beating;
  }
}

function formatElapsed(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
