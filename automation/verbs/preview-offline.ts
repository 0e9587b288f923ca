import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ExitCode } from "../../common/errors.ts";
import { sideBySide } from "../../common/side-by-side.ts";
import type { GateResult } from "../../gates/gate.ts";
import { stages } from "../../stacks/registry.ts";
import type { Stage } from "../../stacks/stage.ts";
import { composedProgram } from "../../stacks/suppliers.ts";
import { StageStack } from "../engine.ts";
import type { DeclaredResource } from "../engine-events.ts";
import { engineSettings } from "../engine-settings.ts";
import { byStage, planEvent, planLines } from "../plan-text.ts";
import { provePlan } from "../plan-gate.ts";
import type { Scratch } from "../scratch.ts";
import type { Session } from "../session.ts";

/**
 * Shows and judges the plan of an environment of which nothing exists, whether or not something does: all stages in one program,
 * on the real engine, against a throw-away emulator that nothing is written to.
 * @param chosen the stages to show; all are planned
 */
export async function previewOffline(session: Session, scratch: Scratch, chosen: readonly Stage[]): Promise<ExitCode> {
  const { console, environment, world, signal } = session;
  try {
    console.say("start", `the plan of ${environment.name}, offline: ${stages.map(({ name }) => name).join(" → ")}`);
    const [settings] = await sideBySide(
      signal,
      (either) => engineSettings(session, either),
      (either) => console.during(world.description, () => world.start({ progress: (line) => console.say("wait", line), signal: either })),
    );
    const { planned, warnings } = await console.during("the plan of all stages", async () => {
      const stack = await StageStack.open(environment.name, composedProgram(environment), settings);
      signal.throwIfAborted();
      return stack.preview();
    });
    // Half a plan looks like a whole one.
    signal.throwIfAborted();
    for (const warning of warnings) console.say("warn", warning);
    const reads = onlyReads(readFileSync(join(session.directories.logs, "aws-requests.ndjson"), "utf8"));
    const code = await showPlan(session, planned, chosen);
    console.emit({ kind: "offline", reads, writes: 0 });
    console.say("good", `planned against ${world.description}: ${reads} read calls and no write call reached it, and nothing is kept`);
    return code;
  } catch (error) {
    if (!signal.aborted) {
      scratch.keepLogs();
      console.say("wait", `kept: the logs of engine and emulator, in ${session.directories.logs}`);
    }
    throw error;
  } finally {
    await world.stop();
  }
}

/** Prints what each of the stages declares, and judges it. */
export async function showPlan(session: Session, planned: readonly DeclaredResource[], chosen: readonly Stage[]): Promise<ExitCode> {
  const { console, environment } = session;
  const declared = byStage(planned, stages.map(({ name }) => name));
  const red: GateResult[] = [];
  const images: unknown[] = [];
  for (const stage of chosen) {
    console.say("start", `plan of stage ${stage.name}`);
    const resources = declared.get(stage.name) ?? [];
    const plan = { stage: stage.name, resources, files: (await stage.files?.(environment)) ?? [] };
    for (const line of planLines(plan)) console.result(line);
    console.emit(planEvent(plan));
    red.push(...(await provePlan(stage, session, resources)));
    images.push(...resources.flatMap(({ inputs }) => inputs["imageId"] ?? []));
  }
  if (images.length > 0) console.say("wait", `image ids are the emulator's, ${[...new Set(images)].join(", ")}: AWS has others`);
  return red.length > 0 ? ExitCode.gateRed : ExitCode.done;
}

/**
 * How many read calls a request log holds, a request a line.
 * @throws Error for a write, which is whatever does not say that it is a read
 */
export function onlyReads(log: string): number {
  const calls = log.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as { service: string; action: string; write?: unknown });
  const writes = calls.filter(({ write }) => write !== false).map(({ service, action }) => `${service}:${action}`);
  if (writes.length > 0) throw new Error(`a plan must not write, and this one called ${writes.join(", ")}`);
  return calls.length;
}
