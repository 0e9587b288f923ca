import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../common/errors.ts";
import type { EngineSettings } from "../engine.ts";
import { causeOf, stateDamaged } from "../failures.ts";
import { parseDeployment, type Deployment } from "./deployment.ts";
import { complaintIn, pulumi } from "./pulumi.ts";
import { freeDeadLock, saysLocked, stackLocked } from "./stack-lock.ts";

/** What a stack's state is: not there, begun by a run that was killed before anything was in it, there, or damaged, with what the engine says of it. */
export type State = { readonly kind: "none" } | { readonly kind: "blank" } | { readonly kind: "whole"; readonly deployment: Deployment; readonly text: string } | { readonly kind: "damaged"; readonly problem: string };

/**
 * Reads a stack's state through the engine, wherever it is kept. Not by the Automation API, whose export shows secrets in clear:
 * here they stay encrypted, so that an export can be kept.
 */
export async function readState(stack: string, settings: EngineSettings): Promise<State> {
  const { exitCode, stdout, stderr } = await pulumi(["stack", "export", "--stack", stack], settings);
  if (exitCode === 0) {
    if (isBlank(stdout)) return { kind: "blank" };
    const deployment = parseDeployment(stdout);
    return deployment === undefined ? { kind: "damaged", problem: "it is no export of a stack" } : { kind: "whole", deployment, text: stdout };
  }
  if (/no stack named/.test(stderr)) return { kind: "none" };
  const problem = complaintIn(stderr);
  if (stateDamaged.test(stderr)) return { kind: "damaged", problem };
  throw failed(`The state of ${stack} cannot be read`, problem, settings);
}

/** Puts a state in the place of what the stack has. */
export async function writeState(stack: string, deployment: Deployment, folder: string, settings: EngineSettings): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // One name for all: what a kill leaves is written over.
  const file = join(folder, "import.json");
  try {
    writeFileSync(file, JSON.stringify(deployment), { mode: 0o600 });
    await change(stack, ["import", "--file", file], "written", settings);
  } finally {
    rmSync(file, { force: true });
  }
}

/** Takes away a stack that has nothing in it. */
export async function removeBlank(stack: string, settings: EngineSettings): Promise<void> {
  await change(stack, ["rm", "--yes"], "taken away", settings);
}

async function change(stack: string, [verb = "", ...args]: readonly string[], done: string, settings: EngineSettings): Promise<void> {
  const { exitCode, stderr } = await pulumi(["stack", verb, "--stack", stack, ...args], settings);
  if (exitCode === 0) return;
  if (!saysLocked(stderr)) throw failed(`The state of ${stack} cannot be ${done}`, complaintIn(stderr), settings);
  if (!settings.holdsEnvironment || !(await freeDeadLock(stack, stderr, settings))) throw stackLocked(stack, stderr);
  return change(stack, [verb, ...args], done, settings);
}

/** The engine writes a new stack twice, and the first time without a deployment. */
function isBlank(text: string): boolean {
  return /^\s*\{\s*"version": \d+,\s*"deployment": null\s*\}\s*$/.test(text);
}

function failed(what: string, problem: string, { logFile }: EngineSettings): UserError {
  const cause = causeOf(problem);
  return new UserError(`${what}${cause === undefined ? "" : `. ${cause.means}`}\n  ${problem}`, {
    fix: cause?.fix ?? `Everything the engine said: ${logFile}`,
    ...(cause?.exitCode === undefined ? {} : { exitCode: cause.exitCode }),
  });
}
