// A world for the machine room: an emulator of its own, a network in it, and bastions with the real user data.

import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as ec2 from "@aws-sdk/client-ec2";
import { PutParameterCommand } from "@aws-sdk/client-ssm";
import ssh2 from "ssh2";
import { poll } from "../../common/poll.ts";
import { renderBundle } from "../../components/render/bundle.ts";
import { renderUserData, secretFiles } from "../../components/render/cloud-init.ts";
import type { RenderedFile } from "../../components/render/file.ts";
import { stopDaemon, type Daemon } from "../../common/daemon.ts";
import { machines } from "../../rehearsal/netboot/control.ts";
import { standInTalosImages } from "../../rehearsal/netboot/internet/images.ts";
import type { MachineReport } from "../../rehearsal/netboot/room.ts";
import { startMachines, type MachinesPlan } from "../../rehearsal/netboot/start.ts";
import { clearRoom } from "./room-leftovers.ts";
import { ensureTool } from "../../toolchain/toolchain.ts";
import { Aws, credentials, debian, region, slash64 } from "../emulator/aws.ts";
import { startEmulator, type Emulator } from "../emulator/start.ts";
import { motoPython } from "../moto-tool.ts";

const progress = (line: string): void => void process.stderr.write(`${line}\n`);
const path = async (name: "matchbox" | "registry" | "crane"): Promise<string> => (await ensureTool(name, { progress })).path;
/** No node boots Talos in these tests. */
const noTalos = { talosctl: "", talosApi: "", etcd: "", kubeApiserver: "", kubeControllerManager: "", kubeScheduler: "", kwok: "" };
export const tools = { matchbox: await path("matchbox"), registry: await path("registry"), crane: await path("crane"), python: motoPython, ...noTalos };

/** An ed25519 key pair as OpenSSH writes it. */
export const keyPair = (): { readonly private: string; readonly public: string } => ssh2.utils.generateKeyPairSync("ed25519");

export interface BastionOptions {
  /** Default: what the bastion's stage would give. */
  readonly userData?: string;
  readonly profile?: boolean;
}

export interface UserDataOptions {
  readonly bundle?: (files: RenderedFile[]) => RenderedFile[];
  readonly tunnel?: boolean;
}

/** One VPC range and one emulator; `start` starts the machine room over it. */
export class World {
  readonly emulator: Emulator;
  readonly aws: Aws;
  readonly folder = mkdtempSync(join(tmpdir(), "moonback-netboot-"));
  readonly vpcCidr: string;
  readonly address: string;
  readonly operator = keyPair();
  readonly hostKey = keyPair();
  daemon: Daemon | undefined;
  #network: { vpc: string; subnet: string; ipv6: string } | undefined;

  private constructor(emulator: Emulator) {
    this.emulator = emulator;
    this.aws = new Aws(emulator.endpoint);
    const octets = `10.${randomInt(20, 250)}.${randomInt(0, 250)}`;
    this.vpcCidr = `${octets}.0/24`;
    this.address = `${octets}.100`;
  }

  static async make(): Promise<World> {
    return new World(await startEmulator());
  }

  get runData(): string {
    return join(this.folder, "run data");
  }

  get plan(): MachinesPlan {
    const { endpoint, epoch } = this.emulator;
    const owner = resolve(import.meta.dirname, "../..");
    return { environment: "test", vpcCidr: this.vpcCidr, runData: this.runData, owner, endpoint, region, credentials, tools, epoch, logFile: join(this.folder, "machines.log") };
  }

  async start(): Promise<Daemon> {
    this.daemon = await startMachines(this.plan);
    return this.daemon;
  }

  async stop(): Promise<void> {
    if (this.daemon !== undefined) await stopDaemon(this.daemon);
    this.aws.destroy();
    await this.emulator.stop();
    clearRoom(this.runData);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The local address of a port of the bastion. */
  get local(): string {
    return `127.${this.address.slice("10.".length)}`;
  }

  bundle(): RenderedFile[] {
    const assets = standInTalosImages().map(({ variant, repository, digest, vmlinuzSha256, initramfsSha256 }) => ({ variant, repository: `ghcr.io/${repository}`, digest, vmlinuz: vmlinuzSha256, initramfs: initramfsSha256 }));
    const base = this.vpcCidr.slice(0, this.vpcCidr.indexOf(".0/"));
    return renderBundle({ address: this.address, subnetCidr: this.vpcCidr, dhcp: { first: `${base}.110`, last: `${base}.199` }, resolver: `${base}.2`, blockedNames: ["blocked.moonback.internal"], assets, apiServers: [11, 12, 13].map((host) => `${base}.${host}`) });
  }

  userData({ bundle = (files) => files, tunnel = false }: UserDataOptions = {}): string {
    return renderUserData({
      hostname: "tf-bastion",
      operatorPublicKey: this.operator.public,
      hostPublicKey: this.hostKey.public,
      secrets: [{ parameter: "/moonback/test/bastion/ssh-host-key", path: secretFiles.sshHostKey }, ...(tunnel ? [{ parameter: "/moonback/test/bastion/wireguard-key", path: secretFiles.wireguardKey }] : [])],
      bundle: bundle(this.bundle()),
      ...(tunnel ? { tunnel: { endpoint: "home.example:51820", peerPublicKey: "cGVlcg==", address: "10.99.0.2/32" } } : {}),
    });
  }

  /** The one address can be one interface's only: a bastion's interface is used again by the next. */
  #interface: string | undefined;
  #group: string | undefined;

  async network(): Promise<{ vpc: string; subnet: string; ipv6: string }> {
    if (this.#network !== undefined) return this.#network;
    const made = await this.aws.ec2.send(new ec2.CreateVpcCommand({ CidrBlock: this.vpcCidr, AmazonProvidedIpv6CidrBlock: true }));
    const vpc = made.Vpc!.VpcId!;
    const ipv6 = slash64(made.Vpc!.Ipv6CidrBlockAssociationSet![0]!.Ipv6CidrBlock!, 0);
    const subnet = await this.aws.subnet(vpc, this.vpcCidr, ipv6);
    await this.aws.ec2.send(new ec2.ModifyVpcAttributeCommand({ VpcId: vpc, EnableDnsHostnames: { Value: true } }));
    for (const [name, key] of [["ssh-host-key", this.hostKey.private], ["wireguard-key", "c2VjcmV0"]] as const) {
      await this.aws.ssm.send(new PutParameterCommand({ Name: `/moonback/test/bastion/${name}`, Value: key, Type: "SecureString" }));
    }
    return (this.#network = { vpc, subnet, ipv6 });
  }

  async face(): Promise<{ id: string; group: string }> {
    const { vpc, subnet, ipv6 } = await this.network();
    this.#group ??= await this.aws.group(vpc);
    this.#interface ??= await this.aws.interface(subnet, { PrivateIpAddress: this.address, Groups: [this.#group], Ipv6Addresses: [{ Ipv6Address: ipv6.replace("::/64", "::100") }] });
    return { id: this.#interface, group: this.#group };
  }

  async admit(source: string): Promise<void> {
    const { group } = await this.face();
    const permissions = [{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, Ipv6Ranges: [{ CidrIpv6: source }] }];
    await this.aws.ec2.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId: group, IpPermissions: permissions }));
  }

  async admitNobody(): Promise<void> {
    const { group } = await this.face();
    const seen = await this.aws.ec2.send(new ec2.DescribeSecurityGroupsCommand({ GroupIds: [group] }));
    const rules = seen.SecurityGroups![0]!.IpPermissions!;
    if (rules.length > 0) await this.aws.ec2.send(new ec2.RevokeSecurityGroupIngressCommand({ GroupId: group, IpPermissions: rules.map(({ IpProtocol, FromPort, ToPort, Ipv6Ranges }) => ({ IpProtocol, FromPort, ToPort, Ipv6Ranges })) }));
  }

  async publishIpv4(wanted: boolean): Promise<void> {
    const { id } = await this.face();
    await this.aws.ec2.send(new ec2.ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: id, AssociatePublicIpAddress: wanted }));
  }

  async launch(options: BastionOptions = {}): Promise<string> {
    return this.aws.instance({ ImageId: debian, ...(await this.#launching(options)) });
  }

  /** A group of one, empty, whose instance would be the bastion; as the product makes it. */
  async group(options: BastionOptions = {}): Promise<string> {
    return this.aws.scalingGroup(await this.aws.template({ ImageId: debian, ...(await this.#launching(options)) }));
  }

  async #launching({ userData = this.userData(), profile = true }: BastionOptions) {
    const { id } = await this.face();
    const more = profile ? { IamInstanceProfile: { Name: await this.#profile() } } : {};
    return { UserData: userData, NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: id }], ...more };
  }

  async terminate(id: string): Promise<void> {
    await this.aws.ec2.send(new ec2.TerminateInstancesCommand({ InstanceIds: [id] }));
  }

  async machine(id: string): Promise<MachineReport | undefined> {
    return (await machines(this.runData)).find((one) => one.id === id);
  }

  async booted(id: string): Promise<MachineReport> {
    return poll(
      async () => {
        const found = await this.machine(id);
        return found !== undefined && found.boot !== "running" ? { done: true, value: found } : { done: false, reason: `${id} is ${found?.boot ?? "not there"}` };
      },
      { timeoutMs: 30_000, intervalMs: 50 },
    );
  }

  async #profile(): Promise<string> {
    return this.aws.profile(await this.aws.role());
  }
}

/** Waits for something to be so. */
export async function until(what: string, look: () => Promise<boolean> | boolean, timeoutMs = 20_000): Promise<void> {
  await poll(async () => ((await look()) ? { done: true, value: true } : { done: false, reason: what }), { timeoutMs, intervalMs: 50 });
}
