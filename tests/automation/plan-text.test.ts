import { expect } from "chai";
import { gzipSync } from "node:zlib";
import { unknownValue } from "@pulumi/pulumi/runtime/rpc.js";
import type { EngineEvent } from "@pulumi/pulumi/automation/events.js";
import { EventCollector, type DeclaredResource } from "../../automation/engine-events.ts";
import { byStage, planEvent, planLines } from "../../automation/plan-text.ts";

const urnOf = (name: string): string => `urn:pulumi:lab::moon-and-back::any::${name}`;
const stack = { type: "pulumi:pulumi:Stack", name: "moon-and-back-lab", component: true };

/** What the engine tells of a program's resources: `parent` is a name, and the stack's by default. */
function declared(...resources: { type: string; name: string; parent?: string | null; component?: boolean; inputs?: Record<string, unknown> }[]): readonly DeclaredResource[] {
  const collector = new EventCollector();
  const step = ({ type, name, parent = stack.name, component = false, inputs = {} }: (typeof resources)[number]): EngineEvent => ({
    sequence: 1,
    timestamp: 1,
    resourcePreEvent: {
      metadata: { op: "create", urn: urnOf(name), type, provider: "", new: { inputs, outputs: {}, parent: parent === null ? "" : urnOf(parent), ...(component ? {} : { custom: true }) } },
    } as unknown as NonNullable<EngineEvent["resourcePreEvent"]>,
  });
  for (const one of [{ ...stack, parent: null }, ...resources]) collector.take(step(one));
  return collector.planned;
}

const component = (name: string, parent?: string) => ({ type: "moonback:any:Thing", name, component: true, ...(parent === undefined ? {} : { parent }) });
const named = (found: ReadonlyMap<string, readonly DeclaredResource[]>) => Object.fromEntries([...found].map(([stage, list]) => [stage, list.map(({ name }) => name)]));
/** The properties of one resource as they are shown. */
const shown = (inputs: Record<string, unknown>): string[] =>
  planLines({ stage: "ground", resources: declared({ type: "t:m:T", name: "n", inputs }).slice(1), files: [] }).slice(2).map((line) => line.trimStart());

describe("a plan's resources", () => {
  it("belong to the stage that the component at their root is named after, however deep they are", () => {
    const planned = declared(component("ground"), component("ground-walls", "ground"), { type: "aws:x:Wall", name: "wall", parent: "ground-walls" }, component("roof"), { type: "aws:x:Tile", name: "tile", parent: "roof" });
    expect(named(byStage(planned, ["ground", "roof", "garden"]))).to.deep.equal({ ground: ["wall"], roof: ["tile"], garden: [] });
  });

  it("belong by their name where they are a stage's provider; the engine's own default providers are left out", () => {
    const planned = declared({ type: "pulumi:providers:aws", name: "aws-roof" }, { type: "pulumi:providers:tls", name: "default_5_6_1", parent: null });
    expect(named(byStage(planned, ["ground", "roof"]))).to.deep.equal({ ground: [], roof: ["aws-roof"] });
  });

  it("come by type, then by name, in whatever order the engine tells of them", () => {
    const things = [["b:x:B", "a"], ["a:x:A", "z"], ["b:x:B", "B"], ["a:x:A", "c"]].map(([type = "", name = ""]) => ({ type, name, parent: "ground" }));
    for (const order of [things, things.toReversed()]) {
      expect(named(byStage(declared(component("ground"), ...order), ["ground"]))).to.deep.equal({ ground: ["c", "z", "B", "a"] });
    }
  });

  it("are never hidden: one of no stage is a bug, named", () => {
    expect(() => byStage(declared({ type: "aws:x:Stray", name: "stray" }), ["ground"])).to.throw("aws:x:Stray stray belongs to no stage");
    expect(() => byStage(declared({ type: "pulumi:providers:aws", name: "aws-cellar" }), ["ground"])).to.throw("aws-cellar belongs to no stage");
  });
});

describe("a stage's plan in words", () => {
  it("is how many of what, then each resource, then the files", () => {
    const planned = declared(component("ground"), ...["one", "two"].map((name) => ({ type: "aws:x/wall:Wall", name, parent: "ground", inputs: { height: 2 } })), { type: "pulumi:providers:aws", name: "aws-ground" });
    const resources = byStage(planned, ["ground"]).get("ground")!;
    expect(planLines({ stage: "ground", resources, files: [{ path: "etc/a.conf", content: "a\n" }] })).to.deep.equal([
      "ground: 3 resources (2 Wall, aws provider)",
      "  + aws:x/wall:Wall one",
      "      height: 2",
      "  + aws:x/wall:Wall two",
      "      height: 2",
      "  + pulumi:providers:aws aws-ground",
      "  = 1 file of its user data",
      "      etc/a.conf: sha256:87428fc52280, 2 B",
    ]);
    expect(planLines({ stage: "garden", resources: [], files: [] })).to.deep.equal(["garden: 0 resources"]);
  });

  it("has a line for every value, in the order of the keys, however deep", () => {
    expect(shown({ tags: { env: "lab", Name: "n" }, b: [{ c: 1 }, { c: 2, d: [] }], a: {}, "x y": { "a.b": null, "a:b": true } })).to.deep.equal([
      "a: {}",
      "b[0].c: 1",
      "b[1].c: 2",
      "b[1].d: []",
      "tags.Name: n",
      "tags.env: lab",
      '["x y"]["a.b"]: null',
      '["x y"].a:b: true',
    ]);
  });

  it("says what nobody knows yet, what is secret, and which tag names the resource itself", () => {
    const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "[secret]" };
    expect(shown({ ids: ["a", unknownValue], key: secret, tags: { "moonback:urn": "urn:pulumi:lab::moon-and-back::t::n" }, text: `at ${unknownValue}` })).to.deep.equal([
      "ids[0]: a",
      "ids[1]: (known after it is made)",
      "key: (secret)",
      "tags.moonback:urn: (its own URN)",
      "text: (known after it is made)",
    ]);
  });

  it("leaves out what the engine adds for itself", () => expect(shown({ __defaults: ["a"], __internal: {}, a: { __defaults: [], b: 1 } })).to.deep.equal(["a.b: 1"]));

  for (const [value, words] of [
    ["10.10.0.0/16", "10.10.0.0/16"],
    ["web, port 80: open", "web, port 80: open"],
    [true, "true"],
    ["true", '"true"'],
    [-1, "-1"],
    ["-1", '"-1"'],
    ["", '""'],
    [" a", '" a"'],
    ["a ", '"a "'],
    ["(secret)", '"(secret)"'],
    ['"a"', '"\\"a\\""'],
    ["null", '"null"'],
    ["[not json", '"[not json"'],
  ] as const) {
    it(`cannot be misread: ${typeof value} ${JSON.stringify(value)}`, () => expect(shown({ a: value })).to.deep.equal([`a: ${words}`]));
  }

  it("shows a policy as the JSON that it is, on one line, however long", () => {
    const policy = { Statement: [{ Effect: "Allow", Resource: Array.from({ length: 30 }, (_, index) => `arn:aws:ssm:::parameter/${index}`) }] };
    expect(shown({ policy: JSON.stringify(policy, null, 2) })).to.deep.equal([`policy: ${JSON.stringify(policy)}`]);
  });

  it("shows other long text as a digest, and a short one of several lines too", () => {
    expect(shown({ script: "a\nb\n" })).to.deep.equal(["script: sha256:911169ddaaf1, 4 B"]);
    expect(shown({ text: "x".repeat(201) })).to.have.length(1).and.satisfy(([line]: string[]) => /^text: sha256:[0-9a-f]{12}, 201 B$/.test(line ?? ""));
    expect(shown({ text: "x".repeat(200) })).to.deep.equal([`text: ${"x".repeat(200)}`]);
  });

  it("looks into packed user data: packed otherwise it is the same, with another letter it is not", () => {
    const text = `#cloud-config\n${Array.from({ length: 300 }, (_, index) => `line ${index}\n`).join("")}`;
    const packed = (what: string, level: number): string[] => shown({ userData: gzipSync(what, { level }).toString("base64") });
    expect(packed(text, 1)).to.deep.equal(packed(text, 9)).and.to.deep.equal(shown({ userData: text }));
    expect(gzipSync(text, { level: 1 })).to.not.deep.equal(gzipSync(text, { level: 9 }));
    expect(packed(text.replace("line 7\n", "line 8\n"), 9)).to.not.deep.equal(packed(text, 9));
    expect(packed(text, 9)[0]).to.match(/^userData: sha256:[0-9a-f]{12}, 2\.\d kB$/);
  });
});

describe("a stage's plan for programs", () => {
  it("has every value, and names what is unknown or secret by its path", () => {
    const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "[secret]" };
    const long = "long ".repeat(100);
    const inputs = { __defaults: [], a: { b: [1, unknownValue] }, key: secret, text: long, tags: { "moonback:urn": "urn:pulumi:lab::p::t::n" } };
    const resources = declared({ type: "t:m:T", name: "n", inputs }).slice(1);
    expect(planEvent({ stage: "ground", resources, files: [{ path: "a.conf", content: "ä\n" }] })).to.deep.equal({
      kind: "plan",
      stage: "ground",
      resources: [{ type: "t:m:T", name: "n", inputs: { a: { b: [1, null] }, key: null, tags: { "moonback:urn": "(its own URN)" }, text: long }, unknown: ["a.b[1]"], secret: ["key"] }],
      files: [{ path: "a.conf", sha256: "ac6f010e65c9ea739dbdaa21427edd5ef60c6d461ef4d619c003e3ab62453a56", bytes: 3 }],
    });
  });
});
