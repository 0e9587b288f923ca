import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { motoPython } from "../moto-tool.ts";
import { Trial } from "../trial.ts";

describe("Ctrl-C in a terminal, in the middle of an update", () => {
  it("lets the call in flight be recorded, frees the lock, and the next up ends with one of each thing", async () => {
    await using trial = new Trial();
    const cli = join(import.meta.dirname, "../../automation/moonback.mjs");
    const { exitCode, stdout } = await execa(motoPython, [join(import.meta.dirname, "terminal.py"), "LogGroup network", process.execPath, cli, "up", "trial"], {
      env: { MOONBACK_DIR: trial.directory },
      reject: false,
    });
    expect(exitCode, stdout).to.equal(130);
    expect(stdout).to.include("interrupted").and.include("it goes on from here");
    await trial.must("up");
    expect(await trial.vpcs()).to.have.length(1);
  });
});
