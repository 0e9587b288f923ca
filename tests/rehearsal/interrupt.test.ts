import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { motoPython } from "../moto-tool.ts";
import { Trial } from "../trial.ts";

const cli = join(import.meta.dirname, "../../automation/moonback.mjs");

/** Runs a verb in a terminal of its own and presses Ctrl-C when the text appears. */
const ctrlC = (trial: Trial, text: string, ...args: string[]) =>
  execa(motoPython, [join(import.meta.dirname, "terminal.py"), text, process.execPath, cli, ...args], { env: { MOONBACK_DIR: trial.directory }, reject: false });

describe("an interrupt", () => {
  it("by Ctrl-C in the middle of an update lets the call in flight be recorded, frees the lock, and the next up ends with one of each thing", async () => {
    await using trial = new Trial();
    const { exitCode, stdout } = await ctrlC(trial, "LogGroup network", "up", "trial", "--through", "network");
    expect(exitCode, stdout).to.equal(130);
    expect(stdout).to.include("interrupted").and.include("it goes on from here");
    await trial.must("up", "--through", "network");
    expect(await trial.vpcs()).to.have.length(1);
  });

  it("by a closed terminal does the same", async () => {
    await using trial = new Trial();
    const run = trial.start(["up", "--through", "network"]);
    for await (const line of run.iterable({ from: "stderr" })) if (line.includes("LogGroup network")) run.kill("SIGHUP");
    expect((await run).exitCode).to.equal(130);
    await trial.must("up", "--through", "network");
    expect(await trial.vpcs()).to.have.length(1);
  });

  it("at a question does nothing", async () => {
    await using trial = new Trial();
    const { exitCode, stdout } = await ctrlC(trial, "[y/N]", "down", "trial");
    expect(exitCode, stdout).to.equal(130);
    expect(stdout).to.include("Nothing was done.").and.not.include("bug");
  });

  it("ends a command whose call nobody answers", async () => {
    await using trial = new Trial();
    await trial.must("up", "--through", "network");
    process.kill(trial.emulator.pid, "SIGSTOP");
    try {
      const { exitCode, stdout } = await ctrlC(trial, "still at it", "gates", "trial", "--only", "01");
      expect(exitCode, stdout).to.equal(130);
    } finally {
      process.kill(trial.emulator.pid, "SIGCONT");
    }
  });
});
