import { expect } from "chai";
import { talosNetboots } from "../../gates/04-talos-netboots.ts";
import type { Check, CheckResult, GateContext } from "../../gates/gate.ts";
import { runCheck, runGate } from "../../gates/runner.ts";
import { poll, systemClock } from "../../common/poll.ts";
import { Trial } from "../trial.ts";
import { lookAtNodes } from "./nodes-seen.ts";
import { redNodes } from "./red-nodes.ts";

/** What is broken, or mended, on a machine takes a moment to show. */
const showsWithinMs = 90_000;

describe("gate 04 on the nodes that up has built", function () {
  this.timeout(600_000);
  let trial: Trial;
  before(async () => {
    trial = new Trial();
    trial.through = "cluster";
    trial.set("nodes.count", 2);
    await trial.must("up");
  });
  after(() => trial[Symbol.asyncDispose]());

  const context = (): GateContext => ({ environment: trial.environment, sources: trial.sources });
  const becomes = (check: Check, status: CheckResult["status"], names = ""): Promise<CheckResult> =>
    poll(
      async () => {
        const result = await runCheck({ ...check, timeoutMs: check.passes === 1 ? 0 : 20_000 }, context(), systemClock);
        return result.status === status && (result.error ?? "").includes(names) ? { done: true, value: result } : { done: false, reason: `${check.id} is ${result.status}: ${result.error ?? result.evidence ?? ""}; wanted ${status} ${names}` };
      },
      { timeoutMs: showsWithinMs, intervalMs: 200 },
    );

  it("is green, with evidence for each node, and says that a stand-in answered", async () => {
    const result = await runGate(talosNetboots, context(), { exercise: true, patienceMs: 60_000 });
    expect(result.checks.filter(({ status }) => status === "red").map(({ check, error }) => `${check.id} ${error ?? ""}`)).to.deep.equal([]);
    expect(result).to.include({ status: "green", via: "stand-in" });
    for (const { check, evidence } of result.checks) {
      const every = check.id === "04.etcd" || check.id === "04.api" ? [] : ["talos-node-1", "talos-node-2"];
      for (const name of every) expect(evidence, check.id).to.include(name);
    }
  });

  for (const check of talosNetboots.checks) {
    for (const [name, broken] of Object.entries(redNodes[check.id] ?? {})) {
      it(`${check.id} turns red for ${name}, names it, and is green when mended`, async () => {
        await becomes(check, "green");
        const { mend, names } = await broken(await lookAtNodes(trial));
        try {
          expect((await becomes(check, "red", names)).error).to.include(names);
        } finally {
          await mend();
        }
        await becomes(check, "green");
      });
    }
  }

  it("is red when the settings ask for another node, role or variant than was built", async () => {
    const { environment } = trial;
    const asked = async (nodes: Partial<typeof environment.nodes>): Promise<string[]> => {
      const { checks } = await runGate(talosNetboots, { ...context(), environment: { ...environment, nodes: { ...environment.nodes, ...nodes } } }, { exercise: false, patienceMs: 15_000 });
      return checks.filter(({ status }) => status === "red").map(({ check }) => check.id);
    };
    expect(await asked({ gateways: [2] })).to.deep.equal(["04.version"]);
    expect(await asked({ count: 3 })).to.include.members(["04.machines", "04.nodes"]);
    expect(await asked({ count: 1 })).to.include.members(["04.machines", "04.nodes"]);
  });

  it("is red from end to end for an environment that was never built", async () => {
    const nobody = { via: "stand-in" as const, by: "nobody", client: () => Promise.reject(new Error("there is no bastion: its stage has not been built")) };
    const strange = { environment: { ...trial.environment, name: "stranger" }, sources: { ...trial.sources, bastion: nobody, talos: nobody, kubernetes: nobody } };
    const { checks } = await runGate(talosNetboots, strange, { exercise: true, patienceMs: 0 });
    expect(checks.map(({ check, status }) => `${check.id} ${status}`)).to.deep.equal(talosNetboots.checks.map(({ id }) => `${id} red`));
  });
});
