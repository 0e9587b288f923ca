import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { execa } from "execa";
import { injectFault } from "../../rehearsal/faults.ts";
import { Trial, type Ran } from "../trial.ts";
import { emptyWorld, ended, expectMended, expectTold, network } from "./faulty.ts";
import { smallDisk, type SmallDisk } from "./small-disk.ts";

const meetMs = 60_000;

describe("a run on a disk that is full", () => {
  let trial: Trial;
  let disk: SmallDisk | undefined;
  before(async function () {
    trial = new Trial();
    const place = join(trial.directory, "disk");
    mkdirSync(place);
    disk = await smallDisk(place, 8);
    if (disk !== undefined) symlinkSync(disk.folder, join(trial.directory, ".moonback"));
  });
  after(async () => {
    disk?.makeRoom();
    await trial[Symbol.asyncDispose]();
    disk?.[Symbol.dispose]();
  });
  const needsDisk = (test: Mocha.Context): SmallDisk => {
    if (disk !== undefined) return disk;
    console.log("      this machine lets ordinary users mount nothing (unshare --user --mount)");
    return test.skip();
  };

  it("from the beginning ends with exit 1, and begins once there is room", async function () {
    const { fill, makeRoom } = needsDisk(this);
    fill();
    for (const args of [["up", ...network], ["down", "--yes"]]) expectTold(await trial.moonback(...(args as [string, ...string[]])), 1, "The disk is full.", "Make room");
    makeRoom();
    await trial.must("preview", "--stage", "network");
  });

  it("from the middle of an up on ends with exit 1, and goes on with one of each thing once there is room", async function () {
    const { fill, makeRoom } = needsDisk(this);
    const hold = await injectFault(trial.endpoint, { call: "ec2:CreateSubnet", effect: { kind: "hold" } });
    const run = trial.start(["up", ...network]);
    await hold.met(1, meetMs);
    fill();
    await hold.lift();
    // The engine tries for half a minute to write its state.
    expectTold(await ended(run), 1, "The engine failed on trial-network. The disk is full.", "no space left on device", "Make room");
    makeRoom();
    await expectMended(trial);
  });

  it("for the ledger alone ends with exit 1 before anything is done; for the emulator's log alone it does not matter", async () => {
    await using other = new Trial();
    mkdirSync(join(other.runData, "logs"), { recursive: true });
    const ledger = join(other.runData, "ledger.ndjson");
    symlinkSync("/dev/full", ledger);
    symlinkSync("/dev/full", join(other.runData, "logs/aws-requests.ndjson"));
    expectTold(await other.moonback("up", ...network), 1, "The disk is full.", "Make room");
    rmSync(ledger);
    // A call that AWS has done is answered: else it would be done again.
    await expectMended(other);
  });
});

describe("a run without a provider plugin that works", () => {
  it("ends with what to do, and goes on once it is there", async () => {
    await using trial = await emptyWorld();
    using copy = productCopy();
    const plugin = join(copy.folder, "rehearsal/providers/bin/pulumi-resource-aws");
    const text = '#!/bin/sh\necho "out of order" >&2\nexit 139\n';

    rmSync(plugin);
    expectTold(await copy.moonback(trial, "up", ...network), 2, "A provider plugin is missing.", "rehearsal/providers/bin: put them back");
    writeFileSync(plugin, text);
    chmodSync(plugin, 0o755);
    expectTold(await copy.moonback(trial, "up", ...network), 1, "A provider plugin has ended by itself, or was killed.", "out of order", "npm ci");
    await expectMended(trial);

    rmSync(plugin);
    expectTold(await copy.moonback(trial, "down", "--yes"), 2, "A provider plugin is missing.");
  });
});

describe("a run whose provider plugin is killed in the middle of a call", () => {
  const held = mkdtempSync(join(tmpdir(), "moonback-held-"));
  after(() => rmSync(held, { recursive: true }));

  /** The engine takes what nobody answered for failed, and forgets it: AWS has it all the same. */
  const killed = async (trial: Trial, type: string): Promise<Ran> => {
    const marker = join(held, type.replaceAll(/[:/]/g, "-"));
    const run = trial.start(["up", ...network], { MOONBACK_HOLD_CREATE: `${type}=${marker}` });
    while (!existsSync(marker)) await delay(50);
    process.kill(Number(readFileSync(marker, "utf8")), "SIGKILL");
    return ended(run);
  };

  it("says so, and the next down and the next up find what it had made", async () => {
    await using trial = await emptyWorld();
    expectTold(await killed(trial, "aws:ec2/subnet:Subnet"), 1, "A provider plugin has ended by itself, or was killed.", "dmesg");
    expect((await trial.must("down", "--yes", "--keep-world")).stdout).to.include("lists nothing of it");
    expectTold(await killed(trial, "aws:ec2/vpc:Vpc"), 1, "A provider plugin has ended by itself, or was killed.");
    expect((await expectMended(trial)).stderr).to.match(/network-vpc is there as vpc-\w+, and was not in the state: recorded/);
  });
});

interface ProductCopy {
  readonly folder: string;
  /** Runs a verb of the copy in a trial's folder. */
  moonback(trial: Trial, ...args: readonly string[]): Promise<Ran>;
  [Symbol.dispose](): void;
}

/** The product in a folder of its own, where something can be broken: others use the checkout at the same time. */
function productCopy(): ProductCopy {
  const checkout = join(import.meta.dirname, "../..");
  const folder = mkdtempSync(join(tmpdir(), "moonback-copy-"));
  for (const name of ["automation", "common", "components", "gates", "rehearsal", "stacks", "toolchain", "worlds", "package.json"]) {
    cpSync(join(checkout, name), join(folder, name), { recursive: true, verbatimSymlinks: true });
  }
  symlinkSync(join(checkout, "node_modules"), join(folder, "node_modules"));
  return {
    folder,
    moonback: async (trial, verb = "", ...options) => {
      const { exitCode, stdout, stderr } = await execa(process.execPath, [join(folder, "automation/moonback.mjs"), verb, "trial", ...options], { env: { MOONBACK_DIR: trial.directory }, stdin: "ignore", reject: false });
      return { code: exitCode, stdout, stderr };
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
