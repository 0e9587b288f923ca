import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { parseDeployment, pendingOf, resourcesOf, type RecordedResource } from "../../automation/recovery/deployment.ts";
import { sessionsOf } from "../../automation/recovery/engine-processes.ts";
import { findLost, lostTypes } from "../../automation/recovery/lost.ts";
import { processStat, processTable } from "../../common/process-stat.ts";
import { stackName, stages } from "../../stacks/registry.ts";
import type { Trial } from "../trial.ts";

type Run = ReturnType<Trial["start"]>;

/** What a kill left behind, by what `up` was about when it came. */
export interface Killed {
  /** The types whose creation AWS had accepted and nobody had recorded. */
  readonly held: readonly string[];
  readonly code: number | undefined;
  readonly stderr: string;
}

/**
 * Starts a verb whose plugins hang after the first creation of each of these types, waits until no more of them come, and ends
 * the program and its engines by SIGKILL. Nothing is held where the run ends by itself.
 */
export async function killWhileHeld(trial: Trial, types: readonly string[], args: readonly string[] = ["up"]): Promise<Killed> {
  const folder = mkdtempSync(join(tmpdir(), "moonback-held-"));
  const marker = (type: string): string => join(folder, type.replaceAll(/[:/]/g, "-"));
  const held = (): string[] => types.filter((type) => existsSync(marker(type)));
  const run = trial.start(args, { MOONBACK_HOLD_CREATE: types.map((type) => `${type}=${marker(type)}`).join("\n") });
  const isOver = new AbortController();
  void run.then(() => {
    isOver.abort();
  });
  try {
    let last = "";
    // Creations go on side by side: those that can be are held, too, before the kill comes.
    for (let quiet = 0; !isOver.signal.aborted && quiet < 10; quiet += 1) {
      await delay(100);
      const now = held().join();
      if (now === "" || now !== last) quiet = 0;
      last = now;
    }
    const found = held();
    if (!isOver.signal.aborted) killRun(trial, run);
    const { exitCode, stderr } = await run;
    return { held: found, code: exitCode, stderr };
  } finally {
    // The plugins hang as long as their markers are there; recovery has to end them.
    markersOf.set(trial, [...(markersOf.get(trial) ?? []), folder]);
  }
}

const markersOf = new WeakMap<Trial, string[]>();

/** Takes the markers away, so that nothing hangs any more. */
export function removeMarkers(trial: Trial): void {
  for (const folder of markersOf.get(trial) ?? []) rmSync(folder, { recursive: true, force: true });
}

/** Ends a run and the engines that it has started, not their plugins, and gives nobody time to clean up. */
export function killRun(trial: Trial, run: Run): void {
  const engines = enginesOf(trial);
  run.kill("SIGKILL");
  for (const { pid } of engines) if (processStat(pid) !== undefined) process.kill(pid, "SIGKILL");
}

interface Engine {
  readonly pid: number;
  readonly startTime: string;
}

/** The engines that runs which have not ended have recorded. */
export function enginesOf(trial: Trial): Engine[] {
  const folder = join(trial.runData, "processes");
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return files.flatMap((name) =>
    readFileSync(join(folder, name), "utf8").trim().split("\n").slice(1).map((line) => {
      const [pid = "", startTime = ""] = line.split(" ");
      return { pid: Number(pid), startTime };
    }),
  );
}

/** The programs of engine sessions that still run. */
export function orphansOf(engines: readonly Engine[]): string[] {
  return sessionsOf(engines, processTable()).map(({ pid, program }) => `${program} ${pid}`);
}

/** Every process that was started for this trial's folder and is no part of its world. */
export function strayProcesses(trial: Trial): string[] {
  const own = trial.worldPids();
  return processTable().flatMap(({ pid, program }) => {
    if (own.includes(pid) || pid === process.pid) return [];
    let environment: string;
    try {
      environment = readFileSync(`/proc/${pid}/environ`, "utf8");
    } catch {
      return [];
    }
    return environment.includes(`MOONBACK_DIR=${trial.directory}\0`) ? [`${program} ${pid}`] : [];
  });
}

/** What the stacks' state holds. */
export function stateOf(trial: Trial): { readonly resources: readonly RecordedResource[]; readonly pending: number } {
  const folder = join(trial.runData, "state/.pulumi/stacks/moon-and-back");
  const found = stages.flatMap(({ name }) => {
    const file = join(folder, `${stackName("trial", name)}.json`);
    if (!existsSync(file)) return [];
    const { version, checkpoint } = JSON.parse(readFileSync(file, "utf8")) as { version: number; checkpoint: { latest: unknown } };
    const deployment = parseDeployment(JSON.stringify({ version, deployment: checkpoint.latest }));
    if (deployment === undefined) throw new Error(`${file} is no state`);
    return [deployment];
  });
  return { resources: found.flatMap(resourcesOf), pending: found.flatMap(pendingOf).length };
}

/** What is wrong with what a trial has: resources that AWS has not exactly once, locks, operations that nobody recorded, processes. */
export async function faultsOf(trial: Trial): Promise<string[]> {
  const { resources, pending } = stateOf(trial);
  const wrong: string[] = [];
  for (const { urn, type, id, custom, inputs = {} } of resources) {
    if (!custom || !type.startsWith("aws:")) continue;
    const found = await findLost({ urn, type, inputs }, { sources: trial.sources, environment: trial.environment });
    // What takes no tags is imported by another id than it is recorded under.
    if (found.length !== 1 || (lostTypes[type]?.by === "tags" && found[0] !== id)) wrong.push(`${urn.split("::").at(-1) ?? urn} (${type}) is ${id ?? "?"} in state, and in AWS ${found.join(" and ") || "nowhere"}`);
  }
  if (pending > 0) wrong.push(`${pending} operations are pending`);
  if (existsSync(join(trial.runData, "run.lock"))) wrong.push("the environment is locked");
  wrong.push(...(await locks(trial)).map((file) => `the lock ${file}`));
  wrong.push(...strayProcesses(trial).map((process) => `the process ${process}`));
  return wrong;
}

async function locks(trial: Trial): Promise<string[]> {
  const { stdout } = await execa("find", [join(trial.runData, "state"), "-path", "*/locks/*", "-name", "*.json"]);
  return stdout.split("\n").filter(Boolean);
}
