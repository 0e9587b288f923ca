import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { errorMessage } from "../../common/errors.ts";
import { AwsView, type SeenInstance } from "./aws-view.ts";
import { cloudConfigText } from "./cloud-config.ts";
import { endMarked } from "./children.ts";
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
}

/** All machines of one environment, kept as AWS says its instances are. */
export class Room {
  readonly #plan: MachinesPlan;
  readonly #internet: Internet;
  readonly #aws: AwsView;
  readonly #socket: string;
  readonly #folder: string;
  readonly #guestProgram: string;
  readonly #machines = new Map<string, Machine>();
  /** User data that is no cloud-config, by instance: user data of a running instance cannot change. */
  readonly #notOurs = new Set<string>();
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
    return this.#machines.get(id);
  }

  reports(): MachineReport[] {
    return [...this.#machines.values()].map(({ id, powered, boot, ssh, docker }) => ({
      id,
      powered,
      boot: boot.status,
      problems: boot.problems,
      sshListens: ssh.listens,
      services: Object.fromEntries(docker.containers.map(({ spec, state }) => [spec.name, state])),
    }));
  }

  /** Asks AWS once, and makes the machines what it says. */
  async reconcile(signal: AbortSignal): Promise<void> {
    const instances = await this.#aws.instances(signal);
    const running = instances.filter(({ state }) => state === "running");
    // First what ends: a new instance may have the address of the one that it replaces.
    for (const machine of [...this.#machines.values()]) {
      if (running.some(({ id }) => id === machine.id)) continue;
      const state = instances.find(({ id }) => id === machine.id)?.state ?? "terminated";
      await this.#powerOff(machine, state);
      if (state === "terminated") this.#forget(machine);
    }
    for (const instance of running) await this.#keepRunning(instance, signal);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#machines.values()].map((machine) => machine.powerOff()));
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
      const userData = await this.#aws.userData(id, signal);
      const config = userData === undefined ? undefined : cloudConfigText(userData);
      if (config === undefined) this.#notOurs.add(id);
      else this.#begin(instance, config);
    }
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

  async #powerOff(machine: Machine, state: string): Promise<void> {
    if (!machine.powered) return;
    this.#log(`${machine.id} is ${state}: everything on it ends`);
    await machine.powerOff().catch((error: unknown) => this.#log(`${machine.id}: ${errorMessage(error)}`));
  }

  #forget(machine: Machine): void {
    this.#machines.delete(machine.id);
    rmSync(join(this.#folder, machine.id), { recursive: true, force: true });
  }
}

/** Whatever an earlier room left behind when it was killed: its processes, then its machines. */
function clearLeftovers(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  endMarked(folder);
  for (const name of readdirSync(folder)) if (name.startsWith("i-")) rmSync(join(folder, name), { recursive: true, force: true });
}
