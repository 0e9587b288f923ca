import { expect } from "chai";
import type { Check, GateContext } from "../../gates/gate.ts";
import { networkFoundation } from "../../gates/01-network-foundation.ts";
import { gates } from "../../gates/registry.ts";
import { runCheck, runGate } from "../../gates/runner.ts";
import { Trial } from "../trial.ts";
import { lookAtNetwork } from "./network-seen.ts";
import { redTests } from "./red-tests.ts";

/** Polls without waiting: what is red stays red here, and a test has better things to do. */
function hurried() {
  let time = 0;
  return { now: () => time, wait: (milliseconds: number) => Promise.resolve(void (time += milliseconds)) };
}

describe("the red-test table", () => {
  it("has an entry for every check of every gate, and none for a check that does not exist", () => {
    const ids = gates.flatMap(({ checks }) => checks.map(({ id }) => id));
    expect(Object.keys(redTests).sort()).to.deep.equal([...ids].sort());
    for (const [id, breaks] of Object.entries(redTests)) expect(Object.keys(breaks), id).to.not.be.empty;
  });
});

describe("gate 01 on a network that up has built", () => {
  let trial: Trial;
  let context: GateContext;
  before(async () => {
    trial = new Trial();
    await trial.must("up");
    context = { environment: trial.environment, sources: trial.sources };
  });
  after(() => trial[Symbol.asyncDispose]());

  it("is green, and says that a stand-in answered", async () => {
    const result = await runGate(networkFoundation, context, { exercise: false, clock: hurried() });
    expect(result.checks.map(({ check, status }) => `${check.id} ${status}`)).to.deep.equal(networkFoundation.checks.map(({ id }) => `${id} green`));
    expect(result).to.include({ status: "green", via: "stand-in" });
  });

  for (const check of networkFoundation.checks) {
    for (const [name, breakIt] of Object.entries(redTests[check.id] ?? {})) {
      it(`${check.id} turns red for ${name}, names it, and is green again when mended`, async () => {
        const { mend, names } = await breakIt(await lookAtNetwork(trial));
        try {
          const broken = await look(check);
          expect(broken.status).to.equal("red");
          expect(broken.error).to.include(names);
        } finally {
          await mend();
        }
        expect((await look(check)).status).to.equal("green");
      });
    }
  }

  it("is red when the settings ask for another range than was built", async () => {
    const { environment } = context;
    const other = { ...context, environment: { ...environment, network: { ...environment.network, vpcCidr: "10.9.0.0/16", subnetCidr: "10.9.0.0/24" } } };
    const { checks } = await runGate(networkFoundation, other, { exercise: false, clock: hurried() });
    expect(checks.filter(({ status }) => status === "red").map(({ check }) => check.id)).to.deep.equal(["01.vpc", "01.subnet"]);
  });

  it("is red from end to end for an environment that was never built", async () => {
    const strange = { ...context, environment: { ...context.environment, name: "stranger" } };
    const { checks } = await runGate(networkFoundation, strange, { exercise: false, clock: hurried() });
    expect(checks.map(({ status }) => status)).to.deep.equal(networkFoundation.checks.map(() => "red"));
  });

  const look = (check: Check) => runCheck(check, context, hurried());
});
