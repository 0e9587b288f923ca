import { ExitCode } from "../common/errors.ts";
import type { Console } from "./console.ts";

/**
 * Turns Ctrl-C, SIGTERM and a closed terminal into an abort signal. The first lets the engine finish the call in flight and record it;
 * the second ends at once: `endAll` ends what goes on, and the next run looks up what it had begun.
 */
export function onInterrupt(console: Console, endAll: () => void): AbortSignal {
  const controller = new AbortController();
  const interrupted = (): void => {
    if (controller.signal.aborted) {
      console.say("bad", "ended at once: what was begun is looked up by the next run");
      try {
        endAll();
      } finally {
        process.exit(ExitCode.interrupted);
      }
    }
    console.say("warn", "interrupted: waiting for the call in flight to be recorded (again to end at once)");
    controller.abort(new Error("interrupted"));
  };
  // SIGHUP: the terminal was closed, or the SSH connection dropped.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupted);
  return controller.signal;
}
