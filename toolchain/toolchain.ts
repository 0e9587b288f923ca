/**
 * The programs Moon and Back needs besides Node: found, downloaded or built from package registries, and cached per
 * version. Nothing here prints; progress goes to the caller.
 *
 * Environment: `MOONBACK_CACHE_DIR` moves the cache, `MOONBACK_PULUMI_SOURCE=path|site|build` forces where the CLI
 * comes from.
 */
import { dirname, join } from "node:path";
import { catalog, type ToolName } from "./catalog.ts";
import { systemContext, type Context } from "./context.ts";
import { ensureGoEntry, keptFolder } from "./go.ts";
import { inspect } from "./inspect.ts";
import { ensureLanguageHost, ensurePulumi } from "./pulumi.ts";
import { ensurePythonEntry } from "./python.ts";

export type { ToolName };

export interface Tool {
  readonly name: ToolName;
  readonly version: string;
  /** `path` found on the machine, `site` downloaded from Pulumi, `built` from its Go module, `installed` with pip. */
  readonly source: "path" | "site" | "built" | "installed";
  /** Absolute path of the executable; for moto: the Python interpreter of its environment. */
  readonly path: string;
}

export interface ToolchainOptions {
  /** Called with one line at the start of a build or download and at least every 10 s while it runs. */
  readonly progress?: (line: string) => void;
  /** Ends the child process and removes what it left; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Default: `${MOONBACK_CACHE_DIR:-${XDG_CACHE_HOME:-~/.cache}/moonback}`. */
  readonly cacheDir?: string;
  /** Default: this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
}

/** What `doctor` shows of one program. */
export interface ToolReport {
  readonly name: string;
  /** Which versions will do. */
  readonly wanted: string;
  readonly found?: { readonly version: string; readonly source: string; readonly path: string };
  /** With a `fix`: what is wrong. Without one: why something that is there is not used, which needs no action. */
  readonly problem?: string;
  /** What a person has to do; present exactly when the work cannot be done without it. */
  readonly fix?: string;
  /** Missing now, and made without further ado when first needed. */
  readonly willBuild?: boolean;
}

/**
 * The tool, ready to run; built or downloaded first when neither the machine nor the cache has it.
 * Throws a `UserError` that names the cause, the log and what to try.
 */
export function ensureTool(name: ToolName, options?: ToolchainOptions): Promise<Tool> {
  return resolveTool(systemContext(options), name);
}

/** A file that is kept beside a tool's program (the catalog's `keep`), by its last name. */
export const keptFile = ({ path }: Tool, name: string): string => join(dirname(path), "..", keptFolder, name);

/** As `ensureTool`, over given effects. */
export async function resolveTool(context: Context, name: ToolName): Promise<Tool> {
  context.signal?.throwIfAborted();
  switch (name) {
    case "pulumi":
      return ensurePulumi(context);
    case "pulumi-language-nodejs":
      return ensureLanguageHost(context);
    default:
      return makeTool(context, name);
  }
}

/** A tool that comes from one place only: its Go module or the Python package index. */
async function makeTool(context: Context, name: ToolName): Promise<Tool> {
  const spec = catalog[name];
  const { version, executable } = spec.kind === "go" ? await ensureGoEntry(context, spec) : await ensurePythonEntry(context, spec);
  return { name, version, source: spec.kind === "go" ? "built" : "installed", path: executable };
}

/** For `doctor`: looks at node, npm, python, go, git and every tool; never builds or downloads. */
export function inspectTools(options?: ToolchainOptions): Promise<readonly ToolReport[]> {
  return inspect(systemContext(options));
}

/** Why the rehearsal cannot run on this machine; nothing when it can. */
export function platformProblem(platform: NodeJS.Platform = process.platform, arch: string = process.arch): string | undefined {
  if (platform === "linux" && arch === "x64") return undefined;
  return (
    `the rehearsal runs on Linux x86-64 only, and this is ${platform} ${arch}: it needs Linux's whole loopback network ` +
    `(one 127.x address for each VPC address) and programs whose packages are published for Linux x86-64 alone. ` +
    `Rehearse in a Linux x86-64 virtual machine; the environments demo and homelab run from here`
  );
}
