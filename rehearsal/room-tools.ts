import { ensureTool, keptFile, type ToolName, type ToolchainOptions } from "../toolchain/toolchain.ts";
import type { MachinesPlan } from "./netboot/plan.ts";

/** The real programs that machines run, each built first where it is missing. */
export async function roomTools(options: ToolchainOptions): Promise<MachinesPlan["tools"]> {
  const path = async (tool: ToolName): Promise<string> => (await ensureTool(tool, options)).path;
  const talosctl = await ensureTool("talosctl", options);
  return {
    matchbox: await path("matchbox"),
    registry: await path("registry"),
    crane: await path("crane"),
    python: await path("moto"),
    talosctl: talosctl.path,
    talosApi: keptFile(talosctl, "api.descriptors"),
    etcd: await path("etcd"),
    kubeApiserver: await path("kube-apiserver"),
    kubeControllerManager: await path("kube-controller-manager"),
    kubeScheduler: await path("kube-scheduler"),
    kwok: await path("kwok"),
  };
}
