import { expect } from "chai";
import { checkInputs } from "../../rehearsal/providers/check.ts";
import { changesToMake, diffInputs, previewCreate, previewUpdate, withDefaults } from "../../rehearsal/providers/diff.ts";
import { flag, json, number, tags, text, textSet } from "../../rehearsal/providers/kinds.ts";
import { fullState, readInputs } from "../../rehearsal/providers/read.ts";
import type { InputSpec } from "../../rehearsal/providers/resource-type.ts";
import { isSecret, type Properties, secret, UNKNOWN, unwrapSecrets } from "../../rehearsal/providers/values.ts";

const inputs: Record<string, InputSpec> = {
  name: { kind: text, required: "no invented names", replaces: true },
  zone: { kind: text, computed: true, replaces: true },
  block: { kind: text, computed: true },
  size: { kind: number, default: 1, affects: ["address"] },
  open: { kind: flag, default: false },
  note: { kind: text },
  groups: { kind: textSet },
  policy: { kind: json },
  force: { kind: flag, local: true, default: false },
  tags: { kind: tags, default: {} },
};
const type = { token: "test:x:Y", inputs, outputs: ["arn", "address"], mirrors: { tagsAll: "tags" }, autoNamed: "name" };

function diff(oldInputs: Properties, newInputs: Properties, more: { state?: Properties; ignoreChanges?: string[] } = {}) {
  return diffInputs(type, { oldInputs, newInputs, state: {}, ...more });
}
const changed = (...args: Parameters<typeof diff>) => diff(...args).changes.map((change) => change.property);

describe("diff of inputs", () => {
  it("is empty for the same inputs, whatever the engine put beside them", () => {
    expect(changed({ name: "a", size: 2 }, { name: "a", size: 2, __defaults: ["x"] })).to.deep.equal([]);
  });

  it("takes a default and its absence for the same", () => {
    expect(changed({ name: "a" }, { name: "a", size: 1, open: false, tags: {} })).to.deep.equal([]);
    expect(changed({ name: "a", size: 1, tags: {} }, { name: "a" })).to.deep.equal([]);
  });

  it("sees a value set, changed and removed", () => {
    expect(changed({}, { note: "a" })).to.deep.equal(["note"]);
    expect(changed({ size: 2, note: "a" }, { size: 3 })).to.deep.equal(["size", "note"]);
    expect(changed({ size: 2 }, {})).to.deep.equal(["size"]);
  });

  it("says which changes need a new object, and that a named one goes first", () => {
    expect(diff({ name: "a", size: 1 }, { name: "b", size: 2 })).to.deep.equal({
      changes: [{ property: "name", replaces: true }, { property: "size", replaces: false }], deleteBeforeReplace: true,
    });
    expect(diff({ zone: "a" }, { zone: "b" }).deleteBeforeReplace, "without a name").to.be.false;
    expect(diff({ name: "a" }, { name: "a", size: 2 }).deleteBeforeReplace, "without a replacement").to.be.false;
  });

  it("leaves to the cloud what the program leaves to it", () => {
    expect(changed({ zone: "a", block: "b" }, {})).to.deep.equal([]);
    expect(changed({}, { zone: "a" }, { state: { zone: "a" } }), "stated as it is").to.deep.equal([]);
    expect(changed({}, { zone: "b" }, { state: { zone: "a" } })).to.deep.equal(["zone"]);
    expect(changed({}, { block: "b" }, { state: {} }), "taken away by someone").to.deep.equal(["block"]);
  });

  it("takes an unknown for a change, wherever it is", () => {
    expect(diff({ name: "a" }, { name: UNKNOWN }).changes).to.deep.equal([{ property: "name", replaces: true }]);
    expect(changed({ tags: { a: "b" } }, { tags: { a: UNKNOWN } })).to.deep.equal(["tags"]);
    expect(changed({ groups: ["a"] }, { groups: ["a", UNKNOWN] })).to.deep.equal(["groups"]);
  });

  it("compares by meaning", () => {
    expect(changed({ groups: ["a", "b"] }, { groups: ["b", "a"] })).to.deep.equal([]);
    expect(changed({ groups: ["a", "b"] }, { groups: ["a"] })).to.deep.equal(["groups"]);
    expect(changed({ policy: '{"a":1,"b":[1,2]}' }, { policy: '{ "b": [1, 2], "a": 1 }' })).to.deep.equal([]);
    expect(changed({ policy: '{"b":[1,2]}' }, { policy: '{"b":[2,1]}' })).to.deep.equal(["policy"]);
    expect(changed({ tags: { a: "b", "aws:x": "y" } }, { tags: { a: "b" } })).to.deep.equal([]);
  });

  it("honours ignoreChanges for a property and for one key of a map", () => {
    expect(changed({ size: 1 }, { size: 2 }, { ignoreChanges: ["size"] })).to.deep.equal([]);
    for (const path of ["tags.a", 'tags["a"]']) {
      expect(changed({ tags: { a: "1", b: "1" } }, { tags: { a: "2", b: "1" } }, { ignoreChanges: [path] }), path).to.deep.equal([]);
      expect(changed({ tags: { a: "1", b: "1" } }, { tags: { a: "2", b: "2" } }, { ignoreChanges: [path] }), path).to.deep.equal(["tags"]);
      expect(changed({}, {}, { ignoreChanges: [path] }), `${path}, unset`).to.deep.equal([]);
    }
  });
});

describe("what an update makes", () => {
  const make = (state: Properties, oldInputs: Properties, newInputs: Properties, ignoreChanges: string[] = []) =>
    [...changesToMake(type, { state, oldInputs, newInputs, ignoreChanges })];

  it("is what the recorded state lacks, even where old and new inputs agree", () => {
    expect(make({ name: "a", size: 1 }, { name: "a", size: 5 }, { name: "a", size: 5 })).to.deep.equal(["size"]);
  });

  it("is nothing that is there already, ignored, or the cloud's to choose", () => {
    expect(make({ name: "a", size: 5, zone: "z" }, { name: "a" }, { name: "a", size: 5 })).to.deep.equal([]);
    expect(make({ size: 1 }, {}, { size: 5 }, ["size"])).to.deep.equal([]);
  });

  it("compares with the last input what the cloud cannot tell", () => {
    expect(make({}, { force: true }, { force: true })).to.deep.equal([]);
    expect(make({}, {}, { force: true })).to.deep.equal(["force"]);
  });
});

describe("previews", () => {
  it("of a create know the inputs and nothing the cloud decides", () => {
    expect(previewCreate(type, { name: "a", zone: "z", tags: { a: UNKNOWN } }, { region: "r" })).to.deep.equal({
      name: "a", zone: "z", block: UNKNOWN, size: 1, open: false, force: false, arn: UNKNOWN, address: UNKNOWN, region: "r",
      tags: { a: UNKNOWN }, tagsAll: { a: UNKNOWN },
    });
  });

  it("of an update keep what is known, except what the change affects", () => {
    const state = { name: "a", zone: "z", size: 1, arn: "arn", address: "1.2.3.4", tags: {}, tagsAll: {} };
    const next = previewUpdate(type, state, { name: "a", size: 2, tags: { b: "c" } }, new Set(["size", "tags"]));
    expect(next).to.deep.include({ zone: "z", size: 2, arn: "arn", address: UNKNOWN, tags: { b: "c" }, tagsAll: { b: "c" } });
    expect(previewUpdate(type, state, { name: "a", note: "n" }, new Set(["note"]))).to.deep.include({ address: "1.2.3.4" });
  });
});

describe("read", () => {
  const live = { id: "1", inputs: { name: "a", zone: "z", size: 1, open: false, groups: ["a", "b"], policy: '{"a":1}', tags: { "aws:x": "y" } }, outputs: { arn: "arn" } };

  it("gives the program's own words back where they mean the same", () => {
    const old = { name: "a", groups: ["b", "a"], policy: '{ "a": 1 }', size: 1 };
    expect(readInputs(type, live, old)).to.deep.equal(old);
    expect(fullState(type, live, old)).to.deep.include({ groups: ["b", "a"], policy: '{ "a": 1 }', zone: "z", open: false, arn: "arn" });
  });

  it("gives the live value where it differs, and leaves out what is gone", () => {
    const old = { name: "a", groups: ["a"], policy: "{}", note: "gone", block: "gone" };
    expect(readInputs(type, live, old)).to.deep.equal({ name: "a", groups: ["a", "b"], policy: '{"a":1}' });
  });

  it("gives what someone set although the program does not say it, but not what the cloud chose", () => {
    const meddled = { ...live, inputs: { ...live.inputs, open: true, tags: { by: "hand" } } };
    expect(readInputs(type, meddled, { name: "a", groups: ["a", "b"], policy: '{"a":1}' })).to.deep.equal({
      name: "a", groups: ["a", "b"], policy: '{"a":1}', open: true, tags: { by: "hand" },
    });
  });

  it("gives on import everything that is not a default, what the cloud chose included", () => {
    expect(readInputs(type, live, undefined)).to.deep.equal({ name: "a", zone: "z", groups: ["a", "b"], policy: '{"a":1}' });
  });

  it("keeps what only the provider knows", () => {
    expect(readInputs(type, live, { force: true })).to.include({ force: true });
    expect(fullState(type, live, { force: true })).to.include({ force: true });
    expect(fullState(type, live, {})).to.include({ force: false });
  });
});

describe("check", () => {
  it("keeps documents as text and holes as holes", () => {
    const { inputs: checked, failures } = checkInputs(type, { name: "a", policy: { a: 1 }, __internal: {} });
    expect(failures).to.deep.equal([]);
    expect(checked).to.deep.equal({ name: "a", policy: '{"a":1}' });
    expect(checkInputs(type, { name: UNKNOWN, policy: { a: UNKNOWN }, size: UNKNOWN }).inputs).to.deep.equal({ name: UNKNOWN, policy: UNKNOWN, size: UNKNOWN });
  });

  it("refuses values of the wrong shape", () => {
    const wrong = { name: 1, size: "1", open: "no", groups: "a", policy: "{", tags: { a: 1 } };
    const { failures } = checkInputs(type, wrong);
    expect(failures.map((failure) => failure.property)).to.have.members(Object.keys(wrong));
    expect(checkInputs(type, { name: "a", tags: { "aws:x": "y" } }).failures).to.have.length(1);
  });

  it("asks a type's own rules only about inputs that are right so far", () => {
    const strict = { ...type, check: () => [{ property: "", reason: "never" }] };
    expect(checkInputs(strict, {}).failures.map((failure) => failure.property)).to.deep.equal(["name"]);
    expect(checkInputs(strict, { name: "a" }).failures).to.deep.equal([{ property: "", reason: "never" }]);
  });
});

describe("values", () => {
  it("fill defaults in without overriding", () => {
    expect(withDefaults(type, { size: 4 })).to.deep.equal({ size: 4, open: false, force: false, tags: {} });
  });

  it("wrap and unwrap secrets at any depth", () => {
    expect(isSecret(secret("a"))).to.be.true;
    expect(isSecret({ value: "a" })).to.be.false;
    expect(unwrapSecrets({ a: [secret({ b: secret("c") })] })).to.deep.equal({ a: [{ b: "c" }] });
  });
});
