import { ensureTool, type ToolName } from "../toolchain/toolchain.ts";
import "./moto-tool.ts";
import "./pulumi-tool.ts";

/** Every program that a whole world needs is there before its tests begin: building one takes longer than a test may. */
const machineTools: readonly ToolName[] = ["matchbox", "registry", "crane", "talosctl", "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok"];
for (const name of machineTools) await ensureTool(name, { progress: (line) => process.stderr.write(`${line}\n`) });
