import type { MachinesPlan } from "../netboot/plan.ts";
import type { Descriptors } from "./api/descriptors.ts";
import type { ClusterPods } from "./cluster-pods.ts";
import type { Console } from "./console.ts";
import type { Disk } from "./disk.ts";
import type { MachineFacts } from "./kernel-args.ts";
import type { NodeNetwork } from "./network.ts";

/** The machine that Talos runs on, and what the rehearsal lends it. */
export interface TalosSite {
  readonly facts: MachineFacts;
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly network: NodeNetwork;
  readonly disk: Disk;
  readonly console: Console;
  /** Everything of this machine is in it. */
  readonly folder: string;
  /** The mark of the machine's processes (netboot/children.ts). */
  readonly mark: string;
  readonly tools: MachinesPlan["tools"];
  readonly descriptors: Descriptors;
  readonly pods: ClusterPods;
}
