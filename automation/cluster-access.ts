import { join } from "node:path";
import { forwardUrl } from "../stacks/config.ts";
import { stages } from "../stacks/registry.ts";
import type { StageName } from "../stacks/outputs.ts";
import { clusterSources } from "../worlds/cluster-source.ts";
import { engineSettings } from "./engine-settings.ts";
import { ensureForward } from "./forward/forward.ts";
import { operatorFolders } from "./node-operator.ts";
import type { Session } from "./session.ts";
import { findStage } from "./stage-run.ts";

/** What a stage handed on as text; nothing where it was not built. A secret. */
export async function readOutput(session: Session, name: StageName, output: string): Promise<string | undefined> {
  const stage = stages.find((one) => one.name === name);
  const stack = stage && (await findStage(stage, session, await engineSettings(session)));
  const value = (await stack?.outputs())?.[output];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The sources that lead to the cluster, as this session's environment has it. */
export function clusterOf(session: Session): ReturnType<typeof clusterSources> {
  const { environment, world } = session;
  return clusterSources({
    talosconfig: () => readOutput(session, "nodes", "talosconfig"),
    kubeconfig: () => readOutput(session, "cluster", "kubeconfig"),
    bastion: world.sources.bastion,
    talosctl: async () => {
      const [folder = ""] = await operatorFolders(session);
      await ensureForward(session);
      return join(folder, "talosctl");
    },
    proxyUrl: forwardUrl(environment),
    ...world.nodes,
  });
}
