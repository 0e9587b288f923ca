// The machine room over a real emulator, with the bastion's real user data: what an instance does, and when it ends.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { SetDesiredCapacityCommand } from "@aws-sdk/client-auto-scaling";
import * as ec2 from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { markedProcesses } from "../../rehearsal/netboot/children.ts";
import { bringUpstreamBack, machines, takeUpstreamAway } from "../../rehearsal/netboot/control.ts";
import { standInTalosImages } from "../../rehearsal/netboot/internet/images.ts";
import { machinesFolder, machinesPath } from "../../rehearsal/netboot/room-folder.ts";
import { ApiServer, askThrough } from "./api-servers.ts";
import { login, type Login } from "./ssh.ts";
import { tools, until, World } from "./world.ts";

const run = promisify(execFile);

interface Shown {
  readonly Name: string;
  readonly Service: string;
  readonly Project: string;
  readonly Image: string;
  readonly State: string;
  readonly Status: string;
  readonly Health: string;
  readonly ExitCode: number;
  readonly ID: string;
}

const services = ["dnsmasq", "matchbox", "registry-docker.io", "registry-gcr.io", "registry-ghcr.io", "registry-quay.io", "registry-registry.k8s.io", "pihole", "proxy", "kube-api"];
const compose = "docker compose --project-name netboot";

describe("the machine room's bastion", function () {
  this.timeout(60_000);
  let world: World;
  let id: string;
  let bastion: Login;

  before(async () => {
    world = await World.make();
    await world.start();
    await world.admit("::1/128");
    await world.publishIpv4(true);
    id = await world.launch();
    await world.booted(id);
    bastion = await login(world);
  });
  after(async () => {
    bastion.end();
    await world.stop();
  });

  const ps = async (): Promise<Shown[]> => {
    const { code, stdout, stderr } = await bastion.run(`${compose} ps --all --format json`);
    expect(code, stderr).to.equal(0);
    return stdout.trim().split("\n").map((line) => JSON.parse(line) as Shown);
  };
  const service = async (name: string): Promise<Shown> => (await ps()).find((one) => one.Service === name)!;
  const get = (port: number, path: string): Promise<{ status: number; body: string }> =>
    new Promise((done, failed) => {
      request({ host: world.local, port, path, agent: false }, (response) => {
        let body = "";
        response.on("data", (part: Buffer) => (body += part.toString("latin1")));
        response.on("end", () => done({ status: response.statusCode ?? 0, body }));
      }).on("error", failed).end();
    });
  const crane = (...args: string[]) => run(tools.crane, args);

  it("boots well, as cloud-init says", async () => {
    expect(await world.machine(id)).to.include({ boot: "done", powered: true, sshListens: true });
    expect(await bastion.run("cloud-init status --wait")).to.include({ code: 0, stdout: "status: done\n" });
    expect(await bastion.run("systemctl is-active ssh docker")).to.include({ code: 0, stdout: "active\nactive\n" });
  });

  it("has its secrets, for itself alone, from SSM", () => {
    const file = join(machinesFolder(world.runData), id, "root/opt/moonback/secrets/ssh_host_ed25519_key");
    expect(readFileSync(file, "utf8").trim()).to.equal(world.hostKey.private.trim());
    expect(statSync(file).mode & 0o777).to.equal(0o600);
  });

  it("runs every service of the bundle, healthy, and the Talos images are there", async () => {
    await until("all are healthy", async () => (await ps()).every(({ Service, Health }) => Service === "assets" || Health === "healthy"));
    const shown = await ps();
    expect(shown.map((one) => one.Service)).to.have.members([...services, "assets"]);
    for (const one of shown.filter(({ Service }) => Service !== "assets")) {
      expect(one, one.Service).to.include({ Name: one.Service, Project: "netboot", State: "running", Health: "healthy", ExitCode: 0 });
      expect(one.Status).to.match(/^Up .* \(healthy\)$/);
      expect(one.Image).to.match(/@sha256:[0-9a-f]{64}$/);
      expect(one.ID).to.match(/^[0-9a-f]{12}$/);
    }
    // Begun before the cache it asks was up, it fails, and is begun again.
    await until("the images were fetched", async () => (await service("assets")).State === "exited");
    expect(await service("assets")).to.include({ State: "exited", ExitCode: 0, Health: "" });
    for (const { variant, vmlinuzSha256, initramfsSha256 } of standInTalosImages()) {
      const sha256 = async (path: string): Promise<string> => createHash("sha256").update((await get(8080, path)).body, "latin1").digest("hex");
      expect(await sha256(`/assets/talos/${variant}/vmlinuz`)).to.equal(vmlinuzSha256);
      expect(await sha256(`/assets/talos/${variant}/initramfs.xz`)).to.equal(initramfsSha256);
      if (variant === "spin-only") expect(await sha256("/assets/talos/vmlinuz")).to.equal(vmlinuzSha256);
    }
  });

  it("serves what the bundle says, with the addresses of the plan in it", async () => {
    expect((await get(8080, "/boot.ipxe")).body).to.match(/^#!ipxe/);
    const probe = `import socket,struct,sys
h,p=sys.argv[1].rsplit(":",1)
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.settimeout(3)
s.sendto(struct.pack("!H",1)+b"boot.ipxe\\0octet\\0",(h,int(p)))
d,peer=s.recvfrom(2048); s.sendto(struct.pack("!HH",4,1),peer); sys.stdout.write(d[4:].decode())`;
    const { code, stdout, stderr } = await bastion.run(`python3 - ${world.address}:69`, probe);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.equal(`#!ipxe\nchain http://${world.address}:8080/boot.ipxe\n`);
    const logged = await bastion.run(`${compose} logs --no-log-prefix dnsmasq`);
    const base = world.address.replace(/\.100$/, "");
    expect(logged.stdout).to.contain(`DHCP, IP range ${base}.110 -- ${base}.199, lease time 1h\n`);
  });

  it("passes the Kubernetes API on to a control plane, from its own address, once one answers", async () => {
    const [plan] = world.local.split(/\.100$/);
    const api = await ApiServer.listen(`${plan}.12`, 401);
    try {
      await until("it is checked", async () => (await bastion.run(`${compose} logs --no-log-prefix kube-api`)).stdout.includes("control-plane-2 is UP"));
      expect(await askThrough(world.local)).to.equal("401 by control plane 12");
      expect([...api.from]).to.deep.equal([world.local]);
    } finally {
      await api.close();
    }
  });

  it("gives a second pull from the cache alone: upstream may be away", async () => {
    const image = `${world.local}:5053/prometheus/busybox:latest`;
    const first = await crane("manifest", "--insecure", image);
    await crane("export", "--insecure", image, join(world.folder, "first.tar"));
    await takeUpstreamAway(world.runData, "quay.io");
    try {
      expect((await crane("manifest", "--insecure", image)).stdout).to.equal(first.stdout);
      await crane("export", "--insecure", image, join(world.folder, "second.tar"));
      expect(readFileSync(join(world.folder, "second.tar"))).to.deep.equal(readFileSync(join(world.folder, "first.tar")));
      const never = await crane("manifest", "--insecure", `${world.local}:5053/prometheus/busybox:never-asked-for`).catch((error: unknown) => error);
      expect(never).to.be.instanceOf(Error);
    } finally {
      await bringUpstreamBack(world.runData, "quay.io");
    }
    const gone = await takeUpstreamAway(world.runData, "nowhere.example").catch((error: unknown) => error);
    expect(String(gone)).to.contain("nowhere.example is not in the rehearsal's internet");
  });

  it("brings back a registry that is killed, and calls it restarting meanwhile", async () => {
    const before = await service("registry-gcr.io");
    const pid = markedProcesses(join(machinesPath(world.runData), id)).find((one) => readFileSync(`/proc/${one}/cmdline`, "utf8").includes("registry-gcr.io"))!;
    process.kill(pid, "SIGKILL");
    await until("it is restarting", async () => (await service("registry-gcr.io")).State === "restarting");
    expect((await service("registry-gcr.io")).Status).to.match(/^Restarting \(137\)/);
    await until("it runs again", async () => (await service("registry-gcr.io")).Health === "healthy");
    expect((await service("registry-gcr.io")).ID).to.equal(before.ID);
    expect((await get(5051, "/v2/")).status).to.equal(200);
  });

  it("keeps down what was stopped by hand, and starts it again when told to", async () => {
    for (const name of ["matchbox", "pihole"]) {
      expect((await bastion.run(`${compose} stop ${name}`)).code).to.equal(0);
      expect(await service(name)).to.include({ State: "exited" });
    }
    const running = (await bastion.run(`${compose} ps --format json`)).stdout;
    expect(running).to.not.contain('"Service":"matchbox"');
    // Longer than a restart takes.
    await new Promise((done) => setTimeout(done, 1_500));
    expect((await service("matchbox")).State).to.equal("exited");
    expect(await get(8080, "/").catch((error: unknown) => (error as NodeJS.ErrnoException).code)).to.equal("ECONNREFUSED");
    expect((await bastion.run(`${compose} start matchbox`)).code).to.equal(0);
    expect((await bastion.run(`${compose} restart pihole`)).code).to.equal(0);
    await until("they are healthy", async () => (await service("matchbox")).Health === "healthy" && (await service("pihole")).Health === "healthy");
  });

  it("leaves what runs alone when brought up again, and makes again what was removed", async () => {
    const before = await ps();
    expect((await bastion.run("docker compose --project-directory /opt/moonback/netboot up --detach")).code).to.equal(0);
    const same = ({ Service }: Shown): boolean => Service !== "assets";
    expect((await ps()).filter(same).map(({ ID }) => ID)).to.deep.equal(before.filter(same).map(({ ID }) => ID));
    expect((await bastion.run(`${compose} rm --force --stop proxy`)).code).to.equal(0);
    expect((await ps()).map((one) => one.Service)).to.not.contain("proxy");
    expect((await bastion.run("docker compose --project-directory /opt/moonback/netboot up --detach proxy")).code).to.equal(0);
    expect((await service("proxy")).State).to.equal("running");
  });

  it("refuses what docker would refuse", async () => {
    expect(await bastion.run(`${compose} ps --nonsense`)).to.include({ code: 16 }).and.to.have.property("stderr").that.contains("unknown flag: --nonsense");
    expect(await bastion.run(`${compose} stop nonsense`)).to.include({ code: 1 }).and.to.have.property("stderr").that.contains("no such service: nonsense");
    expect(await bastion.run("docker run busybox")).to.include({ code: 1 }).and.to.have.property("stderr").that.contains("run is not a command");
    expect(await bastion.run("docker compose --project-directory /opt/moonback up --detach")).to.include({ code: 1 }).and.to.have.property("stderr").that.contains("no configuration file provided");
  });

  it("is down within two seconds of a stop, and as it was after a start", async () => {
    await bastion.run(`${compose} stop proxy`);
    const folder = join(machinesPath(world.runData), id);
    expect(markedProcesses(folder)).to.have.length.of.at.least(5);
    await world.aws.ec2.send(new ec2.StopInstancesCommand({ InstanceIds: [id] }));
    await until("nothing runs", async () => markedProcesses(folder).length === 0 && (await world.machine(id))?.powered === false, 2_000);
    expect(await get(5050, "/v2/").catch((error: unknown) => (error as NodeJS.ErrnoException).code)).to.equal("ECONNREFUSED");
    expect(await login(world).then(() => "in", (error: unknown) => (error as NodeJS.ErrnoException).code)).to.equal("ECONNREFUSED");
    await world.aws.ec2.send(new ec2.StartInstancesCommand({ InstanceIds: [id] }));
    await until("SSH answers", async () => (await world.machine(id))?.sshListens === true);
    bastion = await login(world);
    await until("it is healthy", async () => (await service("registry-docker.io")).Health === "healthy");
    expect((await service("proxy")).State).to.equal("exited");
    expect((await service("assets")).State).to.equal("exited");
  });

  it("is gone with everything when terminated, and the next one boots fresh at the same address", async () => {
    const folder = join(machinesPath(world.runData), id);
    bastion.end();
    await world.terminate(id);
    await until("it is gone", () => markedProcesses(folder).length === 0 && !existsSync(folder), 2_000);
    expect(await machines(world.runData)).to.deep.equal([]);
    const next = await world.launch();
    expect(await world.booted(next)).to.include({ boot: "done" });
    expect(readdirSync(machinesFolder(world.runData)).filter((name) => name.startsWith("i-"))).to.deep.equal([next]);
    bastion = await login(world);
    id = next;
    await until("its services are healthy", async () => (await service("registry-docker.io")).Health === "healthy");
  });

  it("comes from a group that is raised, and goes when it is lowered", async () => {
    bastion.end();
    await world.terminate(id);
    const AutoScalingGroupName = await world.group();
    const raise = (DesiredCapacity: number): Promise<unknown> => world.aws.autoscaling.send(new SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity }));
    await raise(1);
    await until("its instance is there", async () => (await machines(world.runData)).some((one) => one.id !== id));
    id = (await machines(world.runData))[0]!.id;
    expect(await world.booted(id)).to.include({ boot: "done" });
    bastion = await login(world);
    expect(bastion.hostKey).to.equal(world.hostKey.public.split(" ").slice(0, 2).join(" "));
    await raise(0);
    await until("it is gone", async () => (await machines(world.runData)).length === 0);
    expect(markedProcesses(machinesPath(world.runData))).to.deep.equal([]);
  });

  it("asks of this machine's memory what it may", () => {
    const status = readFileSync(`/proc/${world.daemon!.pid}/status`, "utf8");
    const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)![1]);
    expect(kilobytes / 1024).to.be.lessThan(150);
  });
});
