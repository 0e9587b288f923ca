import { closeSync, openSync } from "node:fs";
import { endGroup, startMarked } from "../children.ts";
import type { RunningService, ServiceContext } from "./service.ts";

export interface Program {
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly variables: NodeJS.ProcessEnv;
}

/** Runs a real program as a container's only process; what it prints is the container's log. */
export function runProgram({ logFile, mark }: ServiceContext, { program, args, directory, variables }: Program): Promise<RunningService> {
  const output = openSync(logFile, "a", 0o600);
  // An empty proxy setting: the rehearsal's programs reach the stand-in of the internet and nothing else.
  const env = { ...variables, HTTP_PROXY: "", HTTPS_PROXY: "", http_proxy: "", https_proxy: "" };
  const child = startMarked(mark, program, args, { cwd: directory, env, stdio: ["ignore", output, output] });
  closeSync(output);
  const { promise: ended, resolve } = Promise.withResolvers<number>();
  child.once("exit", (code, signal) => {
    // What it started does not outlive it, as in a container.
    endGroup(child);
    resolve(code ?? (signal === "SIGKILL" ? 137 : 143));
  });
  return new Promise((done, failed) => {
    child.once("error", failed);
    child.once("spawn", () =>
      done({
        ended,
        stop: async (patienceMs) => {
          const force = setTimeout(() => endGroup(child), patienceMs);
          endGroup(child, patienceMs > 0 ? "SIGTERM" : "SIGKILL");
          await ended;
          clearTimeout(force);
        },
      }),
    );
  });
}
