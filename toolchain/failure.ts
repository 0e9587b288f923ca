import { UserError } from "../common/errors.ts";
import type { ExecResult } from "./exec.ts";

/** Why a build or an installation failed, with the end of its output and what to try. */
export function buildFailure(what: string, command: string, result: ExecResult, logFile: string): UserError {
  const lines = result.tail.map((line) => `  | ${line}`);
  return new UserError([`${what} failed: ${command} ${result.ending}`, ...lines, `the whole output is in ${logFile}`].join("\n"), {
    fix: adviceFor(result),
  });
}

const advice: readonly (readonly [RegExp, string])[] = [
  [/no space left on device|Errno 28|disk quota exceeded/i, "free about 6 GB, or point MOONBACK_CACHE_DIR to a disk that has it (and GOCACHE and GOMODCACHE, where Go keeps its own files), then run the same command again"],
  [/checksum mismatch|SECURITY ERROR|DO NOT MATCH THE HASHES/i, "something between here and the registry changed a package; do not turn the check off: try another network or registry mirror, and report it"],
  [/signal: killed|SIGKILL|MemoryError|cannot allocate memory/i, "memory ran out (a build needs about 3 GB); close something large and run the same command again"],
  [/dial tcp|no such host|i\/o timeout|TLS handshake|proxyconnect|x509|name resolution|NewConnectionError|ConnectTimeout|SSLError|Read timed out|407 |No matching distribution/i, "check the network; behind a proxy set HTTPS_PROXY, behind a mirror set GOPROXY or PIP_INDEX_URL, then run the same command again"],
];

function adviceFor(result: ExecResult): string {
  const text = [result.ending, ...result.tail].join("\n");
  return advice.find(([pattern]) => pattern.test(text))?.[1] ?? "read the log; run the same command again when the cause is gone: nothing half-made is kept";
}

/** Runs work on the cache; a disk that refuses it becomes a sentence that names the folder. */
export async function onCacheDisk<T>(cacheDir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw cacheDiskError(cacheDir, error) ?? error;
  }
}

function cacheDiskError(cacheDir: string, error: unknown): UserError | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
    case "ENOTDIR":
      return new UserError(`cannot write to the tool cache in ${cacheDir} (${code})`, {
        fix: "make that folder writable for you, or set MOONBACK_CACHE_DIR to a folder that is",
        cause: error,
      });
    case "ENOSPC":
    case "EDQUOT":
      return new UserError(`no space left for the tool cache in ${cacheDir} (${code})`, {
        fix: "free about 6 GB there, or set MOONBACK_CACHE_DIR to a folder on a larger disk",
        cause: error,
      });
    default:
      return undefined;
  }
}
