import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { errorMessage } from "../../common/errors.ts";
import { systemClock } from "../../common/poll.ts";
import type { SeenHardware, SeenInstance } from "../netboot/aws-view.ts";
import { endMarked } from "../netboot/children.ts";
import type { MachinesPlan } from "../netboot/plan.ts";
import type { MachineReport } from "../netboot/room.ts";
import type { Descriptors } from "./api/descriptors.ts";
import type { ClusterPods } from "./cluster-pods.ts";
import { Console } from "./console.ts";
import { Disk } from "./disk.ts";
import { startOf, writeImage } from "./firmware.ts";
import type { MachineFacts } from "./kernel-args.ts";
import { NodeNetwork } from "./network.ts";
import { Talos, type Ending } from "./talos.ts";

/** How long nobody answers while a machine restarts, in milliseconds: who follows it is to notice, as with a real one. */
const restartMs = 2_000;

/** What a node needs of the room it stands in. */
export interface NodeRoom {
  readonly plan: MachinesPlan;
  readonly descriptors: () => Descriptors;
  readonly pods: () => ClusterPods;
  readonly folder: string;
  /** EC2's console output of an instance. */
  readonly publishConsole: (id: string, text: Buffer) => Promise<void>;
  /** Tells EC2 that an instance has switched itself off. */
  readonly switchedOff: (id: string) => Promise<void>;
}

const diskFolder = (machineFolder: string): string => join(machineFolder, "disk");
export const hasDisk = (machineFolder: string): boolean => existsSync(diskFolder(machineFolder));

/** One instance that boots iPXE or Talos, doing what its disk and its user data say while it runs. */
export class TalosMachine {
  readonly id: string;
  readonly #room: NodeRoom;
  readonly #hardware: SeenHardware;
  readonly #userData: string | undefined;
  readonly #disk: Disk;
  readonly #console: Console;
  #instance: SeenInstance;
  #talos: Talos | undefined;
  #power: { readonly over: AbortController; readonly done: Promise<void> } | undefined;
  #problem: string | undefined;

  /** The volume of a new instance is made of its image; one that has been here before has it still. */
  constructor(room: NodeRoom, instance: SeenInstance, hardware: SeenHardware, userData: string | undefined) {
    this.id = instance.id;
    this.#room = room;
    this.#instance = instance;
    this.#hardware = hardware;
    this.#userData = userData;
    mkdirSync(join(room.folder, "logs"), { recursive: true, mode: 0o700 });
    const known = hasDisk(room.folder);
    this.#disk = new Disk(diskFolder(room.folder));
    if (!known) writeImage(hardware.image, this.#disk);
    this.#console = new Console(join(room.folder, "logs", "console.log"), (text) => room.publishConsole(this.id, text));
  }

  get powered(): boolean {
    return this.#power !== undefined;
  }

  update(instance: SeenInstance): void {
    this.#instance = instance;
  }

  powerOn(instance: SeenInstance): Promise<void> {
    this.#instance = instance;
    this.#problem = undefined;
    if (this.#power === undefined) {
      const over = new AbortController();
      this.#power = { over, done: this.#live(over.signal) };
    }
    return Promise.resolve();
  }

  /** The power is gone: everything it ran ends at once. Its disk stays. */
  async powerOff(): Promise<void> {
    const power = this.#power;
    if (power === undefined) return;
    power.over.abort(new Error("the machine was powered off"));
    endMarked(this.#room.folder);
    await power.done;
    endMarked(this.#room.folder);
    this.#power = undefined;
    await this.#console.flush();
  }

  report(): MachineReport {
    const talos = this.#talos;
    const stage = talos?.status.stage;
    return {
      id: this.id,
      powered: this.powered,
      boot: this.#problem !== undefined ? "error" : stage === "running" ? "done" : "running",
      problems: this.#problem === undefined ? [] : [this.#problem],
      sshListens: false,
      services: Object.fromEntries(talos?.services.list().map(({ id, state }) => [id, state]) ?? []),
      node: { address: this.#address, hostname: talos?.hostname ?? null, stage: stage ?? "netboot", type: talos?.configured === true ? talos.config.machine.type : null },
    };
  }

  get #address(): string {
    return this.#instance.privateAddresses[0] ?? "";
  }

  async #live(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) if ((await this.#boot(signal)) === "shutdown") break;
      this.#console.line("reboot: Power down");
      await this.#room.switchedOff(this.id);
    } catch (error) {
      if (signal.aborted) return;
      this.#problem = errorMessage(error);
      this.#console.line(`rehearsal: ${this.#problem}`);
    } finally {
      this.#talos = undefined;
    }
  }

  /** From power or restart to the next one. */
  async #boot(signal: AbortSignal): Promise<Ending> {
    const { plan, folder } = this.#room;
    const { image, subnetCidr, mac, cpus, memoryMiB } = this.#hardware;
    const [disk, console] = [this.#disk, this.#console];
    const facts = factsOf(this.id, mac);
    const network = new NodeNetwork(this.#address, plan.vpcCidr);
    const start = await startOf({ image, userData: this.#userData, facts, network, subnetCidr, disk, console, signal });
    signal.throwIfAborted();
    if (start === undefined) throw new Error("the machine found nothing to boot; its console says why");
    this.#talos = new Talos({ facts, cpus, memoryMiB, network, disk, console, folder, mark: folder, tools: plan.tools, descriptors: this.#room.descriptors(), pods: this.#room.pods() }, signal);
    const ending = await this.#talos.run(start.initramfs, start.cmdline);
    this.#talos = undefined;
    if (ending !== "shutdown") console.line("reboot: Restarting system");
    if (ending === "reboot") await systemClock.wait(restartMs, signal);
    return ending;
  }
}

/** EC2's numbers of a machine begin with ec2; the serial number is the same as the UUID. */
function factsOf(id: string, mac: string): MachineFacts {
  const hash = createHash("sha256").update(id).digest("hex");
  const uuid = `ec2${hash.slice(0, 5)}-${hash.slice(5, 9)}-${hash.slice(9, 13)}-${hash.slice(13, 17)}-${hash.slice(17, 29)}`;
  return { uuid, serial: uuid, mac };
}
