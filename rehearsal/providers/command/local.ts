import { text } from "../kinds.ts";
import { type CommandInputs, commandType, type Ended, type Run, type Surroundings } from "./command-type.ts";
import { argv } from "./kinds.ts";

interface LocalInputs extends CommandInputs {
  readonly dir?: string;
  readonly interpreter?: readonly string[];
}

/** How long a command may take to end after it was told to. */
const GRACE_MS = 5000;

/** A command on this machine. */
export const localCommand = commandType<LocalInputs>({
  token: "command:local:Command",
  inputs: { dir: { kind: text }, interpreter: { kind: argv } },
  secrets: () => [],
  run: runLocal,
});

async function runLocal({ env, signal }: Surroundings, inputs: LocalInputs, run: Run): Promise<Ended> {
  // Loaded when something is run: most engine operations run nothing.
  const { execa } = await import("execa");
  signal.throwIfAborted();
  const [shell = "/bin/sh", ...args] = inputs.interpreter?.length ? inputs.interpreter : ["/bin/sh", "-c"];
  const child = execa(shell, [...args, run.command], {
    env: { ...env, ...run.environment },
    extendEnv: false,
    ...(inputs.dir === undefined ? {} : { cwd: inputs.dir }),
    ...(run.stdin === "" ? { stdin: "ignore" } : { input: run.stdin }),
    stripFinalNewline: false,
    reject: false,
    // A group of its own, so that what the shell has started can be ended with it.
    detached: true,
  });
  let force: NodeJS.Timeout | undefined;
  const end = (): void => {
    endGroup(child.pid, "SIGTERM");
    force = setTimeout(() => endGroup(child.pid, "SIGKILL"), GRACE_MS);
  };
  signal.addEventListener("abort", end);
  try {
    const { exitCode, signal: killedBy, stdout, stderr, ...result } = await child;
    signal.throwIfAborted();
    if (!result.failed) return { stdout, stderr };
    if (exitCode !== undefined) return { failure: `with exit code ${exitCode}`, stdout, stderr };
    // Not `message`: it repeats the command, which may hold secrets.
    return { failure: killedBy === undefined ? `before it began (${result.originalMessage ?? "no reason given"})` : `by ${killedBy}`, stdout, stderr };
  } finally {
    clearTimeout(force);
    signal.removeEventListener("abort", end);
  }
}

function endGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, signal);
  } catch {
    // It has ended by itself.
  }
}
