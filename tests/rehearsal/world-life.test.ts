import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { isAlive } from "../../common/daemon.ts";
import { Trial } from "../trial.ts";

describe("the local world", () => {
  it("that died is started anew, said, and built again", async () => {
    await using trial = new Trial();
    await trial.must("up", "--through", "network");
    const first = trial.emulator;
    process.kill(first.pid, "SIGKILL");
    const { stdout } = await trial.must("status");
    expect(stdout).to.include("died");
    const { stderr } = await trial.must("up", "--through", "network");
    expect(stderr).to.include("the local world had died");
    expect(trial.emulator.pid).to.not.equal(first.pid);
    await trial.must("gates", "--only", "01");
  });

  it("whose record was deleted with the run data is ended and begun anew", async () => {
    await using trial = new Trial();
    await trial.must("up", "--through", "network");
    const orphan = trial.emulator;
    rmSync(join(trial.directory, ".moonback"), { recursive: true });
    await trial.must("up", "--through", "network");
    expect(isAlive(orphan)).to.equal(false);
  });

  it("that another version of the project started is used, and that is said", async () => {
    await using trial = new Trial();
    await trial.must("up", "--through", "network");
    const { emulator } = trial;
    const record = join(trial.directory, ".moonback/trial/world.json");
    const { code, ...older } = JSON.parse(readFileSync(record, "utf8")) as { readonly code: string };
    expect(code).to.match(/^[0-9a-f]{12}$/);
    const said = async () => (await trial.must("up", "--through", "network")).stderr.includes("started by another version of the project");
    expect(await said()).to.equal(false);
    writeFileSync(record, JSON.stringify(older));
    expect([await said(), isAlive(emulator)]).to.deep.equal([true, true]);
  });

  it("whose record another version wrote is begun anew", async () => {
    await using trial = new Trial();
    await trial.must("up", "--through", "network");
    const { emulator } = trial;
    writeFileSync(join(trial.directory, ".moonback/trial/world.json"), JSON.stringify({ version: 0, emulator }));
    await trial.must("up", "--through", "network");
    expect(isAlive(emulator)).to.equal(false);
  });

  it("of another folder is never touched: the second one is told to take another address plan", async () => {
    await using first = new Trial();
    await using second = new Trial(first.plan);
    await first.must("up", "--through", "network");
    const { code, stderr } = await second.moonback("up", "--through", "network");
    expect(code).to.equal(1);
    expect(stderr).to.include(first.directory).and.include("network.vpcCidr");
    expect(isAlive(first.emulator)).to.equal(true);
    await first.must("gates", "--only", "01");
    // What the first one's emulator says proves nothing of the second, and no shell may take it for its own.
    const gates = await second.moonback("gates", "--only", "01");
    expect(gates.code).to.equal(3);
    expect(gates.stderr).to.include("0 of 9 checks green").and.include("which this folder did not start");
    const env = await second.moonback("env");
    expect([env.code, env.stdout]).to.deep.equal([2, "false"]);
  });

  it("is started once by two runs at once; one of them goes on, the other is locked out or finds the work done", async () => {
    await using trial = new Trial();
    const runs = await Promise.all([trial.moonback("up", "--through", "network"), trial.moonback("up", "--through", "network")]);
    expect(runs.map(({ code }) => code)).to.include(0);
    for (const { code, stderr } of runs) expect(code, stderr).to.be.oneOf([0, 5]);
    expect(runs.filter(({ stderr }) => stderr.includes("✔ started moto"))).to.have.length(1);
    await trial.must("gates", "--only", "01");
    expect(await trial.vpcs()).to.have.length(1);
  });

  it("is not started to take down what is not up", async () => {
    await using trial = new Trial();
    const { stdout } = await trial.must("down", "--yes", "--to", "network");
    expect(stdout).to.include("Nothing of trial is up");
    expect((await trial.must("status")).stdout).to.include("stopped");
  });

  it("is reached past a proxy that answers nobody", async () => {
    await using trial = new Trial();
    const proxy = "http://127.0.0.1:9";
    const { exitCode, stderr } = await trial.start(["up", "--through", "network"], { http_proxy: proxy, https_proxy: proxy, HTTP_PROXY: proxy, HTTPS_PROXY: proxy, no_proxy: "example.org", NO_PROXY: "" });
    expect(exitCode, stderr).to.equal(0);
  });

  it("whose passphrase is gone is not given a new one over state that only the old one opens", async () => {
    await using trial = new Trial();
    await trial.must("up", "--through", "network");
    const passphrase = join(trial.directory, ".moonback/trial/passphrase");
    renameSync(passphrase, `${passphrase}.away`);
    const { code, stderr } = await trial.moonback("up", "--through", "network");
    expect(code).to.equal(2);
    expect(stderr).to.include(passphrase).and.include("PULUMI_CONFIG_PASSPHRASE");
    renameSync(`${passphrase}.away`, passphrase);
    await trial.must("up", "--through", "network");
  });
});
