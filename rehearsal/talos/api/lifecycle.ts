import { randomUUID } from "node:crypto";
import { errorMessage } from "../../../common/errors.ts";
import { partitions, type Partition } from "../disk.ts";
import { readInitramfs } from "../formats/initramfs.ts";
import { efiProblem } from "../formats/pe.ts";
import { installerFiles, type TalosImageFiles } from "../installer.ts";
import { rebootNode, resetNode, shutDownNode, upgradeNode } from "../lifecycle.ts";
import { isControlPlane } from "../machine-config.ts";
import { pull } from "../pulls.ts";
import type { Talos } from "../talos.ts";
import type { Calls } from "./calls.ts";

interface ResetRequest {
  readonly graceful: boolean;
  readonly reboot: boolean;
  readonly system_partitions_to_wipe: readonly { readonly label: string; readonly wipe: boolean }[];
  readonly user_disks_to_wipe: readonly string[];
}

/** What ends a boot of the node: each is answered at once, and done beside it. */
export function lifecycleCalls(node: Talos): Calls {
  return {
    unary: {
      "/machine.MachineService/Reboot": () => begun((actor) => rebootNode(node, actor)),
      "/machine.MachineService/Shutdown": () => begun((actor) => shutDownNode(node, actor)),
      "/machine.MachineService/Reset": (request) => {
        const { graceful, reboot, system_partitions_to_wipe: labels, user_disks_to_wipe: disks } = request as unknown as ResetRequest;
        const [disk] = disks;
        if (disk !== undefined) throw new Error(`reset user disk failed: device ${disk} wasn't found`);
        const wiped = labels.filter(({ wipe }) => wipe).map(({ label }) => partition(label));
        return begun((actor) => resetNode(node, actor, { graceful, reboot, partitions: labels.length === 0 ? undefined : wiped }));
      },
      "/machine.MachineService/Upgrade": async ({ image, force }) => {
        const files = await validInstaller(node, String(image));
        if (isControlPlane(node.config) && force !== true) {
          const problem = await node.controlPlane?.member.etcdHealthy();
          if (problem !== undefined) throw new Error(`error validating etcd for upgrade: ${problem}`);
        }
        return { ack: "Upgrade request received", ...begun((actor) => upgradeNode(node, actor, files)) };
      },
    },
    streaming: {},
  };
}

function begun(start: (actorId: string) => void): { readonly actor_id: string } {
  const actor = randomUUID();
  start(actor);
  return { actor_id: actor };
}

function partition(label: string): Partition {
  const found = partitions.find((name) => name === label);
  if (found === undefined) throw new Error(`failed to get volume status with label "${label}": the rehearsal's nodes have ${partitions.join(" and ")}`);
  return found;
}

/** Pulls it and looks into it: what could not boot is refused before anything is stopped. */
async function validInstaller(node: Talos, image: string): Promise<TalosImageFiles> {
  try {
    const files = installerFiles(image, await pull(image, node.config.machine.registries.mirrors, node.site.network, node.signal));
    const problem = efiProblem(files.vmlinuz) ?? (readInitramfs(files.initramfs) === undefined ? "its initramfs cannot be unpacked" : undefined);
    if (problem !== undefined) throw new Error(problem);
    return files;
  } catch (error) {
    throw new Error(`error validating installer image "${image}": ${errorMessage(error)}`, { cause: error });
  }
}
