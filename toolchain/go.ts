import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { UserError } from "../common/errors.ts";
import { ensureEntry, findEntry, freshLogFile, type Entry, type EntryId } from "./cache.ts";
import { catalog, contentKey, readGoModule, type GoModule, type GoSpec } from "./catalog.ts";
import type { Context } from "./context.ts";
import { ensurePythonEntry } from "./python.ts";
import { findOnPath } from "./search-path.ts";
import { runStep } from "./step.ts";
import { whyGoTooOld } from "./versions.ts";

interface Go {
  readonly path: string;
  /** "1.26.8" */
  readonly version: string;
  /** Ours, from the package index, rather than the machine's. */
  readonly ours: boolean;
}

/** Where an entry has the files that it keeps of its module. */
export const keptFolder = "keep";

/** Debug information that the linker would drop again costs a fifth of the compile time. */
const withoutDebugInfo = "-gcflags=all=-dwarf=false";

/** Decides the result, so it is part of the cache key. GOFLAGS and CGO_ENABLED carry the rest. */
const buildFlags = ["-trimpath", "-mod=readonly", "CGO_ENABLED=0", withoutDebugInfo] as const;

/** The machine's Go, or why it cannot be used. */
export async function findGo(context: Context, directive: string): Promise<{ go: Go } | { problem: string }> {
  const path = await findOnPath("go", context.env);
  if (path === undefined) return { problem: "there is no Go on PATH" };
  // In "/" no go.mod asks for another toolchain.
  const result = await context.exec({
    command: path, args: ["version"], cwd: "/", env: { ...context.env, GOTOOLCHAIN: "local" }, timeoutMs: 30_000, signal: context.signal,
  });
  const version = /go(\d+\.\d+\S*)/.exec(result.ok ? result.stdout : "")?.[1];
  if (version === undefined) return { problem: `${path} does not say its version (go version ${result.ending})` };
  const tooOld = whyGoTooOld(version, directive);
  return tooOld === undefined ? { go: { path, version, ours: false } } : { problem: `${path} is not used: ${tooOld}` };
}

/** A Go that can build modules with this directive: the machine's, else ours from the package index. */
export async function ensureGo(context: Context, directive: string): Promise<Go> {
  const found = await findGo(context, directive);
  if ("go" in found) return found.go;
  const entry = await ensurePythonEntry(context, catalog.go);
  const tooOld = whyGoTooOld(entry.version, directive);
  if (tooOld !== undefined) throw new Error(`toolchain/go pins a Go that is too old for the modules: ${tooOld}`);
  context.progress(`using Go ${entry.version} from the Python package index: ${found.problem}`);
  return { path: entry.executable, version: entry.version, ours: true };
}

/** The cache's name for a Go tool. */
export function goEntryId(spec: GoSpec, module: GoModule): EntryId {
  const decides = [spec.name, spec.package, spec.ldflags(module.version), ...buildFlags, ...Object.values(module.files), ...(spec.keep ?? [])];
  return { name: spec.name, version: module.version, key: contentKey(decides) };
}

/** A built Go tool in the cache, or nothing. */
export async function findGoEntry(context: Context, spec: GoSpec): Promise<(Entry & { version: string }) | undefined> {
  const module = await readGoModule(context, spec);
  const entry = await findEntry(context, goEntryId(spec, module));
  return entry && { ...entry, version: module.version };
}

/** The program, built from its module when the cache does not have it. */
export async function ensureGoEntry(context: Context, spec: GoSpec): Promise<Entry & { version: string }> {
  const module = await readGoModule(context, spec);
  const id = goEntryId(spec, module);
  const doing = `building ${spec.name} ${id.version}`;
  const executable = join("bin", spec.name);
  const entry = await ensureEntry(context, {
    ...id,
    doing,
    executable,
    make: async (folder) => {
      const go = await ensureGo(context, module.goVersion);
      context.progress(`${doing} from its Go module (${spec.takes})`);
      await build(context, { spec, module, go, folder, doing, logFile: await freshLogFile(context, id) });
      await checkVersion(context, spec, module, join(folder, executable));
    },
  });
  return { ...entry, version: id.version };
}

interface Build {
  readonly spec: GoSpec;
  readonly module: GoModule;
  readonly go: Go;
  readonly folder: string;
  readonly doing: string;
  readonly logFile: string;
}

async function build(context: Context, { spec, module, go, folder, doing, logFile }: Build): Promise<void> {
  // The module files are copied, so a build can never write into the checkout.
  const source = join(folder, "module");
  const scratch = join(folder, "tmp");
  await Promise.all([source, scratch].map((path) => mkdir(path, { recursive: true })));
  await Promise.all(Object.entries(module.files).map(([name, text]) => writeFile(join(source, name), text)));
  const output = join(folder, "bin", spec.name);
  await runStep(context, {
    doing,
    command: go.path,
    args: ["build", "-v", withoutDebugInfo, "-ldflags", spec.ldflags(module.version), "-o", output, spec.package],
    cwd: source,
    env: { ...goEnvironment(context, go), GOTMPDIR: scratch },
    logFile,
    follow: buildCounter(),
  });
  await keepFiles(context, { spec, go, source, folder, doing });
  await Promise.all([source, scratch].map((path) => rm(path, { recursive: true, force: true })));
}

/** Copies what is kept out of the module's folder, which the build has just filled. */
async function keepFiles(context: Context, { spec, go, source, folder, doing }: Pick<Build, "spec" | "go" | "folder" | "doing"> & { readonly source: string }): Promise<void> {
  if (spec.keep === undefined) return;
  const args = ["list", "-m", "-f", "{{.Dir}}", spec.module];
  const { ok, stdout, ending } = await context.exec({ command: go.path, args, cwd: source, env: goEnvironment(context, go), timeoutMs: 60_000, signal: context.signal });
  if (!ok) throw new UserError(`${doing} failed: go list ${ending}`, { fix: "run the same command again" });
  await mkdir(join(folder, keptFolder));
  for (const file of spec.keep) await copyFile(join(stdout.trim(), file), join(folder, keptFolder, basename(file)));
}

/**
 * The caller's environment with everything pinned that decides the result. Proxy and checksum-database settings stay:
 * every module is checked against the committed go.sum, which `-mod=readonly` forbids to extend.
 */
function goEnvironment(context: Context, go: Go): NodeJS.ProcessEnv {
  return {
    ...context.env,
    // Go of the machine keeps its own caches; ours leaves nothing outside our folder.
    ...(go.ours ? { GOMODCACHE: join(context.cacheDir, "go", "mod"), GOCACHE: join(context.cacheDir, "go", "build") } : {}),
    // Not empty: an empty GOFLAGS would let the one in Go's own settings file through.
    GOFLAGS: go.ours ? "-trimpath -mod=readonly -modcacherw" : "-trimpath -mod=readonly",
    GOTOOLCHAIN: "local",
    GOWORK: "off",
    GO111MODULE: "on",
    GOROOT: undefined,
    GOOS: process.platform,
    GOARCH: process.arch === "x64" ? "amd64" : process.arch,
    CGO_ENABLED: "0",
  };
}

function buildCounter(): (line: string) => string {
  let downloaded = 0;
  let compiled = 0;
  return (line) => {
    if (line.startsWith("go: downloading ")) downloaded++;
    // `go build -v` names each package on a line of its own.
    else if (/^[\w.~/-]+$/.test(line)) compiled++;
    return `${downloaded} modules downloaded, ${compiled} packages compiled`;
  };
}

/**
 * A fresh program has to name the version it was built as, or its users would meet it later. It is one word among
 * others: `registry --version` puts a path before it, `kwok --version` the version of Go behind it, etcd more lines.
 */
async function checkVersion(context: Context, spec: GoSpec, module: GoModule, path: string): Promise<void> {
  if (!spec.versionArgs) return;
  const result = await context.exec({ command: path, args: spec.versionArgs, env: quietPulumi(context), timeoutMs: 60_000, signal: context.signal });
  const words = result.stdout.split(/\s+/).map((word) => word.replace(/^v/, ""));
  if (result.ok && words.includes(module.version)) return;
  const said = result.stdout.trim().replaceAll(/\s+/g, " ").slice(0, 120);
  throw new UserError(`the fresh ${spec.name} does not say that it is ${module.version}: it said "${said}" and ${result.ending}`, {
    fix: "run the same command again; if it stays so, the flags in toolchain/catalog.ts no longer fit the module",
  });
}

/** An environment in which Pulumi's program prints its version and nothing else. */
export function quietPulumi(context: Context): NodeJS.ProcessEnv {
  return { ...context.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
}
