import { expect } from "chai";
import { networkFoundation } from "../../gates/01-network-foundation.ts";
import { bastion } from "../../gates/02-bastion.ts";
import { netboot } from "../../gates/03-netboot.ts";
import { gdpr } from "../../gates/09-gdpr.ts";
import type { Check, CheckResult, Gate, GateContext } from "../../gates/gate.ts";
import { gates } from "../../gates/registry.ts";
import { runCheck, runGate } from "../../gates/runner.ts";
import { poll, systemClock } from "../../common/poll.ts";
import { Trial } from "../trial.ts";
import { lookAtBastion, type BastionSeen } from "./bastion-seen.ts";
import type { Broken, RedTests } from "./break.ts";
import { lookAtNetwork } from "./network-seen.ts";
import { redBastion } from "./red-bastion.ts";
import { redGdpr } from "./red-gdpr.ts";
import { redNetboot } from "./red-netboot.ts";
import { redNetwork } from "./red-network.ts";
import { redNodes } from "../nodes/red-nodes.ts";

/** Gate 04 is about nodes, which have a suite of their own (tests/nodes). */
const here = gates.filter(({ number }) => number !== "04");
const withMachine: RedTests<BastionSeen> = { ...redBastion, ...redNetboot, ...redGdpr };
/** For every check of every gate: what makes it red. */
const redTests: Readonly<Record<string, Readonly<Record<string, unknown>>>> = { ...redNetwork, ...withMachine, ...redNodes };

async function broken(id: string, name: string, trial: Trial): Promise<Broken> {
  const onNetwork = redNetwork[id]?.[name];
  if (onNetwork !== undefined) return onNetwork(await lookAtNetwork(trial));
  return withMachine[id]![name]!(await lookAtBastion(trial));
}

/** What is broken, or mended, on a machine takes a moment to show. */
const showsWithinMs = 60_000;

describe("the red-test table", () => {
  it("has an entry for every check of every gate, and none for a check that does not exist", () => {
    const ids = gates.flatMap(({ checks }) => checks.map(({ id }) => id));
    expect(Object.keys(redTests).sort()).to.deep.equal([...ids].sort());
    for (const [id, breaks] of Object.entries(redTests)) expect(Object.keys(breaks), id).to.not.be.empty;
  });
});

describe("the gates on what up has built", () => {
  let trial: Trial;
  /** A network without a bastion in it: AWS takes nothing away that is in use. */
  let bare: Trial;
  before(async () => {
    [trial, bare] = [new Trial(), new Trial()];
    // Then the bastion has every service that there is.
    trial.set("nodes.controlPlanes", 3);
    await trial.must("up");
    await bare.must("up", "--through", "network");
  });
  after(async () => {
    await trial[Symbol.asyncDispose]();
    await bare[Symbol.asyncDispose]();
  });

  /** A connection of its own for every look: an old one would outlive what was broken. */
  const fresh = async <Result>(work: (context: GateContext) => Promise<Result>, on = trial): Promise<Result> => {
    const { source, close } = on.bastionWith();
    try {
      return await work({ environment: on.environment, sources: { ...on.sources, bastion: source } });
    } finally {
      close();
    }
  };
  const becomes = (check: Check, status: CheckResult["status"], on: Trial, names = ""): Promise<CheckResult> =>
    poll(
      async () => {
        const result = await fresh((context) => runCheck({ ...check, timeoutMs: 0 }, context, systemClock), on);
        // On the way to what it is about, a check may be red for other reasons.
        return result.status === status && (result.error ?? "").includes(names) ? { done: true, value: result } : { done: false, reason: `${check.id} is ${result.status}: ${result.error ?? result.evidence ?? ""}; wanted ${status} ${names}` };
      },
      { timeoutMs: showsWithinMs, intervalMs: 200 },
    );

  for (const gate of here) {
    it(`gate ${gate.number} is green, and says that a stand-in answered`, async () => {
      const result = await fresh((context) => runGate(gate, context, { exercise: true, patienceMs: 10_000 }));
      expect(result.checks.filter(({ status }) => status === "red").map(({ check, error }) => `${check.id} ${error ?? ""}`)).to.deep.equal([]);
      expect(result).to.include({ status: "green", via: "stand-in" });
    });

    for (const check of gate.checks) {
      for (const name of Object.keys(redTests[check.id] ?? {})) {
        it(`${check.id} turns red for ${name}, names it, and is what it was when mended`, async () => {
          const on = check.id in redNetwork ? bare : trial;
          const before = await becomes(check, check.id === "09.no-public-nodes" ? "not-applicable" : "green", on);
          const { mend, names } = await broken(check.id, name, on);
          try {
            expect((await becomes(check, "red", on, names)).error).to.include(names);
          } finally {
            await mend();
          }
          await becomes(check, before.status, on);
        });
      }
    }
  }

  it("gate 01 is red when the settings ask for another range than was built", async () => {
    const { environment } = trial;
    const other = { ...environment, network: { ...environment.network, vpcCidr: "10.9.0.0/16", subnetCidr: "10.9.0.0/24" } };
    const { checks } = await fresh((context) => runGate(networkFoundation, { ...context, environment: other }, { exercise: false, patienceMs: 0 }));
    expect(checks.filter(({ status }) => status === "red").map(({ check }) => check.id)).to.deep.equal(["01.vpc", "01.subnet"]);
  });

  it("gate 02 is red when the settings ask for another window, address or type than was built", async () => {
    const { environment } = trial;
    const other = {
      ...environment,
      window: { ...environment.window, hours: 4 as const },
      bastion: { ...environment.bastion, address: `${trial.plan}.0.101`, instanceType: "t4g.medium" },
    };
    const { checks } = await fresh((context) => runGate(bastion, { ...context, environment: other }, { exercise: false, patienceMs: 0 }));
    expect(checks.filter(({ status }) => status === "red").map(({ check }) => check.id)).to.deep.equal(["02.instance", "02.interface", "02.schedule"]);
  });

  it("gate 03 has nothing to say of a variant that the settings do not name", async () => {
    const { environment } = trial;
    const other = { ...environment, image: { "spin-only": environment.image!["spin-only"] } };
    const { checks } = await fresh((context) => runGate(netboot, { ...context, environment: other }, { exercise: false, patienceMs: 10_000 }));
    expect(checks.filter(({ status }) => status === "not-applicable").map(({ check }) => check.id)).to.deep.equal(["03.assets-spin-tailscale"]);
  });

  it("are red from end to end for an environment that was never built", async () => {
    const strange = { ...trial.environment, name: "stranger" };
    const nobody = { via: "stand-in" as const, by: "nobody", client: () => Promise.reject(new Error("there is no bastion: its stage has not been built")) };
    const all = async (gate: Gate): Promise<string[]> => {
      const { checks } = await runGate(gate, { environment: strange, sources: { ...trial.sources, bastion: nobody } }, { exercise: true, patienceMs: 0 });
      return checks.map(({ check, status }) => `${check.id} ${status}`);
    };
    for (const gate of [networkFoundation, bastion, netboot, gdpr]) expect(await all(gate)).to.deep.equal(gate.checks.map(({ id }) => `${id} red`));
  });
});
