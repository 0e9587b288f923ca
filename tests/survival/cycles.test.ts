import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { listLeftovers } from "../../automation/sweep.ts";
import { Trial } from "../trial.ts";
import { faultsOf, killRun, strayProcesses } from "./killing.ts";

/** MOONBACK_CYCLES=20 for the whole figure; a few show that nothing is broken. */
const cycles = Number(process.env["MOONBACK_CYCLES"] ?? 3);
/** The same kills again: MOONBACK_SEED is what a red run printed. */
const seed = Number(process.env["MOONBACK_SEED"] ?? randomInt(2 ** 31));

/** A small generator of numbers in [0, 1): the same for the same seed (Marsaglia, Xorshift RNGs, 2003). */
function random(state: number): () => number {
  let x = state | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}

/** Runs a verb and kills it, with its engines, at some moment; nothing happens where it was faster. */
async function killedSometime(trial: Trial, args: readonly string[], afterMs: number): Promise<string> {
  const run = trial.start(args);
  const what = await Promise.race([run.then(({ exitCode }) => `ended by itself with ${exitCode ?? "?"}`), delay(afterMs, "killed", { ref: false })]);
  if (what === "killed") killRun(trial, run);
  await run;
  return `${args[0] ?? "?"} ${what} after ${Math.round(afterMs)} ms`;
}

describe(`${cycles} cycles of up and down with a random kill in each (seed ${seed})`, function () {
  this.timeout(cycles * 300_000);

  it("leave nothing behind", async () => {
    await using trial = new Trial();
    const next = random(seed);
    const began = performance.now();
    await trial.must("up");
    // A kill comes anywhere in an up or in a down of the length that they have here.
    const longest = performance.now() - began;
    await trial.must("down", "--yes", "--keep-world");
    const told: string[] = [];
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      const kills = [await killedSometime(trial, ["up"], next() * longest)];
      if (next() < 0.5) {
        await trial.must("up");
        expect(await faultsOf(trial), `cycle ${cycle}: ${kills.join()}`).to.deep.equal([]);
        expect(await trial.previewed(), `cycle ${cycle}: ${kills.join()}`).to.deep.equal([]);
        kills.push(await killedSometime(trial, ["down", "--yes", "--keep-world"], next() * longest * 0.5));
      }
      const { code, stderr } = await trial.moonback("down", "--yes", "--keep-world");
      told.push(`${cycle}: ${kills.join(", ")}`);
      expect(code, `cycle ${cycle}, ${kills.join()}: ${stderr}`).to.equal(0);
      expect(await listLeftovers(trial.sources, trial.environment), `cycle ${cycle}: ${kills.join()}`).to.deep.equal([]);
      expect(strayProcesses(trial), `cycle ${cycle}: ${kills.join()}`).to.deep.equal([]);
    }
    for (const line of told) console.log(`      ${line}`);
  });
});
