import { createHash } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { UserError, errorMessage } from "../common/errors.ts";
import { poll, type Attempt } from "../common/poll.ts";
import { processStartTime } from "../common/process-start-time.ts";
import { isAlive, lastLines, startDaemon, stopDaemon, type Daemon } from "../common/daemon.ts";

/** What an emulator says of itself at /moonback/world. */
export interface EmulatorIdentity {
  readonly env: string;
  readonly epoch: string;
  readonly moto: string;
  readonly pid: number;
}

export interface EmulatorPlan {
  readonly environment: string;
  readonly host: string;
  readonly port: number;
  /** A new one for every life of the emulator: its state is memory only. */
  readonly epoch: string;
  readonly python: string;
  /** The project directory it belongs to. */
  readonly owner: string;
  readonly logFile: string;
  readonly requestLog: string;
  /** The account that it answers as; moto's own by default. */
  readonly account?: string | undefined;
  /** Ends with this process, and leaves nothing beside its own files. */
  readonly throwAway?: boolean | undefined;
}

const folder = join(import.meta.dirname, "aws");
const script = join(folder, "emulator.py");

/** Names the code that an emulator started now would run. */
export function emulatorVersion(): string {
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.(py|json)$/.test(name)).sort();
  const hash = createHash("sha256");
  for (const name of sources) hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  return hash.digest("hex").slice(0, 12);
}

/** Starts the AWS emulator and waits until it answers as itself. */
export async function startEmulator(plan: EmulatorPlan, signal?: AbortSignal): Promise<Daemon> {
  await clearPort(plan);
  const { environment, host, port, epoch, python, owner, logFile, requestLog, account, throwAway = false } = plan;
  const daemon = await startDaemon({
    program: python,
    args: [script, "--host", host, "--port", String(port), "--epoch", epoch, "--env", environment, "--request-log", requestLog, ...(throwAway ? ["--parent", String(process.pid)] : [])],
    directory: owner,
    // Nothing of the operator's environment is its business: neither credentials nor proxies.
    variables: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      LANG: "C.UTF-8",
      ...(account === undefined ? {} : { MOTO_ACCOUNT_ID: account }),
      ...(throwAway ? { PYTHONDONTWRITEBYTECODE: "1" } : {}),
    },
    logFile,
  });
  try {
    await poll(() => answersAs(plan, daemon), { timeoutMs: 60_000, intervalMs: 50, signal });
  } catch (error) {
    await stopDaemon(daemon);
    signal?.throwIfAborted();
    throw new UserError(`The AWS emulator did not start: ${errorMessage(error)}\n${lastLines(logFile)}`, { fix: `Its log: ${logFile}`, cause: error });
  }
  return daemon;
}

async function answersAs(plan: EmulatorPlan, daemon: Daemon): Promise<Attempt<true>> {
  const identity = await askIdentity(plan);
  if (identity?.epoch === plan.epoch) return { done: true, value: true };
  if (!isAlive(daemon)) throw new Error("it ended at once");
  return { done: false, reason: `nothing answers at http://${plan.host}:${plan.port}` };
}

/** Who listens there: an emulator's own words, or undefined for nobody and for strangers. */
export async function askIdentity({ host, port }: { host: string; port: number }): Promise<EmulatorIdentity | undefined> {
  try {
    const answer = await fetch(`http://${host}:${port}/moonback/world`, { signal: AbortSignal.timeout(5_000) });
    return answer.ok ? ((await answer.json()) as EmulatorIdentity) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * An emulator of this very directory whose record is gone (run data deleted) holds nothing that anyone could still use:
 * it is ended. Anyone else's stays, and the operator is told.
 */
async function clearPort(plan: EmulatorPlan): Promise<void> {
  const identity = await askIdentity(plan);
  if (identity === undefined) return;
  const startTime = processStartTime(identity.pid);
  const directory = directoryOf(identity.pid);
  if (identity.env === plan.environment && startTime !== undefined && directory === plan.owner) {
    await stopDaemon({ pid: identity.pid, startTime });
    return;
  }
  throw new UserError(
    `http://${plan.host}:${plan.port} is taken by the emulator of environment ${identity.env} (pid ${identity.pid}) of ${directory ?? "another user"}.`,
    { fix: `Run \`npm run down\` there, or give this environment another network.vpcCidr in Pulumi.${plan.environment}.yaml.` },
  );
}

function directoryOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}
