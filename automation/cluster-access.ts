import { join } from "node:path";
import { forwardUrl } from "../stacks/config.ts";
import { clusterSources } from "../worlds/cluster-source.ts";
import { ensureForward } from "./forward/forward.ts";
import { operatorFolders } from "./node-operator.ts";
import type { Session } from "./session.ts";
import { readOutputs } from "./stage-outputs.ts";

/** The operator's access to Talos; nothing where stage nodes was not built. A secret. */
export const readTalosconfig = async (session: Session): Promise<string | undefined> => (await readOutputs(session, "nodes", ["talosconfig"])).talosconfig;

/** The operator's access to Kubernetes; nothing where stage cluster was not built. A secret. */
export const readKubeconfig = async (session: Session): Promise<string | undefined> => (await readOutputs(session, "cluster", ["kubeconfig"])).kubeconfig;

/** The sources that lead to the cluster, as this session's environment has it. */
export function clusterOf(session: Session): ReturnType<typeof clusterSources> {
  const { environment, world } = session;
  return clusterSources({
    talosconfig: () => readTalosconfig(session),
    kubeconfig: () => readKubeconfig(session),
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
