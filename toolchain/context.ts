import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { systemClock, type Clock } from "../common/poll.ts";
import { systemExec, type Exec } from "./exec.ts";
import type { ToolchainOptions } from "./toolchain.ts";

/** Everything the toolchain touches outside itself; tests put their own in. */
export interface Context {
  readonly exec: Exec;
  readonly clock: Clock;
  readonly env: NodeJS.ProcessEnv;
  /** Root of the cache; entries live in `<cacheDir>/tools/<name>/<version>-<key>`. */
  readonly cacheDir: string;
  /** Folder that holds the committed module and requirements files. */
  readonly modulesDir: string;
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal | undefined;
}

/** The context of a real run: this process, this clock, the committed files beside this one. */
export function systemContext(options: ToolchainOptions = {}): Context {
  const env = options.env ?? process.env;
  return {
    exec: systemExec,
    clock: systemClock,
    env,
    cacheDir: options.cacheDir ? resolve(options.cacheDir) : defaultCacheDir(env),
    modulesDir: import.meta.dirname,
    progress: options.progress ?? (() => undefined),
    signal: options.signal,
  };
}

/** `${MOONBACK_CACHE_DIR:-${XDG_CACHE_HOME:-~/.cache}/moonback}` */
export function defaultCacheDir(env: NodeJS.ProcessEnv): string {
  if (env["MOONBACK_CACHE_DIR"]) return resolve(env["MOONBACK_CACHE_DIR"]);
  const xdg = env["XDG_CACHE_HOME"];
  // The XDG specification says to ignore a relative path.
  const base = xdg && isAbsolute(xdg) ? xdg : join(env["HOME"] ?? homedir(), ".cache");
  return join(base, "moonback");
}
