import { expect } from "chai";
import { describeChange, describeCheck, describeGate, summarizeChanges } from "../../automation/describe.ts";
import type { Change } from "../../automation/engine-events.ts";
import { selectGates } from "../../automation/gates.ts";
import { indexOf, planOf } from "../../automation/verbs/up.ts";
import { ExitCode, UserError } from "../../common/errors.ts";
import { gates } from "../../gates/registry.ts";
import type { Check, CheckResult } from "../../gates/gate.ts";
import { stages } from "../../stacks/registry.ts";
import type { Stage } from "../../stacks/stage.ts";

const change = (op: Change["op"], properties: readonly string[] = []): Change => ({ op, urn: "urn", type: "aws:ec2/vpc:Vpc", name: "network-vpc", properties });

describe("a change in words", () => {
  for (const [op, properties, words] of [
    ["create", [], "+ aws:ec2/vpc:Vpc network-vpc"],
    ["update", ["tags"], "~ aws:ec2/vpc:Vpc network-vpc [tags]"],
    ["update", ["cidrBlock", "tags"], "~ aws:ec2/vpc:Vpc network-vpc [cidrBlock, tags]"],
    ["replace", ["cidrBlock"], "± aws:ec2/vpc:Vpc network-vpc [cidrBlock] (replaced)"],
    ["delete", [], "- aws:ec2/vpc:Vpc network-vpc"],
    ["outputs", [], "~ the stack's outputs"],
  ] as const) {
    it(words, () => expect(describeChange(change(op, properties))).to.equal(words));
  }

  for (const [ops, words] of [
    [[], "nothing to change"],
    [["create"], "1 to create"],
    [["update", "create", "create"], "2 to create, 1 to update"],
    [["delete", "replace", "delete"], "1 to replace, 2 to delete"],
    [["outputs"], "outputs to update"],
    [["outputs", "update"], "1 to update, outputs to update"],
  ] as const) {
    it(`${ops.join(", ") || "none"}: ${words}`, () => expect(summarizeChanges(ops.map((op) => change(op)))).to.equal(words));
  }
});

describe("a finding in words", () => {
  const result = (over: Partial<CheckResult>): CheckResult => ({
    check: { id: "01.vpc", title: "one VPC with the configured range" } as Check,
    status: "green",
    via: "stand-in",
    asked: ["moto"],
    durationMs: 1,
    ...over,
  });
  const gate = { number: "01", name: "network foundation", checks: [] };

  it("green: what was seen", () => {
    expect(describeCheck(result({ evidence: "vpc-1 10.10.0.0/16" }))).to.match(/^01\.vpc +vpc-1 10\.10\.0\.0\/16$/);
  });

  it("red: the claim that does not hold and the last error", () => {
    expect(describeCheck(result({ status: "red", error: "there is none" }))).to.match(/^01\.vpc +one VPC with the configured range\n {4}there is none$/);
  });

  it("not applicable: why", () => {
    expect(describeCheck(result({ status: "not-applicable", evidence: "needs a metal instance" }))).to.match(/^01\.vpc +does not apply: needs a metal instance$/);
  });

  it("a gate counts what is green, what does not apply apart, and says who answered, each once", () => {
    const checks = [result({}), result({ status: "red", asked: ["logs"] }), result({ status: "not-applicable" })];
    expect(describeGate({ gate, status: "red", via: "stand-in", checks, durationMs: 1 })).to.equal("gate 01 network foundation: red, 1 of 3 checks green, 1 not applicable [stand-in: moto, logs]");
    expect(describeGate({ gate, status: "green", via: "real", checks: [result({ asked: ["AWS"] })], durationMs: 1 })).to.equal("gate 01 network foundation: green, 1 of 1 checks green [real: AWS]");
  });
});

describe("the plan of up", () => {
  const all = ["a", "b", "c", "d"].map((name) => ({ name })) as unknown as Stage[];
  const words = (options: { through?: string; from?: string }) => planOf(options, all).map(({ stage, build }) => `${stage.name}${build ? "" : " (gates only)"}`).join(" ");
  const refusal = (action: () => unknown): UserError => {
    try {
      action();
    } catch (error) {
      if (error instanceof UserError) return error;
      throw error;
    }
    throw new Error("was accepted");
  };

  for (const [options, expected] of [
    [{}, "a b c d"],
    [{ through: "b" }, "a b"],
    [{ from: "c" }, "a (gates only) b (gates only) c d"],
    [{ from: "b", through: "c" }, "a (gates only) b c"],
    [{ from: "c", through: "c" }, "a (gates only) b (gates only) c"],
    [{ from: "a", through: "d" }, "a b c d"],
  ] as const) {
    it(`${JSON.stringify(options)}: ${expected}`, () => expect(words(options)).to.equal(expected));
  }

  it("refuses an order that does not work", () => {
    const error = refusal(() => words({ from: "d", through: "b" }));
    expect([error.exitCode, error.message, error.fix]).to.deep.equal([ExitCode.usage, "--from d comes after --through b.", "The order is a, b, c, d."]);
  });

  for (const name of ["roof", "", "A", "constructor"]) {
    it(`refuses the stage ${JSON.stringify(name)}, which there is not`, () => {
      for (const action of [() => indexOf(name, all), () => words({ from: name }), () => words({ through: name })]) {
        const error = refusal(action);
        expect([error.exitCode, error.message, error.fix]).to.deep.equal([ExitCode.usage, `There is no stage "${name}".`, "Stages: a, b, c, d."]);
      }
    });
  }

  it("finds a stage's place", () => expect(all.map(({ name }) => indexOf(name, all))).to.deep.equal([0, 1, 2, 3]));
  it("is of the registry's stages", () => expect(planOf({}).map(({ stage }) => stage)).to.deep.equal(stages));

  it("knows gates by their number, with or without its zero", () => {
    expect(selectGates(undefined)).to.deep.equal(gates);
    expect(selectGates(["01"])).to.deep.equal([gates[0]]);
    expect(selectGates(["1"])).to.deep.equal([gates[0]]);
    const error = refusal(() => selectGates(["01", "99"]));
    expect([error.exitCode, error.message]).to.deep.equal([ExitCode.usage, 'There is no gate "99".']);
    expect(error.fix).to.match(/^Known gates: 01\b/);
    expect(refusal(() => selectGates([""])).exitCode).to.equal(ExitCode.usage);
  });
});
