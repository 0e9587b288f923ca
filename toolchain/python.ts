import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../common/errors.ts";
import { ensureEntry, findEntry, freshLogFile, type Entry, type EntryId } from "./cache.ts";
import { contentKey, readRequirements, type PythonRequirements, type PythonSpec } from "./catalog.ts";
import type { Context } from "./context.ts";
import { findOnPath } from "./search-path.ts";
import { runStep } from "./step.ts";
import { compareVersions, parseVersion } from "./versions.ts";

/** The oldest Python the pinned requirements were compiled for. */
export const oldestPython = "3.10";
const candidates = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"];

interface Python {
  readonly path: string;
  /** "3.11.2" */
  readonly version: string;
  /** "3.11": compiled packages fit one minor version. */
  readonly minor: string;
  readonly venv: boolean;
  readonly ensurepip: boolean;
  readonly pip: boolean;
}

const question = `
import json, sys, importlib.util as u
print(json.dumps({"version": list(sys.version_info[:3]), "path": sys.executable,
                  **{name: u.find_spec(name) is not None for name in ("venv", "ensurepip", "pip")}}))
`;
const answerSchema = z.object({
  version: z.tuple([z.int(), z.int(), z.int()]),
  path: z.string().min(1),
  venv: z.boolean(),
  ensurepip: z.boolean(),
  pip: z.boolean(),
});

/** Whether it can make an environment: with its own pip inside, or with the packages put in from outside. */
export const canMakeEnvironment = (python: Python) => python.venv && (python.ensurepip || python.pip);

/** Every Python on `PATH` that is new enough, best first, and what else was seen. */
export async function findPythons(context: Context): Promise<{ usable: Python[]; tooOld: string[] }> {
  const usable: Python[] = [];
  const tooOld: string[] = [];
  for (const name of candidates) {
    const python = await askPython(context, name);
    if (!python) continue;
    const version = parseVersion(python.version);
    const oldest = parseVersion(oldestPython);
    if (version && oldest && compareVersions(version, oldest) >= 0) usable.push(python);
    else tooOld.push(`${python.path} (${python.version})`);
    if (usable.some(canMakeEnvironment)) break;
  }
  usable.sort((a, b) => Number(canMakeEnvironment(b)) - Number(canMakeEnvironment(a)));
  return { usable, tooOld };
}

async function askPython(context: Context, name: string): Promise<Python | undefined> {
  const path = await findOnPath(name, context.env);
  if (path === undefined) return undefined;
  const result = await context.exec({
    command: path, args: ["-c", question], env: pythonEnvironment(context), timeoutMs: 30_000, signal: context.signal,
  });
  if (!result.ok) return undefined;
  const answer = answerSchema.parse(JSON.parse(result.stdout));
  const [major, minor] = answer.version;
  return { ...answer, version: answer.version.join("."), minor: `${major}.${minor}` };
}

/** The Python to use, or the sentence that says what to install. */
export async function choosePython(context: Context): Promise<Python> {
  const { usable, tooOld } = await findPythons(context);
  const [python] = usable;
  if (!python) {
    const seen = tooOld.length === 0 ? "none is on PATH" : `found only ${tooOld.join(", ")}`;
    throw new UserError(`Python ${oldestPython} or newer is needed, and ${seen}`, {
      fix: "install it: `sudo apt-get install python3 python3-venv` on Debian 12, Ubuntu 22.04 or newer",
    });
  }
  if (!canMakeEnvironment(python)) {
    throw new UserError(`${python.path} (${python.version}) has neither venv nor pip, so it cannot make an environment`, {
      fix: "install what it lacks: `sudo apt-get install python3-venv` on Debian and Ubuntu",
    });
  }
  return python;
}

/** The cache's name for a Python tool made with this Python. */
export function pythonEntryId(spec: PythonSpec, requirements: PythonRequirements, python: Python): EntryId {
  const { version } = requirements;
  return { name: spec.name, version, key: contentKey([spec.name, requirements.text, python.minor]) };
}

/** The environment of a Python tool, installed when the cache does not have it. */
export async function ensurePythonEntry(context: Context, spec: PythonSpec): Promise<Entry & { version: string }> {
  const requirements = await readRequirements(context, spec);
  const python = await choosePython(context);
  const id = pythonEntryId(spec, requirements, python);
  const doing = `installing ${spec.distribution} ${id.version}`;
  const entry = await ensureEntry(context, {
    ...id,
    doing,
    executable: spec.executable(python.minor),
    make: async (folder) => {
      context.progress(`${doing} with Python ${python.version} (${spec.takes})`);
      await makeEnvironment(context, { folder, doing, spec, python, requirements, logFile: await freshLogFile(context, id) });
    },
  });
  return { ...entry, version: id.version };
}

/** As `ensurePythonEntry`, but only looks. */
export async function findPythonEntry(context: Context, spec: PythonSpec): Promise<(Entry & { version: string }) | undefined> {
  const [requirements, { usable: [python] }] = [await readRequirements(context, spec), await findPythons(context)];
  if (!python) return undefined;
  const entry = await findEntry(context, pythonEntryId(spec, requirements, python));
  return entry && { ...entry, version: requirements.version };
}

interface EnvironmentPlan {
  readonly folder: string;
  readonly doing: string;
  readonly spec: PythonSpec;
  readonly python: Python;
  readonly requirements: PythonRequirements;
  readonly logFile: string;
}

async function makeEnvironment(context: Context, plan: EnvironmentPlan): Promise<void> {
  const { folder, python, logFile, doing } = plan;
  const venv = join(folder, "venv");
  const packages = join(venv, "lib", `python${python.minor}`, "site-packages");
  const env = pythonEnvironment(context);
  const run = (command: string, args: readonly string[], follow?: (line: string) => string) =>
    runStep(context, { doing, command, args, env, cwd: folder, logFile, ...(follow ? { follow } : {}) });

  const requirements = join(folder, "requirements.txt");
  await mkdir(folder, { recursive: true });
  await writeFile(requirements, plan.requirements.text);
  const pip = ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar=off", "--no-compile",
    "--require-hashes", "--only-binary", ":all:", "--requirement", requirements];
  const python3 = join(venv, "bin", "python");
  if (python.ensurepip) {
    await run(python.path, ["-m", "venv", venv]);
    await run(python3, pip, packageCounter());
  } else {
    // Debian without python3-venv: the bare environment can be made, and the system's own pip fills it from outside.
    await run(python.path, ["-m", "venv", "--without-pip", venv]);
    await run(python.path, [...pip, "--target", packages], packageCounter());
  }
  await removeScripts(join(venv, "bin"));
  await run(python3, ["-m", "compileall", "-q", "-j", "0", "-x", "/(tests?|templates)/", packages]);
  await run(python3, ["-c", plan.spec.check]);
}

/** Scripts name the folder they were installed in, which is renamed later: they would not start. */
async function removeScripts(bin: string): Promise<void> {
  for (const name of await readdir(bin)) {
    if (!name.startsWith("python")) await rm(join(bin, name));
  }
}

function packageCounter(): (line: string) => string {
  let count = 0;
  return (line) => {
    if (line.startsWith("Collecting ")) count++;
    return `${count} packages fetched`;
  };
}

/** The caller's environment without what would put packages elsewhere; index, proxy and certificate settings stay. */
function pythonEnvironment(context: Context): NodeJS.ProcessEnv {
  const env = { ...context.env, PIP_USER: "0", PIP_REQUIRE_VIRTUALENV: "0", PYTHONNOUSERSITE: "1" };
  const elsewhere = ["PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONDONTWRITEBYTECODE"];
  return Object.fromEntries(Object.entries(env).filter(([name]) => !elsewhere.includes(name)));
}
