import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { injectFault } from "../../rehearsal/faults.ts";
import type { Trial } from "../trial.ts";
import { emptyWorld, ended, expectMended, expectTold, network, untilSaid } from "./faulty.ts";
import { enginesOf, faultsOf, orphansOf, strayProcesses } from "./killing.ts";

const meetMs = 60_000;

/** Waits until only one of them has not ended. */
function allButOne(runs: readonly Promise<unknown>[]): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  let left = runs.length;
  for (const run of runs) {
    void run.then(() => {
      left -= 1;
      if (left === 1) resolve(undefined);
    });
  }
  return promise;
}

// One world for all: each run goes on from where the one before was ended.
describe("a run and whoever wants to end it, or to begin another one", () => {
  let trial: Trial;
  const held = mkdtempSync(join(tmpdir(), "moonback-held-"));
  before(async () => {
    trial = await emptyWorld();
  });
  after(async () => {
    rmSync(held, { recursive: true });
    await trial[Symbol.asyncDispose]();
  });

  it("waits after Ctrl-C for the call that hangs, names it, records it, and frees the lock", async () => {
    const hold = await injectFault(trial.endpoint, { call: "ec2:CreateSubnet", effect: { kind: "hold" } });
    const run = trial.start(["up", ...network]);
    await hold.met(1, meetMs);
    const told = untilSaid(run, "still at it: stage network, create of aws:ec2/subnet:Subnet network-subnet (");
    const interrupted = performance.now();
    run.kill("SIGINT");
    await told;
    expect(performance.now() - interrupted, "nothing stays quiet for longer").to.be.lessThan(15_000);
    await hold.lift();
    expectTold(await ended(run), 130, "interrupted: waiting for the call in flight to be recorded", "it goes on from here");
    expect(await faultsOf(trial)).to.deep.equal([]);
  });

  it("ends at the second Ctrl-C at once, engine and plugins too, and the next up looks up what it had begun", async () => {
    const marker = join(held, "table");
    // A plugin in the middle of a call hears no signal that can be ignored.
    const run = trial.start(["up", ...network], { MOONBACK_HOLD_CREATE: `aws:ec2/routeTable:RouteTable=${marker}` });
    while (!existsSync(marker)) await delay(50);
    const engines = enginesOf(trial);
    expect(orphansOf(engines), "the engine and its plugin").to.have.length.greaterThan(1);
    const told = untilSaid(run, "interrupted");
    run.kill("SIGINT");
    await told;
    const again = performance.now();
    run.kill("SIGINT");
    const { code, stderr } = await ended(run);
    expect([code, performance.now() - again < 2_000], stderr).to.deep.equal([130, true]);
    expect(stderr).to.include("ended at once: what was begun is looked up by the next run");
    expect([...orphansOf(engines), ...strayProcesses(trial)]).to.deep.equal([]);
    expect((await expectMended(trial)).stderr).to.match(/network-routes was made as rtb-\w+: recorded/);
  });

  it("is the only one: of three ups and a down at once, one goes on, and the others are told who it is, exit 5", async () => {
    const args = [["up", ...network], ["up", ...network], ["up", ...network], ["down", "--yes", "--keep-world"]];
    // Who holds the environment asks whose credentials these are, and hears it only when the others have ended.
    const hold = await injectFault(trial.endpoint, { call: "sts:GetCallerIdentity", effect: { kind: "hold" } });
    const started = args.map((words) => ended(trial.start(words)));
    await hold.met(1, meetMs);
    await allButOne(started);
    await hold.lift();
    const runs = await Promise.all(started);
    const refused = runs.filter(({ code }) => code === 5);
    expect([runs.filter(({ code }) => code === 0).length, refused.length], runs.map(({ stderr }) => stderr).join("\n")).to.deep.equal([1, 3]);
    for (const { stderr } of refused) expect(stderr).to.match(/^✗ trial is being changed by `(up|down)` \(pid \d+\) of .+ on .+, since .+\n◎ next: Wait for that run to end/);
    await expectMended(trial);
  });

  it("is freed by unlock of what another machine has left locked, after a yes only", async () => {
    const since = "2026-01-02T03:04:05.000Z";
    const runLock = join(trial.runData, "run.lock");
    writeFileSync(runLock, JSON.stringify({ verb: "up", run: "r", pid: 7, startTime: "1", host: "elsewhere", user: "ada", since }));
    // One of a stack that is there, and one that has outlived its stack.
    const stackLocks = ["trial-network", "trial-bastion"].map((stack) => join(trial.runData, "state/.pulumi/locks/organization/moon-and-back", stack, "x.json"));
    for (const file of stackLocks) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, JSON.stringify({ pid: 7, username: "ada", hostname: "elsewhere", timestamp: since }));
    }
    const left = (): boolean[] => [runLock, ...stackLocks].map((file) => existsSync(file));
    expectTold(await trial.moonback("up", ...network), 5, "`up` (pid 7) of ada on elsewhere", "npm run unlock -- trial");
    expectTold(await trial.moonback("unlock"), 2, "`up` (pid 7) of ada on elsewhere", "the stack trial-network: ada@elsewhere (pid 7)", "--yes");
    expect(left()).to.deep.equal([true, true, true]);
    await trial.must("unlock", "--yes");
    expect(left()).to.deep.equal([false, false, false]);
    await expectMended(trial);
  });

  it("lets neither an up nor an unlock come into a down", async () => {
    const hold = await injectFault(trial.endpoint, { call: "ec2:DeleteSubnet", effect: { kind: "hold" } });
    const down = trial.start(["down", "--yes", "--keep-world"]);
    await hold.met(1, meetMs);
    const began = performance.now();
    expectTold(await trial.moonback("up", ...network), 5, `\`down\` (pid ${down.pid ?? "?"})`, "Wait for that run to end");
    expect(performance.now() - began, "at once").to.be.lessThan(10_000);
    expectTold(await trial.moonback("unlock", "--yes"), 5, `\`down\` (pid ${down.pid ?? "?"})`, "Ctrl-C there");
    await hold.lift();
    expect((await ended(down)).code).to.equal(0);
    expect((await trial.must("unlock")).stdout).to.equal("trial is not locked.");
  });
});
