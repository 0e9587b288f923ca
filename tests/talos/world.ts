// A world for nodes: an emulator and a machine room of their own, the real matchbox with data of the test's own, mirrors that
// keep what they were asked, and the real talosctl.

import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as ec2 from "@aws-sdk/client-ec2";
import { execa } from "execa";
import { stringify } from "yaml";
import { stopDaemon, type Daemon } from "../../common/daemon.ts";
import { poll } from "../../common/poll.ts";
import { markedProcesses } from "../../rehearsal/netboot/children.ts";
import { machines } from "../../rehearsal/netboot/control.ts";
import { internetHosts } from "../../rehearsal/netboot/internet/hosts.ts";
import { seededImages } from "../../rehearsal/netboot/internet/images.ts";
import { registryHandler } from "../../rehearsal/netboot/internet/registry.ts";
import { talosFiles, talosVariants, type TalosFiles, type TalosVariant } from "../../rehearsal/netboot/internet/talos-files.ts";
import { clearRoom } from "../netboot/room-leftovers.ts";
import { machinesFolder, machinesPath } from "../../rehearsal/netboot/room-folder.ts";
import type { MachineReport } from "../../rehearsal/netboot/room.ts";
import { startMachines, type MachinesPlan } from "../../rehearsal/netboot/start.ts";
import { roomTools } from "../../rehearsal/room-tools.ts";
import { Aws, credentials, ipxe, region } from "../emulator/aws.ts";
import { startEmulator, type Emulator } from "../emulator/start.ts";

export const tools = await roomTools({ progress: (line) => void process.stderr.write(`${line}\n`) });

export const vpcCidr = "10.78.0.0/16";
const subnetCidr = "10.78.0.0/24";
export const bastion = "10.78.0.100";
const endpoint = "https://10.78.0.11:6443";
/** Made once: an RSA key of 4096 bits takes seconds. */
let secrets: string | undefined;
const at = (address: string): string => `127.${address.slice(3)}`;

/** One question that a mirror was asked. */
interface Asked {
  readonly registry: string;
  readonly from: string;
  readonly url: string;
}

export interface Ran {
  readonly code: number;
  /** Standard output and error together. */
  readonly text: string;
}

/** What a node is launched and configured as. */
export interface NodeOptions {
  readonly name: string;
  readonly address: string;
  readonly type?: "controlplane" | "worker";
  readonly variant?: TalosVariant;
  /** Merged into the generated machine config, as talosctl merges patches. */
  readonly patch?: object;
  /** More documents of the machine config. */
  readonly documents?: readonly object[];
  readonly image?: string;
  readonly userData?: string;
}

export class TalosWorld {
  readonly emulator: Emulator;
  readonly aws: Aws;
  readonly folder = mkdtempSync(join(tmpdir(), "moonback-talos-"));
  readonly asked: Asked[] = [];
  readonly #mirrors: Server[] = [];
  #matchbox: ChildProcess | undefined;
  #matchboxLog = "";
  #daemon: Daemon | undefined;
  #subnet = "";
  readonly #macs = new Map<string, string>();
  readonly #interfaces = new Map<string, string>();

  private constructor(emulator: Emulator) {
    this.emulator = emulator;
    this.aws = new Aws(emulator.endpoint);
  }

  static async make(): Promise<TalosWorld> {
    const world = new TalosWorld(await startEmulator());
    try {
      await world.#start();
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  get runData(): string {
    return join(this.folder, "run data");
  }

  get machinesFolder(): string {
    return machinesFolder(this.runData);
  }

  get matchboxLog(): string {
    return this.#matchboxLog;
  }

  get plan(): MachinesPlan {
    const { endpoint, epoch } = this.emulator;
    const owner = resolve(import.meta.dirname, "../..");
    return { environment: "test", vpcCidr, runData: this.runData, owner, endpoint, region, credentials, tools, epoch, logFile: join(this.folder, "machines.log") };
  }

  async #start(): Promise<void> {
    const made = await this.aws.ec2.send(new ec2.CreateVpcCommand({ CidrBlock: vpcCidr }));
    const subnet = await this.aws.ec2.send(new ec2.CreateSubnetCommand({ VpcId: made.Vpc!.VpcId!, CidrBlock: subnetCidr, AvailabilityZone: `${region}a` }));
    this.#subnet = subnet.Subnet!.SubnetId!;
    for (const folder of ["profiles", "groups", "generic", "ignition", "cloud"]) mkdirSync(join(this.data, folder), { recursive: true });
    for (const variant of talosVariants) this.assets(variant, talosFiles(variant));
    for (const [index, { registry }] of internetHosts.entries()) await this.#mirror(registry, 5050 + index);
    this.#daemon = await startMachines(this.plan);
  }

  /** The machine room dies at once, and another one begins. */
  async restartRoom(): Promise<void> {
    process.kill(this.#daemon!.pid, "SIGKILL");
    await until("nothing that it started is left", () => markedProcesses(machinesPath(this.runData)).length === 0);
    this.#daemon = await startMachines(this.plan);
  }

  async stop(): Promise<void> {
    this.stopMatchbox();
    if (this.#daemon !== undefined) await stopDaemon(this.#daemon, 20_000);
    for (const mirror of this.#mirrors) mirror.close();
    this.aws.destroy();
    await this.emulator.stop();
    clearRoom(this.runData);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** matchbox's data. */
  get data(): string {
    return join(this.folder, "matchbox");
  }

  assets(name: string, { vmlinuz, initramfs }: TalosFiles): void {
    const folder = join(this.folder, "assets", "talos", name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "vmlinuz"), vmlinuz);
    writeFileSync(join(folder, "initramfs.xz"), initramfs);
  }

  async startMatchbox(): Promise<void> {
    const args = [`-address=${at(bastion)}:8080`, `-data-path=${this.data}`, `-assets-path=${join(this.folder, "assets")}`, "-log-level=debug"];
    const child = spawn(tools.matchbox, args, { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (part: string) => (this.#matchboxLog += part));
    this.#matchbox = child;
    await until("matchbox answers", async () => (await fetch(`http://${at(bastion)}:8080/`).catch(() => undefined))?.ok === true);
  }

  stopMatchbox(): void {
    this.#matchbox?.kill("SIGKILL");
    this.#matchbox = undefined;
  }

  /** A mirror on the bastion's address, as the bastion's caches are; the node's own address is in `asked`. */
  async #mirror(registry: string, port: number): Promise<void> {
    const answer = registryHandler(seededImages(registry), () => undefined);
    const server = createServer((request, response) => {
      this.asked.push({ registry, from: request.socket.remoteAddress ?? "", url: request.url ?? "" });
      answer(request, response);
    });
    await new Promise<void>((done, failed) => server.once("error", failed).listen(port, at(bastion), done));
    this.#mirrors.push(server);
  }

  /** A cluster's secrets and its administrator's talosconfig. Worlds come one after the other, so that one cluster's do for all. */
  async secrets(): Promise<void> {
    const file = join(this.folder, "secrets.yaml");
    if (secrets === undefined) {
      await this.run("gen", "secrets", "--output-file", file);
      secrets = readFileSync(file, "utf8");
    }
    writeFileSync(file, secrets);
    await this.run("gen", "config", "demo", endpoint, "--with-secrets", file, "--output-types", "talosconfig", "--output", join(this.folder, "talosconfig"));
  }

  /** The machine config of a node, generated by the real talosctl. */
  async config({ name, type = "controlplane", variant = "spin-only", patch, documents = [] }: NodeOptions): Promise<string> {
    const out = join(this.folder, `${name}.yaml`);
    const mirrors = Object.fromEntries(internetHosts.map(({ registry }, index) => [registry, { endpoints: [`http://${bastion}:${5050 + index}`] }]));
    const common = {
      machine: {
        network: { hostname: name },
        install: { image: `ghcr.io/urmanac/talos-cozystack-${variant}/talos:v1.11.5` },
        registries: { mirrors },
        kernel: { modules: [{ name: "zfs" }] },
      },
      cluster: { network: { cni: { name: "none" } }, proxy: { disabled: true }, discovery: { enabled: false } },
    };
    const patches = [common, ...(patch === undefined ? [] : [patch]), ...documents].map((one, index) => {
      const file = join(this.folder, `${name}-patch-${index}.yaml`);
      writeFileSync(file, stringify(one));
      return ["--config-patch", `@${file}`];
    });
    await this.run("gen", "config", "demo", endpoint, "--with-secrets", join(this.folder, "secrets.yaml"), "--with-docs=false", "--with-examples=false", "--force", "--output-types", type, "--output", out, ...patches.flat());
    return out;
  }

  /** What matchbox serves to a node: its boot, and its machine config. */
  async publish(options: NodeOptions, assets: string = options.variant ?? "spin-only", text?: string): Promise<void> {
    const { name } = options;
    const mac = this.#macs.get(name)!;
    const hyphens = mac.replaceAll(":", "-");
    const base = `http://${bastion}:8080`;
    const file = await this.config(options);
    writeFileSync(join(this.data, "generic", `${name}.yaml`), text ?? readFileSync(file, "utf8"));
    const boot = {
      kernel: `${base}/assets/talos/${assets}/vmlinuz?mac=${hyphens}`,
      initrd: [`${base}/assets/talos/${assets}/initramfs.xz?mac=${hyphens}`],
      args: ["initrd=initramfs.xz", "init_on_alloc=1", "slab_nomerge", "pti=on", "console=ttyS0", "printk.devkmsg=on", "talos.platform=metal", `talos.config=${base}/generic?mac=${hyphens}`],
    };
    writeFileSync(join(this.data, "profiles", `${name}.json`), JSON.stringify({ id: name, name, boot, generic_id: `${name}.yaml` }));
    this.publishGroups();
  }

  /** A group for every node that has an interface. */
  publishGroups(): void {
    mkdirSync(join(this.data, "groups"), { recursive: true });
    for (const [name, mac] of this.#macs) writeFileSync(join(this.data, "groups", `${name}.json`), JSON.stringify({ id: name, name, profile: name, selector: { mac } }));
  }

  /** The node's interface, which it keeps from instance to instance. */
  async face({ name, address }: NodeOptions): Promise<string> {
    const known = this.#interfaces.get(name);
    if (known !== undefined) return known;
    const id = await this.aws.interface(this.#subnet, { PrivateIpAddress: address });
    const seen = await this.aws.ec2.send(new ec2.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] }));
    this.#macs.set(name, seen.NetworkInterfaces![0]!.MacAddress!);
    this.#interfaces.set(name, id);
    return id;
  }

  async launch(options: NodeOptions): Promise<string> {
    const NetworkInterfaceId = await this.face(options);
    const script = options.userData ?? userData(options.name);
    return this.aws.instance({ ImageId: options.image ?? ipxe, InstanceType: "t4g.small", NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId }], ...(script === "" ? {} : { UserData: Buffer.from(script).toString("base64") }) });
  }

  async terminate(id: string): Promise<void> {
    await this.aws.ec2.send(new ec2.TerminateInstancesCommand({ InstanceIds: [id] }));
    await until(`${id} is gone`, async () => (await this.report(id)) === undefined);
  }

  async report(id: string): Promise<MachineReport | undefined> {
    return (await machines(this.runData)).find((one) => one.id === id);
  }

  /** What EC2 shows of the machine's console. */
  async console(id: string): Promise<string> {
    const { Output } = await this.aws.ec2.send(new ec2.GetConsoleOutputCommand({ InstanceId: id, Latest: true }));
    return Buffer.from(Output ?? "", "base64").toString().replaceAll("\r\n", "\n");
  }

  /** Waits for a text on the console. */
  async says(id: string, what: RegExp, timeoutMs = 30_000): Promise<string> {
    let text = "";
    await poll(
      async () => {
        text = await this.console(id);
        return what.test(text) ? { done: true, value: true } : { done: false, reason: `${String(what)} is not on the console, which ends with:\n${text.slice(-1_500)}` };
      },
      { timeoutMs, intervalMs: 100 },
    );
    return text;
  }

  async run(...args: string[]): Promise<string> {
    const { code, text } = await this.tries(...args);
    if (code !== 0) throw new Error(`talosctl ${args.join(" ")} ended with ${code}: ${text}`);
    return text;
  }

  /** The real talosctl, whatever its result. */
  async tries(...args: string[]): Promise<Ran> {
    const { exitCode, all } = await execa(tools.talosctl, args, { all: true, reject: false, stdin: "ignore", timeout: 40_000, env: { HOME: this.folder, TALOSCONFIG: join(this.folder, "talosconfig") } });
    return { code: exitCode ?? -1, text: all };
  }

  /** talosctl against a node, through its own API. */
  async talosctl(address: string, ...args: string[]): Promise<Ran> {
    return this.tries("-e", at(address), "-n", address, ...args);
  }

  async ok(address: string, ...args: string[]): Promise<string> {
    const { code, text } = await this.talosctl(address, ...args);
    if (code !== 0) throw new Error(`talosctl -n ${address} ${args.join(" ")} ended with ${code}: ${text}`);
    return text;
  }
}

/** As the product's nodes are told to boot. */
export function userData(name: string): string {
  return `#!ipxe
echo moonback ${name}: iPXE starts
set tries:int32 0
:network
ifconf --configurator dhcp || goto again-network
echo moonback ${name}: address \${net0/ip} mac \${net0/mac}
:chain
inc tries
echo moonback ${name}: try \${tries}: http://${bastion}:8080/ipxe?mac=\${net0/mac:hexhyp}
chain --autofree http://${bastion}:8080/ipxe?mac=\${net0/mac:hexhyp}&name=${name} || goto failed
:failed
echo moonback ${name}: failed: \${errno}; again in 1 second
sleep 1
goto chain
:again-network
sleep 1
goto network
`;
}

/** Waits for something to be so. */
export async function until(what: string, look: () => Promise<boolean> | boolean, timeoutMs = 30_000): Promise<void> {
  await poll(async () => ((await look()) ? { done: true, value: true } : { done: false, reason: what }), { timeoutMs, intervalMs: 50 });
}
