import { expect } from "chai";
import { knownIds, parseDeployment, pendingOf, resourcesOf, withoutPending, withResource, writtenAt, type Deployment, type RecordedResource } from "../../automation/recovery/deployment.ts";

/** As a pending operation has it. */
const lost = (name: string, over: Partial<RecordedResource> = {}): RecordedResource => ({ urn: `urn:pulumi:lab-network::moon-and-back::aws:x:Y::${name}`, type: "aws:x:Y", custom: true, ...over });
const of = (name: string, over: Partial<RecordedResource> = {}): RecordedResource => lost(name, { id: `${name}-1`, ...over });
const urn = (name: string): string => of(name).urn;
const state = (...resources: readonly RecordedResource[]): Deployment => ({ version: 3, deployment: { manifest: { time: "2026-01-02T03:04:05.678901234Z" }, resources: [...resources] } });
/** `name=id`, and what the engine still has to do to it. */
const listed = (deployment: Deployment): string[] => resourcesOf(deployment).map((one) => `${one.urn.split("::").at(-1) ?? "?"}=${one.id ?? "?"}${one.delete === true ? " to delete" : ""}`);

describe("an export of a stack's state", () => {
  it("is kept as it is, what is not known here, too", () => {
    const whole = { version: 4, features: ["views"], deployment: { manifest: { time: "2026-01-02T03:04:05Z", magic: "abc" }, secrets_providers: { type: "passphrase" }, resources: [{ ...of("vpc"), sourcePosition: "x" }], metadata: {} } };
    expect(parseDeployment(JSON.stringify(whole))).to.deep.equal(whole);
  });

  it("of a stack that nothing was built in yet is one", () => {
    const fresh = parseDeployment('{"version":3,"deployment":{"manifest":{"time":"2026-01-02T03:04:05Z"},"metadata":{}}}');
    expect(fresh && [resourcesOf(fresh), pendingOf(fresh)]).to.deep.equal([[], []]);
    const empty = parseDeployment('{"version":3,"deployment":{"resources":null,"pending_operations":null}}');
    expect(empty && [resourcesOf(empty), pendingOf(empty)]).to.deep.equal([[], []]);
  });

  const whole = JSON.stringify(state(of("vpc"), of("subnet", { dependencies: [urn("vpc")] })));
  for (const [what, text] of Object.entries({
    "an empty file": "",
    "a blank one": "\n",
    "zeros, as after a power cut": "\0".repeat(200),
    "a plan of the engine": '{"manifest":{},"resourcePlans":{}}',
    "a checkpoint of the file backend": '{"version":3,"checkpoint":{"latest":{"resources":[]}}}',
    "one without a deployment": '{"version":3,"deployment":null}',
    "a list": "[]",
    "nothing but null": "null",
    "one whose resources are none": '{"version":3,"deployment":{"resources":["vpc"]}}',
    "one with a resource without a URN": '{"version":3,"deployment":{"resources":[{"type":"aws:x:Y","custom":true}]}}',
  })) {
    it(`is not ${what}`, () => {
      expect(parseDeployment(text)).to.equal(undefined);
    });
  }

  it("is none wherever it is cut", () => {
    for (let length = 0; length < whole.length; length += 1) expect(parseDeployment(whole.slice(0, length)), `of ${length} characters`).to.equal(undefined);
    expect(parseDeployment(whole)).to.not.equal(undefined);
  });

  it("says when it was written, where it does", () => {
    expect(writtenAt(state())).to.equal(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
    expect(writtenAt({ version: 3, deployment: { manifest: { time: "2026-01-02T04:04:05.678+01:00" } } })).to.equal(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
    for (const deployment of [{}, { manifest: {} }, { manifest: { time: "yesterday" } }]) expect(writtenAt({ version: 3, deployment })).to.equal(undefined);
  });

  it("knows ids of a type, also of what is still to be deleted", () => {
    const known = state(of("a"), of("b", { delete: true }), of("c", { type: "aws:x:Z" }), lost("d"));
    expect([...knownIds(known, "aws:x:Y")]).to.deep.equal(["a-1", "b-1"]);
  });

  it("without what was pending has the rest", () => {
    const pending = { ...state(of("vpc")), deployment: { ...state(of("vpc")).deployment, pending_operations: [{ type: "creating", resource: of("subnet") }] } };
    expect(pendingOf(pending)).to.have.length(1);
    expect(withoutPending(pending)).to.deep.equal({ ...state(of("vpc")), deployment: { ...state(of("vpc")).deployment, pending_operations: [] } });
  });
});

describe("a resource that is put into the state", () => {
  it("is known by its id only: what AWS says of it is read by the refresh that follows", () => {
    const [, found] = resourcesOf(withResource(state(of("vpc")), lost("subnet", { inputs: { cidr: "x" }, outputs: { arn: "unknown" }, sourcePosition: "y" }), "subnet-9"));
    expect(found).to.deep.equal({ ...lost("subnet", { inputs: { cidr: "x" }, sourcePosition: "y" }), id: "subnet-9", outputs: {} });
  });

  it("comes last where it is new", () => {
    expect(listed(withResource(state(of("vpc"), of("role")), lost("subnet", { dependencies: [urn("vpc")] }), "subnet-9"))).to.deep.equal(["vpc=vpc-1", "role=role-1", "subnet=subnet-9"]);
  });

  it("leaves the rest, and what it was given, as it was", () => {
    const before = state(of("vpc", { outputs: { secret: { ciphertext: "v1:abc" } } }), of("subnet", { dependencies: [urn("vpc")] }), of("rule", { dependencies: [urn("subnet")] }));
    const copy = structuredClone(before);
    const after = withResource(before, lost("subnet", { dependencies: [urn("vpc")] }), "subnet-9");
    expect(before).to.deep.equal(copy);
    expect(resourcesOf(after)).to.deep.include(of("vpc", { outputs: { secret: { ciphertext: "v1:abc" } } })).and.to.deep.include(of("rule", { dependencies: [urn("subnet")] }));
    expect({ ...after, deployment: { ...after.deployment, resources: [] } }).to.deep.equal({ ...copy, deployment: { ...copy.deployment, resources: [] } });
  });

  it("takes the place of what it replaces, which is now the old one, still to be deleted", () => {
    const before = state(of("vpc"), of("subnet", { dependencies: [urn("vpc")] }), of("rule", { dependencies: [urn("subnet")] }));
    expect(listed(withResource(before, lost("subnet", { dependencies: [urn("vpc")] }), "subnet-9"))).to.deep.equal(["vpc=vpc-1", "subnet=subnet-9", "subnet=subnet-1 to delete", "rule=rule-1"]);
  });

  it("takes the place of what was deleted for it, which is gone", () => {
    const before = state(of("vpc"), of("subnet", { pendingReplacement: true }), of("rule", { dependencies: [urn("subnet")] }));
    expect(listed(withResource(before, lost("subnet", { dependencies: [urn("vpc")] }), "subnet-9"))).to.deep.equal(["vpc=vpc-1", "subnet=subnet-9", "rule=rule-1"]);
  });

  it("does not touch older ones that are still to be deleted", () => {
    const before = state(of("subnet", { id: "subnet-0", delete: true }), of("subnet"), of("rule", { dependencies: [urn("subnet")] }));
    expect(listed(withResource(before, lost("subnet"), "subnet-9"))).to.deep.equal(["subnet=subnet-0 to delete", "subnet=subnet-9", "subnet=subnet-1 to delete", "rule=rule-1"]);
    const onlyOld = state(of("subnet", { delete: true }), of("rule"));
    expect(listed(withResource(onlyOld, lost("subnet"), "subnet-9"))).to.deep.equal(["subnet=subnet-1 to delete", "rule=rule-1", "subnet=subnet-9"]);
  });

  for (const [by, needs] of Object.entries<(name: string) => Partial<RecordedResource>>({
    dependencies: (name) => ({ dependencies: [urn(name)] }),
    "a property's dependencies": (name) => ({ propertyDependencies: { cidr: null, vpc: [urn(name)] } }),
    "its parent": (name) => ({ parent: urn(name) }),
    "its provider": (name) => ({ provider: `${urn(name)}::${name}-1` }),
    "what it is deleted with": (name) => ({ deletedWith: urn(name) }),
    "what it is replaced with": (name) => ({ replaceWith: [urn(name)] }),
  })) {
    it(`comes after what it needs by ${by}, also where that came after the one it replaces, and before what needs it`, () => {
      const before = state(of("subnet"), of("rule", { dependencies: [urn("subnet")] }), of("base"), of("new", needs("base")), of("rest"));
      expect(listed(withResource(before, lost("subnet", needs("new")), "subnet-9"))).to.deep.equal(["base=base-1", "new=new-1", "subnet=subnet-9", "subnet=subnet-1 to delete", "rule=rule-1", "rest=rest-1"]);
    });
  }

  it("is put in even where needs go round in a circle", () => {
    const before = state(of("subnet"), of("table", { dependencies: [urn("subnet")] }));
    expect(listed(withResource(before, lost("subnet", { dependencies: [urn("table")] }), "subnet-9"))).to.deep.equal(["subnet=subnet-1 to delete", "table=table-1", "subnet=subnet-9"]);
  });

  it("may be one of several", () => {
    const before = state(of("vpc"), of("subnet", { dependencies: [urn("vpc")] }), of("rule", { dependencies: [urn("subnet")] }));
    const after = [lost("gateway"), lost("subnet", { dependencies: [urn("vpc")] }), lost("rule", { dependencies: [urn("gateway"), urn("subnet")] })].reduce((whole, one) => withResource(whole, one, "new"), before);
    expect(listed(after)).to.deep.equal(["vpc=vpc-1", "subnet=new", "subnet=subnet-1 to delete", "gateway=new", "rule=new", "rule=rule-1 to delete"]);
  });
});
