import { join } from "node:path";
import { expect } from "chai";
import { findLost, lostTypes, type LostCreate } from "../../automation/recovery/lost.ts";
import { tagValue } from "../../components/tagging.ts";
import { awsTypes } from "../../rehearsal/providers/aws/types.ts";
import type { Aws } from "../../rehearsal/providers/aws/clients.ts";
import { affectedBy } from "../../rehearsal/providers/diff.ts";
import type { ResourceType } from "../../rehearsal/providers/resource-type.ts";
import { UNKNOWN, unwrapSecrets, isSecret, secret } from "../../rehearsal/providers/values.ts";
import { loadEnvironment } from "../../stacks/config.ts";
import { fixtures } from "./fixtures.ts";
import type { Recorded } from "./harness.ts";
import { type Fixture, Lab, valueOf } from "./lab.ts";

const environment = { ...loadEnvironment(join(import.meta.dirname, "../.."), "rehearsal"), name: "lab" };
const DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup";

describe("fixtures of the stand-in aws provider", () => {
  for (const type of awsTypes) {
    it(`cover ${type.token}`, () => {
      const fixture = fixtures.find((each) => each.token === type.token);
      if (!fixture) throw new Error(`no fixture for ${type.token}: add one to fixtures.ts`);
      const inPlace = Object.keys(type.inputs).filter((property) => type.inputs[property]?.replaces !== true && !type.inputs[property]?.local);
      expect(Object.keys(fixture.changes), "a change for every input").to.have.members(Object.keys(type.inputs));
      expect(Object.keys(fixture.behindTheBack), "a change behind the back for every property that changes in place").to.have.members(inPlace);
      expect(Object.keys(type.inputs), "the secret property").to.include(fixture.secret);
      // AWS makes the default group with its VPC, untagged.
      const tagged = "tags" in type.inputs && type.token !== DEFAULT_GROUP;
      expect(lostTypes[type.token], "how a lost one is found").to.have.property("by", tagged ? "tags" : "key");
    });
  }

  it("are of known types, once each", () => {
    expect(fixtures.map((each) => each.token)).to.have.members(awsTypes.map((type) => type.token));
  });
});

describe("the stand-in aws provider, as the engine calls it", function () {
  this.timeout(30_000);
  let lab: Lab;
  const finished = new Set<string>();
  before(async () => (lab = await Lab.open(fixtures)));
  after(() => lab.close());

  for (const fixture of fixtures) {
    const { token } = fixture;

    describe(token, () => {
      it("is created, and then nothing differs", async () => {
        const subject = await lab.make(token);
        const live = await lab.provider.refresh(subject);
        expect(live.id).to.equal(subject.id);
        expect(live.inputs, "inputs as the program wrote them").to.deep.equal(subject.inputs);
        expect(live.state, "state as recorded").to.deep.equal(subject.state);
        for (const output of fixture.outputs) expect(subject.state, output).to.have.property(output).that.is.ok;
        expect(await lab.provider.diff(live, subject.inputs)).to.deep.include({ changes: false, updates: [], replaces: [] });
      });

      it("is imported with inputs that differ in nothing", async () => {
        const subject = await lab.make(token);
        const imported = await lab.provider.read(token, importId(fixture, subject));
        expect(imported?.id).to.equal(subject.id);
        // What AWS does not know cannot be imported.
        const local = Object.keys(subject.inputs).filter((property) => typeOf(token).inputs[property]?.local);
        expect(await lab.provider.diff(imported!, subject.inputs)).to.deep.include({ updates: local, replaces: [] });
        expect((await lab.provider.check(token, imported!.inputs)).failures).to.deep.equal([]);
      });

      it("shows unknown outputs when its creation is previewed, and known inputs", async () => {
        const inputs = await fixture.inputs(lab);
        const type = typeOf(token);
        const state = await lab.provider.previewCreate(token, inputs);
        expect(unwrapSecrets(state)).to.deep.include(inputs);
        for (const output of type.outputs) {
          const mirrored = type.mirrors?.[output];
          expect(unwrapSecrets(state[output]), output).to.deep.equal(mirrored === undefined ? UNKNOWN : inputs[mirrored]);
        }
      });

      it("keeps secret what repeats a secret, and what is one by itself", async () => {
        const type = typeOf(token);
        const subject = await lab.make(token);
        const states = [subject.state, (await lab.provider.refresh(subject)).state, await lab.provider.previewCreate(token, subject.inputs)];
        // What repeats an input under another name is out of the engine's sight.
        for (const output of [...Object.keys(type.mirrors ?? {}), ...secretInputs(token)]) {
          for (const state of states) expect(isSecret(state[output]), output).to.be.true;
        }
        const imported = await lab.provider.read(token, importId(fixture, subject));
        for (const input of secretInputs(token)) {
          for (const { inputs } of [subject, imported!, await lab.provider.refresh(subject)]) expect(isSecret(inputs[input]), input).to.be.true;
        }
      });

      for (const [property, change] of Object.entries(fixture.changes)) {
        it(`${property}: a change means ${change.expect}`, async () => {
          const subject = await lab.make(token);
          const value = await valueOf(change.to, lab, subject);
          const inputs = { ...subject.inputs, [property]: value };
          const diff = await lab.provider.diff(subject, inputs);
          if (change.expect === "replace") {
            expect(diff).to.deep.include({ changes: true, updates: [], replaces: [property] });
            return;
          }
          expect(diff).to.deep.include({ changes: true, updates: [property], replaces: [], deleteBeforeReplace: false });

          const before = await fixture.observe(lab, subject.id, subject);
          const preview = await lab.provider.update(subject, inputs, true);
          expect(await fixture.observe(lab, subject.id, subject), "a preview changes nothing").to.deep.equal(before);
          expect(unwrapSecrets(preview.state)).to.deep.include({ [property]: value });
          expectKnownKept(token, property, subject, preview);

          const updated = await lab.provider.update(subject, inputs);
          const after = await fixture.observe(lab, subject.id, subject);
          if (typeOf(token).inputs[property]?.local) {
            expect(after, "AWS knows nothing of it").to.deep.equal(before);
            expect((await lab.provider.refresh(updated)).inputs, "and it is not forgotten").to.include({ [property]: value });
            return;
          }
          const observed = "observed" in change ? await valueOf(change.observed, lab, subject) : value;
          expect(after, "AWS has the new value, and the old ones of the rest").to.deep.equal({ ...before, [property]: observed });
          const live = await lab.provider.refresh(updated);
          expect((await lab.provider.diff(live, inputs)).changes, "nothing left to do").to.be.false;
        });
      }

      for (const [property, meddle] of Object.entries(fixture.behindTheBack)) {
        it(`${property}: a change behind our back is seen, alone, and healed`, async () => {
          const subject = await lab.make(token);
          const before = await fixture.observe(lab, subject.id, subject);
          await meddle(lab, subject);
          expect(await fixture.observe(lab, subject.id, subject), "the fixture does change something").not.to.deep.equal(before);
          const live = await lab.provider.refresh(subject);
          expect(await lab.provider.diff(live, subject.inputs)).to.deep.include({ changes: true, updates: [property], replaces: [] });
          await lab.provider.update(live, subject.inputs);
          expect(await fixture.observe(lab, live.id, subject)).to.deep.equal(before);
        });
      }

      it("is deleted, also when it is gone already", async () => {
        const subject = await lab.make(token);
        await lab.provider.delete(subject);
        const left = await lab.provider.read(token, subject.id, subject);
        if (token === DEFAULT_GROUP) expect(left, "AWS's own group stays").to.exist;
        else expect(left).to.be.undefined;
        await lab.provider.delete(subject);
        finished.add(token);
      });

      it("is found when its creation was never recorded, by the id that imports it, and only while it is there", async () => {
        const { subject, lost } = await lose(lab, fixture);
        const found = await findLost(lost, { sources: lab.sources, environment });
        expect(found).to.deep.equal([importId(fixture, subject)]);
        expect((await lab.provider.read(token, found[0]!))?.id).to.equal(subject.id);
        if (token === DEFAULT_GROUP) return;
        await lab.provider.delete(subject);
        expect(await findLost(lost, { sources: lab.sources, environment }), "deleted").to.deep.equal([]);
      });

      it("is not found in place of another", async () => {
        const { lost } = await lose(lab, fixture);
        const find = (other: Partial<LostCreate>, name = environment.name): Promise<readonly string[]> =>
          findLost({ ...lost, ...other }, { sources: lab.sources, environment: { ...environment, name } });
        const type = lostTypes[token];
        if (type?.by === "key") {
          for (const key of type.key) {
            const { [key]: value, ...rest } = lost.inputs;
            expect(value, key).to.be.a("string");
            for (const inputs of [{ ...rest, [key]: "other" }, { ...rest, [key]: secret(value) }, rest]) {
              expect(await find({ inputs }), JSON.stringify(inputs[key])).to.deep.equal([]);
            }
          }
          return;
        }
        expect(await find({ urn: `${lost.urn}-other` }), "of another resource").to.deep.equal([]);
        expect(await find({}, "other"), "of another environment").to.deep.equal([]);
        const untagged = await lab.make(token, { tags: fixture.tags?.({}) ?? {} });
        expect(await find({ inputs: untagged.inputs }), "of somebody else").to.not.include(importId(fixture, untagged));
      });
    });
  }

  describe("all types together", () => {
    it("import an association by both its ends", async () => {
      const { token, inputs } = await lab.make("aws:ec2/routeTableAssociation:RouteTableAssociation");
      expect(await lab.provider.read(token, `${String(inputs["subnetId"])}/rtb-0other`)).to.equal(undefined);
    });

    it("give a route another target without taking it away", async () => {
      const table = await lab.make("aws:ec2/routeTable:RouteTable");
      const { Subnet } = await lab.aws.ec2.createSubnet({ VpcId: String(table.inputs["vpcId"]), CidrBlock: await subnetRange(lab, table) });
      const { NetworkInterface } = await lab.aws.ec2.createNetworkInterface({ SubnetId: Subnet?.SubnetId });
      const routes = [{ cidrBlock: "0.0.0.0/0", networkInterfaceId: NetworkInterface?.NetworkInterfaceId }];
      await lab.provider.update(table, { ...table.inputs, routes });
      const { RouteTables: [live] = [] } = await lab.aws.ec2.describeRouteTables({ RouteTableIds: [table.id] });
      const made = live?.Routes?.filter((route) => route.GatewayId !== "local").map((route) => route.NetworkInterfaceId);
      expect(made).to.deep.equal([NetworkInterface?.NetworkInterfaceId]);
      expect([...lab.calls]).to.include("ec2:ReplaceRoute");
    });

    it("keep log events for ever when the retention is removed", async () => {
      const group = await lab.make("aws:cloudwatch/logGroup:LogGroup");
      const rest = Object.fromEntries(Object.entries(group.inputs).filter(([property]) => property !== "retentionInDays"));
      await lab.provider.update(group, rest);
      const { logGroups: [live] = [] } = await lab.aws.logs.describeLogGroups({ logGroupNamePrefix: group.id });
      expect(live).to.not.have.property("retentionInDays", 1);
    });

    it("make exactly the API calls that they declare", function () {
      // With only a part of the suite, most calls are not made.
      if (finished.size < fixtures.length) this.skip();
      const declared = new Set(awsTypes.flatMap((type) => type.calls));
      const undeclared = [...lab.calls].filter((call) => !declared.has(call));
      const unused = [...declared].filter((call) => !lab.calls.has(call));
      expect({ undeclared, unused }).to.deep.equal({ undeclared: [], unused: [] });
    });
  });
});

/** Makes an object of a type with our tags, where it takes any, as an engine does that ends before it has recorded it. */
async function lose(lab: Lab, fixture: Fixture): Promise<{ subject: Recorded; lost: LostCreate }> {
  const { token } = fixture;
  const urn = `urn:pulumi:lab-stage::moon-and-back::moonback:test:Lost$${token}::lost-${lab.next()}`;
  const tags = { "moonback:urn": tagValue(urn), env: environment.name };
  const subject = await lab.make(token, typeOf(token).inputs["tags"] ? { tags: fixture.tags?.(tags) ?? tags } : {});
  return { subject, lost: { urn, type: token, inputs: subject.inputs } };
}

function typeOf(token: string): ResourceType<Aws> {
  return awsTypes.find((each) => each.token === token)!;
}

function importId(fixture: Fixture, subject: Recorded): string {
  return fixture.importId?.(subject) ?? subject.id;
}

function secretInputs(token: string): string[] {
  const { inputs } = typeOf(token);
  return Object.keys(inputs).filter((property) => inputs[property]?.secret);
}

/** A range in the VPC of a route table. */
async function subnetRange(lab: Lab, table: Recorded): Promise<string> {
  const { Vpcs: [vpc] = [] } = await lab.aws.ec2.describeVpcs({ VpcIds: [String(table.inputs["vpcId"])] });
  return vpc?.CidrBlock?.replace("/16", "/24") ?? "";
}

/** In an update preview only what the change affects may become unknown. */
function expectKnownKept(token: string, property: string, subject: Recorded, { inputs, state: preview }: Recorded): void {
  const type = typeOf(token);
  const affected = affectedBy(type.inputs[property], inputs);
  for (const output of type.outputs) {
    if (type.mirrors?.[output] !== undefined) continue;
    expect(preview[output], output).to.deep.equal(affected.includes(output) ? UNKNOWN : subject.state[output]);
  }
}
