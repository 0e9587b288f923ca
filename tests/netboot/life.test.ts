// The machine room as a process: started twice, killed, left alone by its world; nothing that it started may outlive it.

import { existsSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { processStartTime } from "../../common/process-start-time.ts";
import { internetAddress } from "../../rehearsal/addresses.ts";
import { isAlive, stopDaemon, type Daemon } from "../../common/daemon.ts";
import { markedProcesses } from "../../rehearsal/netboot/children.ts";
import { roomOf } from "../../rehearsal/netboot/control.ts";
import { machinesFolder, machinesPath, roomSocket } from "../../rehearsal/netboot/room-folder.ts";
import { startMachines } from "../../rehearsal/netboot/start.ts";
import { startEmulator } from "../emulator/start.ts";
import { until, World } from "./world.ts";

/** The shell that waits for the room's end, by its arguments. */
function reaperOf(world: World): number | undefined {
  return readdirSync("/proc").map(Number).find((pid) => pid > 0 && commandLine(pid).includes("reaper.sh") && commandLine(pid).includes(machinesPath(world.runData)));
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** Whether somebody else could listen there now. */
function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", () => done(false));
    server.listen(port, host, () => server.close(() => done(true)));
  });
}

describe("the machine room as a process", function () {
  this.timeout(60_000);
  let world: World;
  let id: string;

  before(async () => {
    world = await World.make();
    await world.start();
    await world.publishIpv4(true);
    id = await world.launch();
    await world.booted(id);
    // From here on nothing starts or ends by itself.
    await until("the Talos images are there", async () => (await world.machine(id))?.services["assets"] === "exited");
  });
  after(() => world.stop());

  const children = (): number[] => markedProcesses(machinesPath(world.runData));
  const allFree = async (): Promise<boolean> => {
    const { host, registryPorts, tlsPort } = internetAddress(world.vpcCidr);
    const places = [...[5050, 5150, 8080, 3128, 20053].map((port) => [world.local, port] as const), ...[...registryPorts, tlsPort].map((port) => [host, port] as const)];
    return (await Promise.all(places.map(([at, port]) => isFree(at, port)))).every(Boolean);
  };
  const alive = (daemon: Daemon | undefined): boolean => daemon !== undefined && isAlive(daemon);

  it("has a session of its own, and is of the project's directory", () => {
    const { pid } = world.daemon!;
    expect(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")[3]).to.equal(`${pid}`);
    expect(readlinkSync(`/proc/${pid}/cwd`)).to.equal(world.plan.owner);
  });

  it("is told nothing of whoever starts it", () => {
    const names = readFileSync(`/proc/${world.daemon!.pid}/environ`, "utf8").split("\0").filter(Boolean).map((line) => line.split("=", 1)[0]);
    expect(["PATH", "HOME", "TMPDIR", "LANG", "MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_", "NODE_COMPILE_CACHE"]).to.include.members(names);
  });

  it("started twice is one", async () => {
    const before = children();
    expect(await startMachines(world.plan)).to.deep.equal(world.daemon);
    expect(children()).to.deep.equal(before);
    expect(await roomOf(world.runData)).to.include({ ...world.daemon, epoch: world.plan.epoch, environment: "test", endpoint: world.plan.endpoint });
  });

  it("killed outright, takes everything with it", async () => {
    expect(children()).to.have.length.of.at.least(5);
    expect(await allFree()).to.equal(false);
    process.kill(world.daemon!.pid, "SIGKILL");
    await until("nothing is left and all ports are free", async () => children().length === 0 && reaperOf(world) === undefined && (await allFree()), 3_000);
  });

  it("started after that, boots what runs as if for the first time", async () => {
    const first = world.daemon;
    expect(await world.start()).to.not.deep.equal(first);
    expect(await world.booted(id)).to.include({ boot: "done" });
    await until("its registries run", async () => (await world.machine(id))?.services["registry-quay.io"] === "running");
  });

  it("cleans up at its start what even its reaper could not", async () => {
    process.kill(reaperOf(world)!, "SIGKILL");
    process.kill(world.daemon!.pid, "SIGKILL");
    await until("the room is gone", () => !alive(world.daemon));
    const left = children().map((pid) => ({ pid, startTime: processStartTime(pid)! }));
    expect(left).to.have.length.of.at.least(5);
    await world.start();
    expect(left.filter(isAlive)).to.deep.equal([]);
    expect(await world.booted(id)).to.include({ boot: "done" });
  });

  it("told to end, ends everything and leaves no socket", async () => {
    await stopDaemon(world.daemon!);
    expect(children()).to.deep.equal([]);
    expect(await allFree()).to.equal(true);
    expect(existsSync(roomSocket(world.runData))).to.equal(false);
    expect(await roomOf(world.runData)).to.equal(undefined);
    await until("its reaper is gone", () => reaperOf(world) === undefined);
  });

  it("says why it cannot start, and leaves nothing behind", async () => {
    const { host } = internetAddress(world.vpcCidr);
    const taken = createServer();
    await new Promise<void>((done) => taken.listen(4572, host, done));
    const failure = await world.start().then(() => "started", (error: unknown) => String(error));
    taken.close();
    expect(failure).to.match(/machine room did not start.*EADDRINUSE.*4572/s);
    expect(await allFree()).to.equal(true);
  });

  it("whose folder was deleted is replaced, and says why", async () => {
    const first = await world.start();
    rmSync(machinesFolder(world.runData), { recursive: true });
    const said: string[] = [];
    const second = await startMachines(world.plan, { progress: (line) => said.push(line) });
    expect(isAlive(first)).to.equal(false);
    expect(said).to.deep.equal(["the machine room has lost its folder, and is begun anew"]);
    await stopDaemon(second);
  });

  it("of another address plan is replaced", async () => {
    const first = await world.start();
    const second = await startMachines({ ...world.plan, vpcCidr: "10.252.0.0/16" });
    expect(isAlive(first)).to.equal(false);
    expect(await roomOf(world.runData)).to.include({ vpcCidr: "10.252.0.0/16" });
    await stopDaemon(second);
  });

  it("of another life of the emulator is replaced", async () => {
    const first = await world.start();
    const other = await startEmulator();
    const second = await startMachines({ ...world.plan, endpoint: other.endpoint, epoch: other.epoch });
    expect(isAlive(first)).to.equal(false);
    expect(await roomOf(world.runData)).to.include({ epoch: other.epoch });
    // And that emulator's end is its end.
    await other.stop();
    await until("it has ended by itself", () => !isAlive(second), 15_000);
    expect(readFileSync(world.plan.logFile, "utf8")).to.contain(`ending: the emulator at ${other.endpoint} is gone`);
  });

  it("does not believe an emulator of another epoch", async () => {
    const failure = await startMachines({ ...world.plan, epoch: "of-another-time" }).then(() => "started", (error: unknown) => String(error));
    expect(failure).to.match(/is another one now \(epoch test-\d+, not of-another-time\)/);
    expect(await roomOf(world.runData)).to.equal(undefined);
  });

  it("reads its plan strictly", async () => {
    const plan = join(world.folder, "plan.json");
    writeFileSync(plan, JSON.stringify({ ...world.plan, surprise: true }));
    const { execa } = await import("execa");
    const run = await execa(process.execPath, ["rehearsal/netboot/daemon.ts", plan], { cwd: world.plan.owner, reject: false });
    expect(run.exitCode).to.equal(1);
    expect(`${run.stdout}${run.stderr}`).to.contain("surprise");
  });
});
