import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { errorMessage } from "../../common/errors.ts";
import { endGroup, startMarked } from "./children.ts";
import type { CloudConfig } from "./cloud-config.ts";
import { localShebang, standInPrograms, type GuestText } from "./guest-text.ts";
import { appendLog } from "./log-file.ts";

/** What a first boot needs of its machine. */
export interface BootPlan {
  readonly guest: GuestText;
  readonly root: string;
  readonly mark: string;
  readonly logFile: string;
  readonly variables: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** Writes the files of the user data. Whatever a program here runs or reads by path names paths of this machine. */
export function writeFiles({ write_files: files }: CloudConfig, { guest, logFile }: Pick<BootPlan, "guest" | "logFile">): void {
  for (const { path, content, permissions } of files) {
    const file = guest.file(path);
    const mode = parseInt(permissions, 8);
    mkdirSync(dirname(file), { recursive: true });
    const program = (mode & 0o111) !== 0;
    writeFileSync(file, program ? guest.local(localShebang(content)) : guest.paths(content));
    // Nobody but this user is to read a machine's files, whatever the guest's users may.
    chmodSync(file, mode & 0o700);
    appendLog(logFile, `wrote ${path}\n`);
  }
}

/**
 * Runs the commands, one after the other. As in cloud-init's own script (which has no `set -e`) the next one runs when
 * one failed; unlike there, each failure makes the boot's result an error. Returns what failed.
 */
export async function runCommands({ runcmd }: CloudConfig, plan: BootPlan): Promise<string[]> {
  const problems: string[] = [];
  for (const argv of runcmd) {
    plan.signal.throwIfAborted();
    const line = argv.join(" ");
    appendLog(plan.logFile, `runcmd: ${line}\n`);
    try {
      const code = await runCommand(argv, plan);
      if (code !== 0) problems.push(`runcmd \`${line}\` ended with exit code ${code}`);
    } catch (error) {
      problems.push(`runcmd \`${line}\`: ${errorMessage(error)}`);
    }
    plan.signal.throwIfAborted();
  }
  return problems;
}

function runCommand(argv: readonly string[], { guest, root, mark, logFile, variables, signal }: BootPlan): Promise<number> {
  const [name = "", ...args] = argv;
  const standIn = standInPrograms.find((known) => known === name || `/usr/bin/${known}` === name);
  // Never a program of this machine: user data is written for another.
  if (standIn === undefined && !name.startsWith("/")) throw new Error(`${name}: the rehearsal's machines have no such program; they have ${standInPrograms.join(", ")}`);
  const program = standIn === undefined ? guest.file(name) : join(root, "usr/bin", standIn);
  if (!existsSync(program)) throw new Error(`${name}: not found`);
  return new Promise((done, failed) => {
    const child = startMarked(mark, program, args.map((argument) => guest.local(argument)), { cwd: root, env: variables, stdio: ["ignore", "pipe", "pipe"] });
    const log = (text: Buffer): void => appendLog(logFile, text);
    child.stdout?.on("data", log);
    child.stderr?.on("data", log);
    const end = (): void => endGroup(child);
    signal.addEventListener("abort", end, { once: true });
    child.once("error", failed);
    child.once("close", (code) => {
      signal.removeEventListener("abort", end);
      done(code ?? 255);
    });
  });
}
