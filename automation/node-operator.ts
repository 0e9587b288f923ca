import { delimiter, dirname } from "node:path";
import { ensureTool } from "../toolchain/toolchain.ts";
import type { EngineSettings } from "./engine.ts";
import { ensureForward } from "./forward/forward.ts";
import type { Session } from "./session.ts";

/** The programs that operate nodes, and where the operator's shell and the engine find them. */
const operatorTools = ["talosctl", "kubectl"] as const;

/** Makes the programs that operate nodes, and the way to the nodes, ready for what the engine will run. */
export async function nodeOperator(session: Session, settings: EngineSettings): Promise<EngineSettings> {
  const folders = await operatorFolders(session);
  await ensureForward(session);
  const path = [...folders, settings.variables["PATH"] ?? ""].join(delimiter);
  return { ...settings, variables: { ...settings.variables, PATH: path } };
}

/** Folders of the programs, in the order of `operatorTools`, built where the cache does not have them. */
export async function operatorFolders({ console, signal }: Session): Promise<string[]> {
  const folders: string[] = [];
  for (const name of operatorTools) {
    const { path } = await console.during(name, () => ensureTool(name, { progress: (line) => console.say("wait", line), signal }));
    folders.push(dirname(path));
  }
  return folders;
}
