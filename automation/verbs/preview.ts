import { ExitCode } from "../../common/errors.ts";
import type { GateResult } from "../../gates/gate.ts";
import { stages } from "../../stacks/registry.ts";
import { describeChange, summarizeChanges } from "../describe.ts";
import type { EngineSettings } from "../engine.ts";
import { engineSettings } from "../engine-settings.ts";
import { confirmAccount, startWorld } from "../preflight.ts";
import type { Session } from "../session.ts";
import { provePlan } from "../plan-gate.ts";
import { findStage, openStage } from "../stage-run.ts";
import { indexOf } from "./up.ts";

export interface PreviewOptions {
  /** The only stage to look at; all by default. */
  readonly stage?: string;
}

/** Shows what `up` would change in each stage, seen from what really exists now. Leaves no stack behind that was not there. */
export async function preview(session: Session, options: PreviewOptions): Promise<ExitCode> {
  const chosen = options.stage === undefined ? stages : stages.slice(indexOf(options.stage, stages)).slice(0, 1);
  const { console, scratch } = session;
  if (scratch !== undefined) return (await import("./preview-offline.ts")).previewOffline(session, scratch, chosen);
  await startWorld(session);
  await confirmAccount(session);
  const settings = await engineSettings(session);
  const red: GateResult[] = [];
  const unseen: string[] = [];
  for (const stage of chosen) {
    console.say("start", `preview of stage ${stage.name}`);
    await console.during(`preview of stage ${stage.name}`, async () => {
      const existing = await findStage(stage, session, settings);
      const waitsFor = existing === undefined ? await absent(stage.needs, session, settings) : [];
      if (waitsFor.length > 0) {
        unseen.push(stage.name);
        console.result(`${stage.name}: cannot be seen before ${waitsFor.join(" and ")} is up`);
        console.emit({ kind: "preview", stage: stage.name, waitsFor });
        return;
      }
      const stack = existing ?? (await openStage(stage, session, settings));
      try {
        const { changes, warnings, planned } = await stack.preview();
        for (const warning of warnings) console.say("warn", warning);
        console.result(`${stage.name}: ${summarizeChanges(changes)}`);
        for (const change of changes) console.result(`  ${describeChange(change)}`);
        console.emit({ kind: "preview", stage: stage.name, changes });
        red.push(...(await provePlan(stage, session, planned)));
      } finally {
        if (existing === undefined) await stack.remove();
      }
    });
  }
  if (unseen.length > 0) console.say("wait", `\`npm run preview -- ${session.environment.name} --offline\` plans every stage, of what is not up too`);
  return red.length > 0 ? ExitCode.gateRed : ExitCode.done;
}

/** Those of the named stages that are not up. */
async function absent(names: readonly string[], session: Session, settings: EngineSettings): Promise<string[]> {
  const missing: string[] = [];
  for (const stage of stages.filter(({ name }) => names.includes(name))) {
    if ((await findStage(stage, session, settings)) === undefined) missing.push(stage.name);
  }
  return missing;
}
