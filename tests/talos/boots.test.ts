// A node's way from power to Talos, with the real matchbox and the real talosctl: what it waits for, what it refuses, and what
// its disk keeps.

import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as ec2 from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { talosFiles } from "../../rehearsal/netboot/internet/talos-files.ts";
import { TalosWorld, until, type NodeOptions } from "./world.ts";

const unbootstrapped = /etcd is waiting to join the cluster/;
const talosAmi = "ami-07a10515110000001";

describe("a node boots", function () {
  this.timeout(90_000);
  let world: TalosWorld;
  before(async () => {
    world = await TalosWorld.make();
    await world.secrets();
  });
  after(() => world.stop());

  const one: NodeOptions = { name: "talos-node-1", address: "10.78.0.11" };
  const folder = (id: string): string => join(world.machinesFolder, id);
  let id: string;

  describe("by iPXE", () => {
    before(async () => {
      id = await world.launch(one);
    });

    it("says its address, and tries again while nobody answers", async () => {
      const text = await world.says(id, /try 2: .*\n.*\nmoonback talos-node-1: failed/);
      expect(text).to.match(/moonback talos-node-1: iPXE starts\nConfiguring \[dhcp\] \(net0 (\S+)\)\.\.\. ok\nmoonback talos-node-1: address 10\.78\.0\.11 mac \1\n/);
      expect(text).to.contain("http://10.78.0.100:8080/ipxe... Connection reset (https://ipxe.org/0f0a6095)\nmoonback talos-node-1: failed: 0xf0a6095; again in 1 second\n");
    });

    it("tries again while matchbox has nothing for it", async () => {
      await world.startMatchbox();
      expect(await world.says(id, /failed: 0x2d0c618e/)).to.contain("http://10.78.0.100:8080/ipxe... Not found (https://ipxe.org/2d0c618e)\n");
    });

    it("refuses a kernel of another machine, as EFI does", async () => {
      const { vmlinuz, initramfs } = talosFiles("spin-only");
      const intel = Buffer.from(vmlinuz);
      intel.writeUInt16LE(0x8664, 0x44);
      world.assets("x86", { vmlinuz: intel, initramfs });
      await world.publish(one, "x86");
      await world.says(id, /x86\/vmlinuz\.\.\. ok\nCould not select: Exec format error \(https:\/\/ipxe\.org\/2e008081\)\nCould not boot: Exec format error/);
    });

    it("says why it does not take a machine config, and asks again", async () => {
      await world.publish(one, "spin-only", "version: v1alpha1\nmachine:\n  type: controlplane\n  tokne: x\n");
      const text = await world.says(id, /failed to validate config acquired via platform metal: unknown keys found during decoding[^]*fetching machine config/);
      expect(text).to.match(/\[talos\] {2}tokne: x|tokne: x/);
      expect(text).to.contain("Kernel command line: initrd=initramfs.xz ");
    });

    it("takes it once it is right, installs Talos and starts it from its disk", async () => {
      await world.publish(one);
      const text = await world.says(id, unbootstrapped);
      expect(text).to.match(/installing Talos to disk from "ghcr\.io\/urmanac\/talos-cozystack-spin-only\/talos:v1\.11\.5"[^]*reboot: Restarting system\nTalos boots from disk\n[^]*hostname talos-node-1, type controlplane/);
      expect(await world.ok(one.address, "version")).to.match(/Server:[^]*Tag: +v1\.11\.5[^]*OS\/Arch: +linux\/arm64/);
    });

    it("asked for everything from its own address", () => {
      expect(new Set(world.asked.map(({ from }) => from))).to.deep.equal(new Set(["127.78.0.11"]));
      const pulled = new Set(world.asked.filter(({ url }) => url.includes("/manifests/")).map(({ registry, url }) => `${registry} ${url.replace(/\/v2\/(.*)\/manifests\/(.*)\?.*/, "$1:$2")}`));
      expect([...pulled].sort()).to.deep.equal(["gcr.io etcd-development/etcd:v3.6.5", "ghcr.io siderolabs/kubelet:v1.34.1", "ghcr.io urmanac/talos-cozystack-spin-only/talos:v1.11.5"]);
      const mac = /mac (\S+)/.exec(world.matchboxLog)?.[1] ?? /\/ipxe\?mac=([0-9a-f-]+)/.exec(world.matchboxLog)![1]!;
      for (const path of ["/assets/talos/spin-only/vmlinuz", "/assets/talos/spin-only/initramfs.xz", "/generic"]) expect(world.matchboxLog).to.contain(`HTTP GET ${path}?mac=${mac}`);
    });

    it("shows what it is in the room", async () => {
      const report = (await world.report(id))!;
      expect(report).to.deep.include({ powered: true, boot: "running", node: { address: "10.78.0.11", hostname: "talos-node-1", stage: "booting", type: "controlplane" } });
      expect(report.services).to.include({ apid: "Running", kubelet: "Running", etcd: "Preparing", "ext-zfs-service": "Running" });
    });

    it("stopped and started again, boots from its disk and asks nobody for anything", async () => {
      await world.aws.ec2.send(new ec2.StopInstancesCommand({ InstanceIds: [id] }));
      await until("it has no power", async () => (await world.report(id))?.powered === false);
      expect((await world.talosctl(one.address, "version")).text).to.match(/connection refused/);
      const [asked, log] = [world.asked.length, world.matchboxLog];
      await world.aws.ec2.send(new ec2.StartInstancesCommand({ InstanceIds: [id] }));
      await world.says(id, /etcd is waiting[^]*Talos boots from disk[^]*etcd is waiting/);
      expect([world.asked.length, world.matchboxLog]).to.deep.equal([asked, log]);
    });

    it("comes back with its disk when the room is killed and begun anew; what ended meanwhile has none", async () => {
      const other = await world.launch({ name: "talos-node-2", address: "10.78.0.12" });
      await world.says(other, /talos-node-2: iPXE starts/);
      await world.aws.ec2.send(new ec2.StopInstancesCommand({ InstanceIds: [other] }));
      await until("it has no power", async () => (await world.report(other))?.powered === false);
      const asked = world.asked.length;
      await world.restartRoom();
      await until("its API is back", async () => (await world.talosctl(one.address, "version")).code === 0);
      expect([world.asked.length, (await world.report(id))?.powered, existsSync(folder(other))]).to.deep.equal([asked, true, true]);
      await world.aws.ec2.send(new ec2.TerminateInstancesCommand({ InstanceIds: [other] }));
      await until("its disk is gone", () => !existsSync(folder(other)));
    });

    it("terminated, leaves nothing behind; a new instance begins anew", async () => {
      expect(existsSync(folder(id))).to.equal(true);
      await world.terminate(id);
      expect(existsSync(folder(id))).to.equal(false);
      const next = await world.launch(one);
      expect(await world.says(next, unbootstrapped)).to.contain("moonback talos-node-1: try 1: ");
      await world.terminate(next);
    });
  });

  describe("from other things", () => {
    let node: string;
    afterEach(() => world.terminate(node));

    it("not at all from an initramfs that cannot be unpacked", async () => {
      world.assets("broken", { ...talosFiles("spin-only"), initramfs: Buffer.from("no archive") });
      await world.publish(one, "broken");
      node = await world.launch(one);
      await world.says(node, /Initramfs unpacking failed: [^]*Kernel panic - not syncing/);
    });

    it("not at all without user data", async () => {
      node = await world.launch({ ...one, userData: "" });
      await world.says(node, /user-data\.\.\. Not found/);
      await until("its report says so", async () => (await world.report(node))?.problems[0] === "the machine found nothing to boot; its console says why");
    });

    it("from an imported image, without user data, and asks for its config by its MAC address", async () => {
      await world.publish(one);
      rmSync(join(world.data, "groups"), { recursive: true });
      node = await world.launch({ ...one, image: talosAmi, userData: "" });
      expect(await world.says(node, /failed to download config, status code 404/)).to.match(/^Talos boots from disk\n[^]*fetching machine config from: "http:\/\/10\.78\.0\.100:8080\/generic\?mac=02%3A/);
      world.publishGroups();
      const text = await world.says(node, unbootstrapped);
      expect(text).to.not.match(/iPXE|installing Talos/);
    });

    it("with an extension that is not configured: its service waits, until it is", async () => {
      const gateway: NodeOptions = { ...one, variant: "spin-tailscale" };
      await world.publish(gateway);
      node = await world.launch(gateway);
      await world.says(node, unbootstrapped);
      expect(await world.ok(one.address, "get", "extensions")).to.match(/drbd +9\.2\.14-v1\.11\.5\n[^]*spin +v0\.21\.0\n[^]*tailscale +1\.88\.1\n[^]*zfs /);
      expect(await world.ok(one.address, "service", "ext-tailscale")).to.match(/STATE +Waiting\n[^]*Waiting for extension service config/);
      const documents = [{ apiVersion: "v1alpha1", kind: "ExtensionServiceConfig", name: "tailscale", environment: ["TS_AUTHKEY=tskey-x"] }];
      const file = await world.config({ ...gateway, documents });
      expect(await world.ok(one.address, "apply-config", "--file", file)).to.contain("Applied configuration without a reboot");
      expect(await world.ok(one.address, "service", "ext-tailscale")).to.match(/STATE +Running/);
      expect(readFileSync(join(folder(node), "disk/state/config.yaml"), "utf8")).to.contain("TS_AUTHKEY=tskey-x");
    });
  });
});
