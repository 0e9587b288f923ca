import { createHash, randomUUID } from "node:crypto";
import { errorMessage } from "../../common/errors.ts";
import { poll, systemClock } from "../../common/poll.ts";
import type { Kubelet } from "../kubernetes/kubelet.ts";
import { endMarked } from "../netboot/children.ts";
import { apiIdentity, servingNames, type ApiIdentity } from "./api-identity.ts";
import { bootConfig, installTalos, startEarlyServices } from "./boot-steps.ts";
import { ControlPlane } from "./control-plane.ts";
import { controlPlaneAddresses } from "./control-planes.ts";
import { Events } from "./events.ts";
import { settleExtensionServices } from "./extension-services.ts";
import { readInitramfs, type Initramfs } from "./formats/initramfs.ts";
import { ImageStore, pauseMs } from "./image-store.ts";
import { isControlPlane, type MachineConfig } from "./machine-config.ts";
import { MachineStatus } from "./machine-status.ts";
import { NodeApi } from "./node-api.ts";
import { nodeIdentity, nodeKubelet, NodeReadiness, ownedByTalos, type KubeletPlan } from "./node-kubelet.ts";
import { Services } from "./services.ts";
import type { TalosSite } from "./site.ts";
import { validConfig } from "./validate.ts";

/** How a boot of Talos ends by itself; with kexec the next kernel starts at once. */
export type Ending = "reboot" | "kexec" | "shutdown";

/** Talos gives a boot so long (constants.BootTimeout), then starts over. */
const bootMs = 70 * 60 * 1000;

/** How long the last answers may take before a reboot, in milliseconds. */
const answerMs = 1_000;

/** One boot of Talos: from the kernel's first line until it reboots, shuts down, or the power is gone. A stand-in, but for what it runs. */
export class Talos {
  readonly site: TalosSite;
  readonly bootId = randomUUID();
  readonly events = new Events();
  readonly services: Services;
  readonly status: MachineStatus;
  readonly images: ImageStore;
  readonly #api: NodeApi;
  readonly #over: AbortController;
  readonly #started = systemClock.elapsed();
  readonly #ending = Promise.withResolvers<Ending>();
  #software: Initramfs | undefined;
  #config: MachineConfig | undefined;
  #kubelet: Kubelet | undefined;
  #readiness: NodeReadiness | undefined;
  /** The names in the API's certificate. */
  #names = "";
  controlPlane: ControlPlane | undefined;

  constructor(site: TalosSite, power: AbortSignal) {
    this.site = site;
    this.#over = new AbortController();
    power.addEventListener("abort", () => this.#over.abort(power.reason), { once: true });
    this.services = new Services(this.events, (line) => this.say(line));
    this.status = new MachineStatus(this);
    this.images = new ImageStore({ folder: site.disk.ephemeral, network: site.network, mirrors: () => this.config.machine.registries.mirrors, say: (line) => this.say(line), signal: this.signal });
    this.#api = new NodeApi(this);
  }

  /** Ends with this boot. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  get config(): MachineConfig {
    if (this.#config === undefined) throw new Error("the node has no machine config yet");
    return this.#config;
  }

  get configured(): boolean {
    return this.#config !== undefined;
  }

  get software(): Initramfs {
    if (this.#software === undefined) throw new Error("the node has not unpacked its initramfs yet");
    return this.#software;
  }

  /** The configured name, or one that stays the same for the machine. */
  get hostname(): string {
    const hash = createHash("sha256").update(this.site.facts.uuid).digest("hex");
    return this.#config?.machine.network.hostname ?? `talos-${hash.slice(0, 3)}-${hash.slice(3, 6)}`;
  }

  /** Whether its cluster takes it for ready, once it runs a kubelet. */
  get readiness(): NodeReadiness | undefined {
    return this.#readiness;
  }

  /** A line of the kernel's log, where Talos logs before and beside everything else. */
  say(line: string): void {
    const seconds = ((systemClock.elapsed() - this.#started) / 1_000).toFixed(6).padStart(12);
    for (const part of line.split("\n")) this.site.console.line(`[${seconds}] [talos] ${part}`);
  }

  /** Resolves when it reboots or shuts down; rejects with the power's end. */
  async run(initramfs: Buffer, cmdline: string): Promise<Ending> {
    try {
      const started = this.#start(initramfs, cmdline);
      started.catch((error: unknown) => {
        if (!this.signal.aborted) this.say(`boot failed: ${errorMessage(error)}`);
      });
      const over = new Promise<never>((_done, failed) => this.signal.addEventListener("abort", () => failed(this.signal.reason as Error), { once: true }));
      return await Promise.race([this.#ending.promise, over]);
    } finally {
      const lostPower = this.signal.aborted;
      this.#over.abort(new Error("the node has ended"));
      await this.#stop(lostPower ? 0 : answerMs);
    }
  }

  /** Reboots or shuts down, once all has been done that comes before. */
  end(how: Ending): void {
    this.#ending.resolve(how);
  }

  /** Ends what it runs, as it does before it reboots, shuts down or is written anew. */
  async stopServices(actorId = ""): Promise<void> {
    this.events.publish({ type: "machine.TaskEvent", value: { task: "stopAllServices", action: "START" } }, actorId);
    for (const id of ["kubelet", "etcd"]) this.services.set(id, "Stopping", "Sending SIGTERM to task");
    await this.#kubelet?.stop();
    this.#kubelet = undefined;
    await this.controlPlane?.stop();
    for (const id of ["kubelet", "etcd", "cri"]) this.services.set(id, "Finished", "Service finished successfully");
    this.events.publish({ type: "machine.TaskEvent", value: { task: "stopAllServices", action: "STOP" } }, actorId);
  }

  /** Takes another machine config into effect, as far as that is possible without a reboot. */
  async reconfigure(config: MachineConfig): Promise<void> {
    this.#config = config;
    settleExtensionServices(this.software.extensions, config, this.services);
    this.#kubelet?.configure(ownedByTalos({ config, extensions: this.software.extensions }));
    this.controlPlane?.configure();
    await this.#renewApi();
  }

  validate(text: string): Promise<MachineConfig> {
    const { folder, mark, tools } = this.site;
    return validConfig(text, { folder, mark, talosctl: tools.talosctl, signal: this.signal });
  }

  /** What a kubelet of this node is told. */
  get kubeletPlan(): KubeletPlan {
    const { network, disk, facts, cpus, memoryMiB } = this.site;
    const { version, extensions } = this.software;
    return { hostname: this.hostname, address: network.address, folder: disk.ephemeral, config: this.config, version, extensions, machineId: facts.uuid.replaceAll("-", ""), cpus, memoryMiB };
  }

  async #start(initramfs: Buffer, cmdline: string): Promise<void> {
    this.#software = readInitramfs(initramfs);
    if (this.#software === undefined) {
      this.site.console.print("Initramfs unpacking failed: invalid magic at start of compressed archive\nKernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n");
      return;
    }
    this.say(`[initramfs] booting Talos ${this.#software.version}`);
    for (const { name, version } of this.#software.extensions) this.say(`[initramfs] enabling system extension ${name} ${version}`);
    this.status.stage = "booting";
    startEarlyServices(this.services);
    this.#config = await bootConfig(this, cmdline);
    if (this.#config === undefined) return;
    if (this.site.disk.installed === undefined) await installTalos(this);
    else await this.#boot();
  }

  async #boot(): Promise<void> {
    const { config, services, software, signal } = this;
    this.say(`boot sequence: hostname ${this.hostname}, type ${config.machine.type}`);
    services.load("cri", { healthCheck: true });
    services.set("cri", "Running", "Process Process([\"/bin/containerd\" \"--address\" \"/run/containerd/containerd.sock\"]) started");
    services.check("cri", undefined);
    services.load("kubelet", { healthCheck: true });
    services.load("apid", { healthCheck: true });
    services.set("apid", "Waiting", "Waiting for api certificates");
    if (isControlPlane(config)) this.#loadControlPlane();
    settleExtensionServices(software.extensions, config, services);
    await Promise.all([this.#serveApi(), this.#runKubelet(), this.controlPlane?.run(), this.#watchBoot(signal)]);
  }

  #loadControlPlane(): void {
    const { network, disk, mark, tools, pods } = this.site;
    for (const id of ["etcd", "trustd"]) this.services.load(id, { healthCheck: true });
    this.services.set("etcd", "Waiting", 'Waiting for service "cri" to be "up"');
    this.controlPlane = new ControlPlane({
      hostname: this.hostname, address: network.address, folder: disk.ephemeral, mark, pods, tools,
      config: () => this.config,
      services: this.services,
      pull: (image) => this.images.ensure(image),
      say: (line) => this.say(line),
      signal: this.signal,
    });
  }

  async #runKubelet(): Promise<void> {
    this.services.set("kubelet", "Preparing", "Running pre state");
    await this.images.ensure(this.config.machine.kubelet.image);
    this.signal.throwIfAborted();
    const kubelet = await nodeKubelet(this.kubeletPlan);
    this.signal.throwIfAborted();
    this.#kubelet = kubelet;
    this.#readiness = new NodeReadiness(this.kubeletPlan, kubelet);
    kubelet.start();
    this.services.set("kubelet", "Running", "Started task kubelet for container kubelet");
    this.services.check("kubelet", undefined);
  }

  /** Until a worker's certificate is signed there is no API. */
  async #serveApi(): Promise<void> {
    let identity: ApiIdentity | undefined;
    for (let failures = 1; identity === undefined; failures++) {
      try {
        identity = await this.#identity();
      } catch (error) {
        this.say(errorMessage(error));
        await systemClock.wait(pauseMs(failures), this.signal);
      }
    }
    await this.#api.start(identity);
  }

  /** Another certificate for other names. A worker whose control plane does not answer now keeps the one that it has. */
  async #renewApi(): Promise<void> {
    if (this.#names === this.#servingNames()) return;
    await this.#identity().then(
      (identity) => this.#api.renew(identity),
      (error: unknown) => this.say(errorMessage(error)),
    );
  }

  async #identity(): Promise<ApiIdentity> {
    const { config, hostname } = this;
    const { network, descriptors } = this.site;
    const names = this.#servingNames();
    const moreControlPlanes = async (): Promise<readonly string[]> => controlPlaneAddresses(config, await nodeIdentity(this.kubeletPlan, this.signal));
    const identity = await apiIdentity({ config, hostname, network, descriptors, moreControlPlanes });
    this.#names = names;
    return identity;
  }

  #servingNames(): string {
    return servingNames({ config: this.config, hostname: this.hostname, network: this.site.network }).join(" ");
  }

  /** The boot is over when every service is up. */
  async #watchBoot(signal: AbortSignal): Promise<void> {
    const waiting = (): string[] => this.services.list().filter(({ up }) => !up).map(({ id }) => id);
    try {
      await poll(() => Promise.resolve(waiting().length === 0 ? { done: true, value: true } : { done: false, reason: `waiting for services: ${waiting().join(", ")}` }), { timeoutMs: bootMs, intervalMs: 100, signal });
      this.status.stage = "running";
      this.say("boot sequence: done");
      await this.status.watch(signal);
    } catch (error) {
      signal.throwIfAborted();
      this.say(`boot sequence: failed: ${errorMessage(error)}; rebooting`);
      this.end("reboot");
    }
  }

  async #stop(patienceMs: number): Promise<void> {
    await this.#api.stop(patienceMs);
    this.#readiness?.close();
    await this.#kubelet?.stop();
    await this.controlPlane?.stop();
    endMarked(this.site.mark);
  }
}
