import { ExitCode } from "../common/errors.ts";
import type { Console } from "./console.ts";

/**
 * Turns Ctrl-C, SIGTERM and a closed terminal into an abort signal. The first lets the engine finish the call in flight and record it;
 * the second ends at once.
 */
export function onInterrupt(console: Console): AbortSignal {
  const controller = new AbortController();
  const interrupted = (): void => {
    if (controller.signal.aborted) process.exit(ExitCode.interrupted);
    console.say("warn", "interrupted: waiting for the call in flight to be recorded (again to end at once)");
    controller.abort(new Error("interrupted"));
  };
  // SIGHUP: the terminal was closed, or the SSH connection dropped.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupted);
  return controller.signal;
}
