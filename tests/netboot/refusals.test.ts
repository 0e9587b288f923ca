// What the machine room does not know, it must not pass over: each makes the boot an error, or a service that does not start.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import * as ec2 from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { machines } from "../../rehearsal/netboot/control.ts";
import { machinesFolder } from "../../rehearsal/netboot/room-folder.ts";
import type { MachineReport } from "../../rehearsal/netboot/room.ts";
import { debian } from "../emulator/aws.ts";
import { login } from "./ssh.ts";
import { until, World, type BastionOptions, type UserDataOptions } from "./world.ts";

/** User data with a text in it replaced. */
function altered(userData: string, from: string | RegExp, to: string): string {
  const text = gunzipSync(Buffer.from(userData, "base64")).toString();
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`${String(from)} is not in the user data`);
  return gzipSync(changed).toString("base64");
}

/** A bundle with a text in one of its files replaced. */
const withFile = (path: string, from: string | RegExp, to: string): UserDataOptions => ({
  bundle: (files) =>
    files.map((file) => {
      if (file.path !== path) return file;
      const content = file.content.replace(from, to);
      if (content === file.content) throw new Error(`${String(from)} is not in ${path}`);
      return { ...file, content };
    }),
});

describe("what the machine room refuses", function () {
  this.timeout(60_000);
  let world: World;
  let running: string | undefined;

  before(async () => {
    world = await World.make();
    await world.start();
    await world.admit("::1/128");
  });
  afterEach(async () => {
    if (running !== undefined) await world.terminate(running);
    running = undefined;
    await until("it is gone", async () => (await machines(world.runData)).length === 0);
  });
  after(() => world.stop());

  const boot = async (options: BastionOptions): Promise<MachineReport> => world.booted((running = await world.launch(options)));
  const log = (name: string): string => readFileSync(join(machinesFolder(world.runData), running!, "logs", `${name}.log`), "utf8");

  const boots: Record<string, { options: () => BastionOptions; says: RegExp; in?: string }> = {
    "an image that it has no program for": {
      options: () => ({ userData: world.userData(withFile("compose.yaml", /quay\.io\/poseidon\/matchbox:/, "quay.io/somebody/matchbox:")) }),
      says: /service matchbox: the rehearsal has no program for the image quay\.io\/somebody\/matchbox:/,
    },
    "a compose key": {
      options: () => ({ userData: world.userData(withFile("compose.yaml", "    network_mode: host\n", "    network_mode: host\n    privileged: true\n")) }),
      says: /compose\.yaml that the rehearsal does not know: services\.dnsmasq: Unrecognized key: "privileged"/,
    },
    "a health check": {
      options: () => ({ userData: world.userData(withFile("compose.yaml", "        - dig\n", "        - drill\n")) }),
      says: /cannot do the health check \["CMD","drill"/,
    },
    "a file that is not there to mount": {
      options: () => ({ userData: world.userData(withFile("compose.yaml", "./registry.yml:", "./registries.yml:")) }),
      says: /bind source path does not exist: \.\/registries\.yml/,
    },
    "a cloud-config key": {
      options: () => ({ userData: altered(world.userData(), "package_update: true", "package_update: true\nbootcmd: [[ls]]") }),
      says: /cloud-config that the rehearsal does not know: Unrecognized key: "bootcmd"/,
    },
    "a program in runcmd": {
      options: () => ({ userData: altered(world.userData(), /runcmd:\n/, "runcmd:\n  - - touch\n    - /opt/moonback/x\n") }),
      says: /runcmd `touch \/opt\/moonback\/x`: touch: the rehearsal's machines have no such program/,
    },
    "a path outside of the machine": {
      options: () => ({ userData: altered(world.userData(), "path: /opt/moonback/secrets.json", "path: /opt/moonback/../../secrets.json") }),
      says: /\/opt\/moonback\/\.\.\/\.\.\/secrets\.json is outside of/,
    },
    "docker without its packages": {
      options: () => ({ userData: altered(world.userData(), "  - docker-compose\n", "") }),
      says: /docker: command not found/,
    },
    "boto3 without its package": {
      options: () => ({ userData: altered(world.userData(), "  - python3-boto3\n", "") }),
      says: /No module named 'boto3'/,
    },
    "secrets without an instance profile": {
      options: () => ({ profile: false }),
      says: /fetch-secrets: \/moonback\/test\/bastion\/ssh-host-key: Unable to locate credentials/,
    },
  };

  for (const [what, { options, says }] of Object.entries(boots)) {
    it(`${what}: the boot is an error that names it`, async () => {
      const report = await boot(options());
      expect(report.boot).to.equal("error");
      expect(`${report.problems.join("\n")}\n${log("cloud-init")}`).to.match(says);
      expect(existsSync(join(machinesFolder(world.runData), "secrets.json"))).to.equal(false);
    });
  }

  it("a machine without its host key starts no SSH", async () => {
    expect(await boot({ profile: false })).to.include({ sshListens: false });
    expect(log("cloud-init")).to.match(/sshd: Unable to load host key: .*ssh_host_ed25519_key/);
    expect(await login(world).then(() => "in", (error: unknown) => (error as NodeJS.ErrnoException).code)).to.equal("ECONNREFUSED");
  });

  it("what cloud-init and docker say of it over SSH", async () => {
    await boot({ userData: altered(world.userData(), /runcmd:\n/, "runcmd:\n  - - /opt/moonback/bin/nothing\n") });
    const bastion = await login(world);
    expect(await bastion.run("cloud-init status --wait --long")).to.include({ code: 1, stdout: "status: error\nerrors:\n  - runcmd `/opt/moonback/bin/nothing`: /opt/moonback/bin/nothing: not found\n" });
    bastion.end();
  });

  const services: Record<string, { path: string; from: string; to: string; service: string; says: RegExp }> = {
    "dnsmasq's option": { path: "dnsmasq.conf", from: "enable-tftp", to: "enable-ftp", service: "dnsmasq", says: /bad option enable-ftp at line/ },
    "pihole's option": { path: "pihole.conf", from: "host-record=", to: "hostrecord=", service: "pihole", says: /bad option hostrecord at line/ },
    "squid's directive": { path: "squid.conf", from: "cache_mem 8 MB", to: "cache_memory 8 MB", service: "proxy", says: /unrecognized directive "cache_memory" at line/ },
    "haproxy's line": { path: "haproxy.cfg", from: "balance roundrobin", to: "balance leastconn", service: "kube-api", says: /does not know "balance leastconn" at line/ },
    "an address, to one that the instance does not have,": { path: "squid.conf", from: "http_port 10.", to: "http_port 11.", service: "proxy", says: /cannot listen on 11\..*: the instance's addresses are 10\./ },
    "the registry's version": { path: "registry.yml", from: "version: 0.1", to: "version: 9.1", service: "registry-quay.io", says: /configuration error.*version/i },
  };

  for (const [what, { path, from, to, service, says }] of Object.entries(services)) {
    it(`${what} changed: ${service} does not start, and says why`, async () => {
      const { id } = await boot({ userData: world.userData(withFile(path, from, to)) });
      await until("it is restarting", async () => (await world.machine(id))?.services[service] === "restarting");
      await until("its log says why", () => says.test(log(service)));
      expect((await world.machine(id))?.services["matchbox"]).to.equal("running");
    });
  }

  it("an instance of Debian whose user data is no cloud-config: it is not ours", async () => {
    const { subnet } = await world.network();
    const id = await world.aws.instance({ ImageId: debian, SubnetId: subnet, UserData: Buffer.from("#!ipxe\nboot\n").toString("base64") });
    // A machine that is ours proves that the room has looked since.
    await boot({});
    expect((await machines(world.runData)).map((one) => one.id)).to.deep.equal([running]);
    await world.aws.ec2.send(new ec2.TerminateInstancesCommand({ InstanceIds: [id] }));
  });

  it("IPv4-only hosts without a way out; with wireguard there is one, and only with its key", async () => {
    const wireguard = world.userData({ tunnel: true });
    await boot({ userData: wireguard });
    let bastion = await login(world);
    expect((await bastion.run("systemctl is-active wg-quick@home")).stdout).to.equal("active\n");
    const stream = await bastion.dial("ghcr.io", 443);
    stream.destroy();
    bastion.end();
    await world.terminate(running!);

    const report = await boot({ userData: altered(wireguard, /private-key \/opt\/moonback\/secrets\/wireguard\.key/, "private-key /opt/moonback/secrets/other.key") });
    expect(report.problems).to.deep.equal(["runcmd `systemctl enable --now wg-quick@home` ended with exit code 1"]);
    bastion = await login(world);
    expect(await bastion.dial("ghcr.io", 443).then(() => "connected", () => "refused")).to.equal("refused");
    bastion.end();
  });
});
