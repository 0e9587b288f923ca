import { errorMessage } from "../../common/errors.ts";
import type { Partition } from "./disk.ts";
import type { TalosImageFiles } from "./installer.ts";
import type { Stage } from "./machine-status.ts";
import type { Ending, Talos } from "./talos.ts";

interface Sequence {
  readonly name: "reboot" | "shutdown" | "reset" | "upgrade";
  readonly stage: Stage;
  readonly actorId: string;
  /** What is done before anything is stopped. */
  readonly before?: () => Promise<void>;
  /** What is done when nothing runs any more. */
  readonly after?: () => void;
  readonly ending: Ending;
}

/** Runs to its end beside the answer that was given. One that fails leaves the node running. */
function start(node: Talos, { name, stage, actorId, before, after, ending }: Sequence): void {
  if (node.status.stage !== "booting" && node.status.stage !== "running") {
    node.say(`${name} sequence: not started: the node is ${node.status.stage}`);
    return;
  }
  const returnsTo = node.status.stage;
  const run = async (): Promise<void> => {
    node.status.stage = stage;
    node.events.publish({ type: "machine.SequenceEvent", value: { sequence: name, action: "START" } }, actorId);
    node.say(`${name} sequence: started`);
    try {
      await before?.();
      await node.stopServices(actorId);
      after?.();
    } catch (error) {
      const message = errorMessage(error);
      node.say(`${name} sequence: failed: ${message}`);
      node.events.publish({ type: "machine.SequenceEvent", value: { sequence: name, action: "NOOP", error: { code: "FATAL", message } } }, actorId);
      node.status.stage = returnsTo;
      return;
    }
    node.events.publish({ type: "machine.SequenceEvent", value: { sequence: name, action: "STOP" } }, actorId);
    node.say(`${name} sequence: done`);
    node.end(ending);
  };
  run().catch((error: unknown) => node.say(`${name} sequence: ${errorMessage(error)}`));
}

export const rebootNode = (node: Talos, actorId: string): void => start(node, { name: "reboot", stage: "rebooting", actorId, ending: "reboot" });
export const shutDownNode = (node: Talos, actorId: string): void => start(node, { name: "shutdown", stage: "shutting down", actorId, ending: "shutdown" });

export interface ResetOrder {
  readonly graceful: boolean;
  readonly reboot: boolean;
  /** Undefined: the whole system disk. */
  readonly partitions: readonly Partition[] | undefined;
}

/** Leaves etcd where it is a member and `graceful`, then wipes. The only member cannot leave, so that such a reset fails, as in Talos. */
export function resetNode(node: Talos, actorId: string, { graceful, reboot, partitions }: ResetOrder): void {
  start(node, {
    name: "reset",
    stage: "resetting",
    actorId,
    before: async () => {
      if (graceful && node.services.get("etcd")?.state === "Running") await node.controlPlane?.leave();
    },
    after: () => (partitions === undefined ? node.site.disk.wipeAll() : node.site.disk.wipe(partitions)),
    ending: reboot ? "reboot" : "shutdown",
  });
}

export const upgradeNode = (node: Talos, actorId: string, files: TalosImageFiles): void =>
  start(node, { name: "upgrade", stage: "upgrading", actorId, after: () => node.site.disk.install(files), ending: "reboot" });
