import { expect } from "chai";
import { lostType } from "../../automation/recovery/lost.ts";
import { listLeftovers } from "../../automation/sweep.ts";
import { Trial } from "../trial.ts";
import { enginesOf, faultsOf, killWhileHeld, orphansOf, removeMarkers, stateOf } from "./killing.ts";

/** How many of each kind of thing there are. */
const census = async (trial: Trial): Promise<Record<string, number>> => {
  const kinds = (await listLeftovers(trial.sources, trial.environment)).map(({ kind }) => kind).sort();
  return Object.fromEntries([...Map.groupBy(kinds, (kind) => kind)].map(([kind, all]) => [kind, all.length]));
};

describe("a run that is killed after a create was accepted and before it was recorded", function () {
  this.timeout(900_000);

  it("is recovered by the next up, for each resource type in use: one of each thing, no lock, nothing pending, no process", async () => {
    await using trial = new Trial();
    // Later stages use no other types.
    trial.through = "nodes";
    trial.set("nodes.count", 1);
    await trial.must("up");
    const undisturbed = { names: stateOf(trial).resources.map(({ urn }) => urn).sort(), census: await census(trial) };
    const inUse = [...new Set(stateOf(trial).resources.flatMap(({ type, custom }) => (custom && !type.startsWith("pulumi:") ? [type] : [])))].sort();
    expect(inUse, "the table knows every type in use").to.satisfy((types: string[]) => types.every((type) => lostType(type) !== undefined));
    await trial.must("down", "--yes", "--keep-world");

    const matrix = new Map<string, string>();
    let waiting = inUse;
    try {
      // Each round kills what can be created next; the round after it recovers that, and goes on.
      for (let round = 1; waiting.length > 0; round += 1) {
        const { held, code, stderr } = await killWhileHeld(trial, waiting);
        expect([code, held.length > 0], `nothing was held in round ${round}; still waiting: ${waiting.join(", ")}\n${stderr}`).to.deep.equal([undefined, true]);
        expect(orphansOf(enginesOf(trial)), "the plugins that hang are still there").to.not.be.empty;
        for (const type of held) matrix.set(type, `killed in round ${round}`);
        waiting = waiting.filter((type) => !held.includes(type));
      }
      const { stderr } = await trial.must("up");
      expect(stderr).to.include("was killed: its lock is cleared").and.include("a run that was killed left").and.include("the lock is cleared");
    } finally {
      removeMarkers(trial);
    }
    for (const type of inUse) console.log(`      ${type.padEnd(56)} ${matrix.get(type) ?? "not killed"}, recovered`);
    expect(await faultsOf(trial)).to.deep.equal([]);
    expect(stateOf(trial).resources.map(({ urn }) => urn).sort()).to.deep.equal(undisturbed.names);
    expect(await census(trial)).to.deep.equal(undisturbed.census);
    expect(await trial.previewed(), "nothing is left to change").to.deep.equal([]);
    await trial.must("down", "--yes", "--keep-world");
    expect(await listLeftovers(trial.sources, trial.environment)).to.deep.equal([]);
  });
});
