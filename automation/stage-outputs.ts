import type { StageName } from "../stacks/outputs.ts";
import { stages } from "../stacks/registry.ts";
import { engineSettings } from "./engine-settings.ts";
import type { Session } from "./session.ts";
import { findStage } from "./stage-run.ts";

/** What a stage handed on as text, by name; nothing that it did not. Secrets in clear. */
export async function readOutputs<Name extends string>(session: Session, stageName: StageName, names: readonly Name[]): Promise<Partial<Record<Name, string>>> {
  const stage = stages.find(({ name }) => name === stageName);
  const stack = stage && (await findStage(stage, session, await engineSettings(session)));
  const outputs = (await stack?.outputs()) ?? {};
  const texts = names.flatMap((name) => (typeof outputs[name] === "string" && outputs[name] !== "" ? [[name, outputs[name]]] : []));
  return Object.fromEntries(texts) as Partial<Record<Name, string>>;
}
