import { expect } from "chai";
import type { EngineEvent } from "@pulumi/pulumi/automation/events.js";
import { EventCollector, type ResourceEvent } from "../../automation/engine-events.ts";

const stack = { type: "pulumi:pulumi:Stack", urn: "urn:pulumi:lab-network::moon-and-back::pulumi:pulumi:Stack::moon-and-back-lab-network" };
const vpc = { type: "aws:ec2/vpc:Vpc", urn: "urn:pulumi:lab-network::moon-and-back::moonback:network:Network$aws:ec2/vpc:Vpc::network-vpc" };
const subnet = { type: "aws:ec2/subnet:Subnet", urn: "urn:pulumi:lab-network::moon-and-back::moonback:network:Network$aws:ec2/subnet:Subnet::network-subnet" };

/** Only what the engine's events hold that is read here. */
const event = (over: object): EngineEvent => ({ sequence: 1, timestamp: 1_700_000_000, ...over });
const step = (op: string, resource: { type: string; urn: string }, over: object = {}) => ({ op, provider: "", ...resource, ...over });
const planned = (...step_: Parameters<typeof step>) => event({ resourcePreEvent: { metadata: step(...step_) } });
const finished = (...step_: Parameters<typeof step>) => event({ resOutputsEvent: { metadata: step(...step_) } });
const failed = (...step_: Parameters<typeof step>) => event({ resOpFailedEvent: { metadata: step(...step_), status: 1, steps: 1 } });
const said = (severity: string, message: string, urn?: string) => event({ diagnosticEvent: { severity, message, color: "always", ...(urn === undefined ? {} : { urn }) } });

function collect(...events: EngineEvent[]) {
  const seen: ResourceEvent[] = [];
  const collector = new EventCollector((one) => seen.push(one));
  for (const one of events) collector.take(one);
  const { changes, errors, warnings } = collector;
  return { changes, errors, warnings, seen: seen.map(({ kind, change }) => `${kind} ${change.op} ${change.name}`) };
}
const short = ({ changes }: ReturnType<typeof collect>) => changes.map(({ op, name, properties }) => [op, name, ...properties]);

describe("engine events", () => {
  it("of a creation are one change, and two things that happen", () => {
    const { changes, seen } = collect(planned("create", vpc, { new: {}, detailedDiff: { tags: {} }, diffs: ["tags"] }), finished("create", vpc));
    expect(changes).to.deep.equal([{ op: "create", ...vpc, name: "network-vpc", properties: [] }]);
    expect(seen).to.deep.equal(["doing create network-vpc", "done create network-vpc"]);
  });

  it("of an update name each property that differs, once and sorted", () => {
    expect(short(collect(planned("update", vpc, { diffs: ["tags", "cidrBlock", "tags"] })))).to.deep.equal([["update", "network-vpc", "cidrBlock", "tags"]]);
  });

  it("are read by their detailed diff where there is one", () => {
    const both = planned("update", vpc, { diffs: ["tags", "tagsAll"], detailedDiff: { "tags.owner": { diffKind: "add", inputDiff: true } } });
    expect(short(collect(both))).to.deep.equal([["update", "network-vpc", "tags.owner"]]);
    expect(short(collect(planned("update", vpc, { diffs: ["tags"], detailedDiff: {} }))), "an empty one says nothing").to.deep.equal([["update", "network-vpc", "tags"]]);
    expect(short(collect(planned("update", vpc, { diffs: ["tags"], detailedDiff: null })))).to.deep.equal([["update", "network-vpc", "tags"]]);
    expect(short(collect(planned("update", vpc, { diffs: null, detailedDiff: null })))).to.deep.equal([["update", "network-vpc"]]);
  });

  for (const order of [["create-replacement", "replace", "delete-replaced"], ["delete-replaced", "replace", "create-replacement"]]) {
    it(`of a replacement are one change, though the engine shows ${order.join(", ")}`, () => {
      const detail = { detailedDiff: { availabilityZone: { diffKind: "update-replace" } } };
      const { changes, seen } = collect(...order.flatMap((op) => [planned(op, subnet, detail), finished(op, subnet, detail)]));
      expect(changes).to.deep.equal([{ op: "replace", ...subnet, name: "network-subnet", properties: ["availabilityZone"] }]);
const parts = { "create-replacement": "replace", "delete-replaced": "delete" } as Record<string, string>;
      const happened = order.flatMap((op) => (parts[op] === undefined ? [] : [`doing ${parts[op]} network-subnet`, `done ${parts[op]} network-subnet`]));
      expect(seen, "the new one replaces, the old one is deleted").to.deep.equal(happened);
    });
  }

  it("of a deletion are one change without properties", () => {
    const { changes, seen } = collect(planned("delete", vpc, { diffs: ["tags"] }), finished("delete", vpc));
    expect(changes).to.deep.equal([{ op: "delete", ...vpc, name: "network-vpc", properties: [] }]);
    expect(seen).to.deep.equal(["doing delete network-vpc", "done delete network-vpc"]);
  });

  for (const op of ["same", "refresh", "read", "read-replacement", "discard", "import"]) {
    it(`of ${op} on a resource are no change and nobody is told`, () => {
      const outputs = { old: { outputs: { a: 1 } }, new: { outputs: { a: 2 } } };
      const { changes, seen } = collect(planned(op, vpc, outputs), finished(op, vpc, outputs));
      expect([changes, seen]).to.deep.equal([[], []]);
    });
  }

  it("of the stack itself are no change", () => {
    const { changes, seen } = collect(planned("create", stack), finished("create", stack), planned("delete", stack), finished("delete", stack));
    expect([changes, seen]).to.deep.equal([[], []]);
  });

  describe("of a stack whose outputs alone differ", () => {
    const outputs = (old: object | undefined, next: object | undefined) => finished("same", stack, { old: { outputs: old }, new: { outputs: next } });

    it("are one change of its outputs", () => {
      expect(short(collect(outputs({ vpcId: "a" }, { vpcId: "b" })))).to.deep.equal([["outputs", "moon-and-back-lab-network"]]);
      expect(short(collect(outputs(undefined, { vpcId: "b" })))).to.have.length(1);
      expect(short(collect(outputs({ list: [1, 2] }, { list: [2, 1] }))), "a list has an order").to.have.length(1);
    });

    it("are none when only the order of keys differs, however deep", () => {
      expect(collect(outputs({ a: { x: 1, y: [{ p: 1, q: 2 }] }, b: 2 }, { b: 2, a: { y: [{ q: 2, p: 1 }], x: 1 } })).changes).to.deep.equal([]);
      expect(collect(outputs(undefined, {})).changes).to.deep.equal([]);
    });

    it("go without saying where a resource changes too, whichever comes first", () => {
      const both = [planned("update", vpc, { diffs: ["tags"] }), outputs({ a: 1 }, { a: 2 })];
      for (const events of [both, both.toReversed()]) expect(short(collect(...events))).to.deep.equal([["update", "network-vpc", "tags"]]);
    });
  });

  it("of a failure tell which resource failed", () => {
    expect(collect(planned("create", vpc), failed("create", vpc)).seen).to.deep.equal(["doing create network-vpc", "failed create network-vpc"]);
    expect(collect(failed("create-replacement", subnet)).seen).to.deep.equal(["failed replace network-subnet"]);
  });

  it("keep the order of the engine", () => {
    expect(short(collect(planned("create", vpc), planned("delete", subnet), finished("create", vpc)))).to.deep.equal([["create", "network-vpc"], ["delete", "network-subnet"]]);
  });

  describe("that complain", () => {
    it("are kept by severity, without colours, with the resource's name", () => {
      const { errors, warnings } = collect(
        said("error", "<{%fg 1%}>error: <{%reset%}>no such zone<{%reset%}>\n", vpc.urn),
        said("warning", "<{%fg 3%}>old API<{%reset%}>"),
        said("error", "update failed", ""),
        said("info", "hello"),
        said("info#err", "hello"),
        said("debug", "hello"),
        said("error", "<{%reset%}> \n"),
      );
      expect(errors).to.deep.equal(["network-vpc: error: no such zone", "update failed"]);
      expect(warnings).to.deep.equal(["old API"]);
    });

    it("of a failure that nothing in the program waits for say so at once, in its sentence alone", () => {
      let failed = 0;
      const collector = new EventCollector(undefined, () => (failed += 1));
      const stackTrace = "\n    at Object.callback (/p/invoke.js:1:2)\n    at x (node:internal/y:3:4)\n";
      collector.take(said("error", "no such zone", vpc.urn));
      collector.take(said("warning", "Unhandled exception: not yet"));
      expect(failed).to.equal(0);
      collector.take(said("error", `<{%fg 1%}>Unhandled exception: Error: no such image${stackTrace}<{%reset%}>`, stack.urn));
      expect(failed).to.equal(1);
      expect(collector.errors).to.deep.equal(["network-vpc: no such zone", "moon-and-back-lab-network: no such image"]);
    });

    it("keep what only looks like a colour", () => {
      expect(collect(said("error", "<{ 100% }> of the quota")).errors).to.deep.equal(["<{ 100% }> of the quota"]);
    });
  });

  it("that say nothing of resources are passed over", () => {
    const nothing = collect(event({}), event({ preludeEvent: { config: {} } }), event({ summaryEvent: {} }), event({ stdoutEvent: { message: "x", color: "never" } }), event({ cancelEvent: {} }));
    expect(nothing).to.deep.equal({ changes: [], errors: [], warnings: [], seen: [] });
  });
});
