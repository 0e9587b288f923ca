import { chmodSync, existsSync, linkSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { delimiter, dirname, join } from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { ExitCode, UserError } from "../common/errors.ts";
import { project } from "../stacks/project.ts";
import { ensureTool } from "../toolchain/toolchain.ts";
import type { EngineSettings } from "./engine.ts";
import { isHeld } from "./run-lock.ts";
import { shellMarker, type Session } from "./session.ts";

/** Finds or builds the engine and says where and as whom it runs. */
export async function engineSettings(session: Session, installing = session.signal): Promise<EngineSettings> {
  const { console, signal } = session;
  const pulumi = await console.during("the Pulumi CLI", () =>
    ensureTool("pulumi", { progress: (line) => console.say("wait", line), signal: installing }),
  );
  // The Automation API asks the command for its version with this process's own variables, so the shim's must be there too.
  process.env["MOONBACK_PULUMI"] = pulumi.path;
  session.engines.begin();
  return {
    projectDirectory: session.directory,
    command: await PulumiCommand.get({ root: join(import.meta.dirname, "engine-shim") }),
    variables: { ...defined(engineVariables(session, [dirname(pulumi.path)])), MOONBACK_ENGINES: session.engines.file },
    logFile: session.logFile,
    signal,
    notice: (text) => console.say("warn", text),
    holdsEnvironment: isHeld(session),
  };
}

/**
 * The variables that make a program see this environment: engine, plugins, and a person's shell alike.
 * `undefined` means that the variable must not be set.
 */
export function engineVariables(session: Session, toolFolders: readonly string[]): Record<string, string | undefined> {
  const { world, directories, environment } = session;
  const path = [dirname(process.execPath), ...world.programFolders, ...toolFolders, process.env["PATH"] ?? ""];
  return {
    ...world.variables,
    PATH: path.join(delimiter),
    MOONBACK_DIR: session.directory,
    [shellMarker]: environment.name,
    // As set by automation/moonback.mjs: a shell behind a proxy needs them as much.
    no_proxy: process.env["no_proxy"],
    NO_PROXY: process.env["NO_PROXY"],
    PULUMI_BACKEND_URL: environment.stateBackend ?? localBackend(directories.state),
    ...passphrase(session),
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
}

function defined(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}

function localBackend(folder: string): string {
  mkdirSync(folder, { recursive: true });
  // A folder's name may hold what means something else in a URL.
  return `file://${folder.replaceAll(/[%#?]/g, encodeURIComponent)}`;
}

/** The passphrase of the state's secrets: the operator's own where given, else one made once, readable by its owner only. */
function passphrase({ directories, directory, environment }: Session): Record<string, string | undefined> {
  if (process.env["PULUMI_CONFIG_PASSPHRASE"] !== undefined || process.env["PULUMI_CONFIG_PASSPHRASE_FILE"] !== undefined) return {};
  const file = directories.passphrase;
  if (!existsSync(file)) {
    if (environment.stateBackend !== undefined) {
      throw new UserError(`The state at ${environment.stateBackend} is shared, and its passphrase is not on this machine: ${file} does not exist.`, {
        exitCode: ExitCode.usage,
        fix: "Set PULUMI_CONFIG_PASSPHRASE to the one that the others use.",
      });
    }
    if (hasStacks(directories.state)) {
      throw new UserError(`The state in ${directories.state} is encrypted with a passphrase that is gone: ${file} does not exist.`, {
        exitCode: ExitCode.usage,
        fix: "Put that file back, or set PULUMI_CONFIG_PASSPHRASE.",
      });
    }
    // What an earlier, lost passphrase encrypted is of no use to anyone: the stage stacks' own settings hold nothing else.
    const stale = readdirSync(directory).filter((name) => name.startsWith(`Pulumi.${environment.name}-`) && name.endsWith(".yaml"));
    for (const name of stale) rmSync(join(directory, name));
    makeOnce(file, `${randomBytes(24).toString("base64url")}\n`);
  }
  chmodSync(file, 0o600);
  return { PULUMI_CONFIG_PASSPHRASE_FILE: file };
}

/** Written whole and linked into place: a kill leaves no empty passphrase, and of two first runs at once one's is kept. */
function makeOnce(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft);
  }
}

/** Whether a local backend holds any stack of ours; the layout is the file backend's. */
function hasStacks(state: string): boolean {
  const folder = join(state, ".pulumi", "stacks", project);
  return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith(".json"));
}
