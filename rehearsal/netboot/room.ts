import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { errorMessage } from "../../common/errors.ts";
import { Descriptors } from "../talos/api/descriptors.ts";
import { ClusterPods } from "../talos/cluster-pods.ts";
import { isNodeImage } from "../talos/firmware.ts";
import { hasDisk, TalosMachine } from "../talos/machine.ts";
import { AwsView, type SeenHardware, type SeenInstance } from "./aws-view.ts";
import { cloudConfigText } from "./cloud-config.ts";
import { endMarked } from "./children.ts";
import { publishConsole } from "./console-output.ts";
import { writeGuestProgram } from "./guest-programs.ts";
import type { Internet } from "./internet/internet.ts";
import { Machine } from "./machine.ts";
import type { MachinesPlan } from "./plan.ts";
import { machinesPath } from "./room-folder.ts";

/** What the room shows of a machine. */
export interface MachineReport {
  readonly id: string;
  readonly powered: boolean;
  readonly boot: "running" | "done" | "error";
  readonly problems: readonly string[];
  readonly sshListens: boolean;
  readonly services: Readonly<Record<string, string>>;
  /** Of a machine that boots iPXE or Talos. */
  readonly node?: { readonly address: string; readonly hostname: string | null; readonly stage: string; readonly type: string | null } | undefined;
}

/** All machines of one environment, kept as AWS says its instances are. */
export class Room {
  readonly #plan: MachinesPlan;
  readonly #internet: Internet;
  readonly #aws: AwsView;
  readonly #socket: string;
  readonly #folder: string;
  readonly #guestProgram: string;
  readonly #machines = new Map<string, Machine | TalosMachine>();
  /** Instances whose image and user data nobody here knows: neither can change while they run. */
  readonly #notOurs = new Set<string>();
  #descriptors: Descriptors | undefined;
  #pods: ClusterPods | undefined;
  readonly #log: (line: string) => void;

  constructor(plan: MachinesPlan, internet: Internet, socket: string, log: (line: string) => void) {
    this.#plan = plan;
    this.#internet = internet;
    this.#aws = new AwsView(plan);
    this.#socket = socket;
    this.#log = log;
    this.#folder = machinesPath(plan.runData);
    clearLeftovers(this.#folder);
    this.#guestProgram = writeGuestProgram(this.#folder);
  }

  machine(id: string): Machine | undefined {
    const machine = this.#machines.get(id);
    return machine instanceof Machine ? machine : undefined;
  }

  reports(): MachineReport[] {
    return [...this.#machines.values()].map((machine) => {
      if (machine instanceof TalosMachine) return machine.report();
      const { id, powered, boot, ssh, docker } = machine;
      return {
        id,
        powered,
        boot: boot.status,
        problems: boot.problems,
        sshListens: ssh.listens,
        services: Object.fromEntries(docker.containers.map(({ spec, state }) => [spec.name, state])),
      };
    });
  }

  /** Asks AWS once, and makes the machines what it says. */
  async reconcile(signal: AbortSignal): Promise<void> {
    const instances = await this.#aws.instances(signal);
    this.#forgetOthers(instances.filter(({ state }) => state !== "terminated").map(({ id }) => id));
    const running = instances.filter(({ state }) => state === "running");
    // First what ends: a new instance may have the address of the one that it replaces.
    const ending = [...this.#machines.values()].filter((machine) => !running.some(({ id }) => id === machine.id));
    await Promise.all(
      ending.map(async (machine) => {
        const state = instances.find(({ id }) => id === machine.id)?.state ?? "terminated";
        await this.#powerOff(machine, state);
        if (state === "terminated") this.#forget(machine);
      }),
    );
    for (const instance of running) await this.#keepRunning(instance, signal);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#machines.values()].map((machine) => machine.powerOff()));
    await this.#pods?.stop();
    this.#aws.close();
    endMarked(this.#folder);
  }

  async #keepRunning(instance: SeenInstance, signal: AbortSignal): Promise<void> {
    const { id } = instance;
    const known = this.#machines.get(id);
    if (known?.powered === true) known.update(instance);
    else if (known !== undefined) {
      this.#log(`${id} runs again`);
      await known.powerOn(instance);
    } else if (!this.#notOurs.has(id)) {
      const [userData, hardware] = [await this.#aws.userData(id, signal), await this.#aws.hardware(id, signal)];
      const config = userData === undefined ? undefined : cloudConfigText(userData);
      if (isNodeImage(hardware.image)) await this.#beginNode(instance, hardware, userData);
      else if (config === undefined) this.#notOurs.add(id);
      else this.#begin(instance, config);
    }
  }

  /** A machine that boots iPXE or Talos: it does what its disk and its user data say. */
  async #beginNode(instance: SeenInstance, hardware: SeenHardware, userData: string | undefined): Promise<void> {
    const { id } = instance;
    this.#log(`${id} runs: it boots ${hardware.image.name}`);
    const { tools } = this.#plan;
    const [folder, mark] = [this.#folder, this.#folder];
    const machine = new TalosMachine(
      {
        plan: this.#plan,
        descriptors: () => (this.#descriptors ??= new Descriptors(tools.talosApi)),
        pods: () => (this.#pods ??= new ClusterPods({ folder, mark, program: tools.kwok, log: this.#log })),
        folder: join(folder, id),
        publishConsole: (instanceId, text) => publishConsole(this.#plan.endpoint, instanceId, text),
        switchedOff: (instanceId) => this.#aws.switchedOff(instanceId),
      },
      instance,
      hardware,
      userData,
    );
    this.#machines.set(id, machine);
    await machine.powerOn(instance);
  }

  #begin(instance: SeenInstance, config: string): void {
    const { id } = instance;
    this.#log(`${id} runs: it boots`);
    const machine = new Machine(
      {
        plan: this.#plan,
        internet: this.#internet,
        admits: (instanceId, source) => this.#aws.admits(instanceId, source, 22),
        folder: join(this.#folder, id),
        guestProgram: this.#guestProgram,
        socket: this.#socket,
      },
      instance,
    );
    this.#machines.set(id, machine);
    machine.firstBoot(config);
    void machine.boot.ended.then(() => this.#log(`${id} has booted: ${machine.boot.status}${machine.boot.problems.map((problem) => `; ${problem}`).join("")}`));
  }

  async #powerOff(machine: Machine | TalosMachine, state: string): Promise<void> {
    if (!machine.powered) return;
    this.#log(`${machine.id} is ${state}: everything on it ends`);
    await machine.powerOff().catch((error: unknown) => this.#log(`${machine.id}: ${errorMessage(error)}`));
  }

  /** Disks of instances that are no more: of an earlier world, or ended while no room was there. */
  #forgetOthers(ids: readonly string[]): void {
    for (const name of readdirSync(this.#folder)) if (name.startsWith("i-") && !this.#machines.has(name) && !ids.includes(name)) rmSync(join(this.#folder, name), { recursive: true, force: true });
  }

  #forget(machine: Machine | TalosMachine): void {
    this.#machines.delete(machine.id);
    rmSync(join(this.#folder, machine.id), { recursive: true, force: true });
  }
}

/**
 * Whatever an earlier room left behind when it was killed: its processes, then its machines. Nodes keep their disks, as when the
 * power fails; a bastion is made by its user data alone.
 */
function clearLeftovers(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  endMarked(folder);
  for (const name of readdirSync(folder)) if (/^(?:i|cluster)-/.test(name) && !hasDisk(join(folder, name))) rmSync(join(folder, name), { recursive: true, force: true });
}
