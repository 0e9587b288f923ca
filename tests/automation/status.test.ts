import { expect } from "chai";
import type { LedgerEvent } from "../../automation/ledger.ts";
import { stageStatus } from "../../automation/standing.ts";
import { stages } from "../../stacks/registry.ts";

let second = 0;
const event = (run: string, over: Partial<LedgerEvent>): LedgerEvent => ({ at: new Date(Date.UTC(2026, 0, 1) + second++ * 1_000).toISOString(), run, kind: "run", status: "started", ...over });
const stage = (run: string, status: LedgerEvent["status"]) => event(run, { kind: "stage", stage: "network", status });
const gate = (run: string, status: LedgerEvent["status"], via: LedgerEvent["via"] = "stand-in") => event(run, { kind: "gate", gate: "01", stage: "network", status, via });
const up = (run: string) => [event(run, { verb: "up" }), stage(run, "started"), stage(run, "green"), gate(run, "started"), gate(run, "green"), event(run, { verb: "up", status: "green" })];
const down = (run: string) => [event(run, { verb: "down" }), stage(run, "started"), stage(run, "green"), event(run, { verb: "down", status: "green" })];

/** `network green; 01 green` */
function words(events: readonly LedgerEvent[]): string {
  const network = stageStatus(events).find(({ stage: name }) => name === "network")!;
  return `network ${network.status}; ${network.gates.map(({ gate: number, status }) => `${number} ${status}`).join(", ")}`;
}

describe("the status that the ledger gives", () => {
  it("lists every stage and gate of the registry, before anything ran", () => {
    const expected = stages.map(({ name, gates }) => ({ stage: name, status: "not built", gates: gates.map((number) => ({ gate: number, status: "never run" })) }));
    expect(stageStatus([])).to.deep.equal(expected);
  });

  it("is green after up, with times and who answered", () => {
    const events = up("u1");
    const [network] = stageStatus(events);
    expect(network).to.deep.equal({ stage: "network", status: "green", at: events[2]!.at, gates: [{ gate: "01", status: "green", via: "stand-in", at: events[4]!.at }] });
  });

  it("is the last word", () => {
    expect(words([...up("u1"), gate("g1", "red")])).to.equal("network green; 01 red");
    expect(words([...up("u1"), gate("g1", "red"), gate("g2", "green")])).to.equal("network green; 01 green");
    expect(words([...up("u1"), event("u2", { verb: "up" }), stage("u2", "started"), stage("u2", "failed")])).to.equal("network failed; 01 green");
  });

  it("says that a stage was begun and not ended, but of a gate what it last found", () => {
    expect(words([...up("u1"), stage("u2", "started")])).to.equal("network started; 01 green");
    expect(words([...up("u1"), gate("g1", "started")])).to.equal("network green; 01 green");
  });

  it("counts of a gate that looks at several stages what it found of this one", () => {
    const of = (name: string, status: LedgerEvent["status"]) => event("u1", { kind: "gate", gate: "01", stage: name, status, via: "real" });
    expect(words([...up("u1"), of("elsewhere", "red")])).to.equal("network green; 01 green");
    expect(words([...up("u1"), event("g1", { kind: "gate", gate: "01", status: "red" })])).to.equal("network green; 01 red");
  });

  it("forgets what was taken down", () => {
    expect(words([...up("u1"), ...down("d1")])).to.equal("network not built; 01 never run");
    expect(words([...up("u1"), ...down("d1"), ...up("u2")])).to.equal("network green; 01 green");
    expect(words([...up("u1"), ...down("d1"), stage("u2", "started")]), "an old gate proves nothing of the new stage").to.equal("network started; 01 never run");
    expect(words([...up("u1"), ...down("d1"), gate("g1", "red")])).to.equal("network not built; 01 red");
  });

  it("forgets a stage that is gone although something else was left, and down failed", () => {
    expect(words([...up("u1"), event("d1", { verb: "down" }), stage("d1", "started"), stage("d1", "green"), event("d1", { verb: "down", status: "failed" })])).to.equal("network not built; 01 never run");
  });

  it("keeps what a down did not come to", () => {
    expect(words([...up("u1"), event("d1", { verb: "down" }), event("d1", { verb: "down", status: "failed" })])).to.equal("network green; 01 green");
    expect(words([...up("u1"), event("d1", { verb: "down" }), event("d1", { verb: "down", status: "green" })]), "down --to network").to.equal("network green; 01 green");
    expect(words([...up("u1"), event("d1", { verb: "down" }), stage("d1", "started"), stage("d1", "failed")])).to.equal("network failed; 01 green");
  });
});
