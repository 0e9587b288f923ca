import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { isAlive } from "../../rehearsal/daemon.ts";
import { Trial } from "../trial.ts";

describe("the local world", () => {
  it("that died is started anew, said, and built again", async () => {
    await using trial = new Trial();
    await trial.must("up");
    const first = trial.emulator;
    process.kill(first.pid, "SIGKILL");
    const { stdout } = await trial.must("status");
    expect(stdout).to.include("died");
    const { stderr } = await trial.must("up");
    expect(stderr).to.include("the local world had died");
    expect(trial.emulator.pid).to.not.equal(first.pid);
    await trial.must("gates");
  });

  it("whose record was deleted with the run data is ended and begun anew", async () => {
    await using trial = new Trial();
    await trial.must("up");
    const orphan = trial.emulator;
    rmSync(join(trial.directory, ".moonback"), { recursive: true });
    await trial.must("up");
    expect(isAlive(orphan)).to.equal(false);
  });

  it("whose record another version wrote is begun anew", async () => {
    await using trial = new Trial();
    await trial.must("up");
    const { emulator } = trial;
    writeFileSync(join(trial.directory, ".moonback/trial/world.json"), JSON.stringify({ version: 0, emulator }));
    await trial.must("up");
    expect(isAlive(emulator)).to.equal(false);
  });

  it("of another folder is never touched: the second one is told to take another address plan", async () => {
    await using first = new Trial();
    await using second = new Trial(first.plan);
    await first.must("up");
    const { code, stderr } = await second.moonback("up");
    expect(code).to.equal(1);
    expect(stderr).to.include(first.directory).and.include("network.vpcCidr");
    expect(isAlive(first.emulator)).to.equal(true);
    await first.must("gates");
  });

  it("whose passphrase is gone is not given a new one over state that only the old one opens", async () => {
    await using trial = new Trial();
    await trial.must("up");
    const passphrase = join(trial.directory, ".moonback/trial/passphrase");
    renameSync(passphrase, `${passphrase}.away`);
    const { code, stderr } = await trial.moonback("up");
    expect(code).to.equal(2);
    expect(stderr).to.include(passphrase).and.include("PULUMI_CONFIG_PASSPHRASE");
    renameSync(`${passphrase}.away`, passphrase);
    await trial.must("up");
  });
});
