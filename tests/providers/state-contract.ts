import { expect } from "chai";
import type { Provider, ResourceType } from "../../rehearsal/providers/resource-type.ts";
import { serve, type Served } from "../../rehearsal/providers/server.ts";
import { isSecret, type Properties, UNKNOWN, unwrapSecrets } from "../../rehearsal/providers/values.ts";
import { EngineLike } from "./engine-like.ts";
import type { Recorded } from "./harness.ts";

/** What the contract has to know of a type whose objects are kept nowhere but in the state. */
export interface StateFixture {
  readonly token: string;
  readonly inputs: () => Properties;
  /** For every input: another value, and what has to come of it. */
  readonly changes: Readonly<Record<string, { readonly to: unknown; readonly expect: "replace" | "update" }>>;
  /** Inputs of the official type that the stand-in refuses, with values the official one takes. */
  readonly refused: Properties;
  /** What must be encrypted whatever the program says of it. */
  readonly secrets: readonly string[];
  /** The official class of the type, and those of its outputs that the stand-in never gives. */
  readonly official: unknown;
  readonly missing?: readonly string[];
  /** Counts what the provider has done in the world. */
  readonly done: () => unknown;
}

export interface StatePackage<C> {
  readonly provider: () => Provider<C>;
  readonly fixtures: readonly StateFixture[];
}

/** What contract.test.ts wants of AWS types, as far as it makes sense where there is nothing to look at but the state. */
export function stateContract<C>(name: string, { provider, fixtures }: StatePackage<C>): void {
  const types = provider().types;

  it(`has a fixture for every type of the ${name} package, with a change for every input`, () => {
    expect(fixtures.map(({ token }) => token)).to.have.members(types.map(({ token }) => token));
    for (const type of types) {
      const fixture = fixtures.find(({ token }) => token === type.token);
      expect(Object.keys(fixture?.changes ?? {}), type.token).to.have.members(Object.keys(type.inputs));
    }
  });

  for (const fixture of fixtures) {
    const { token } = fixture;
    const type = types.find((each) => each.token === token) as ResourceType<C>;

    describe(token, () => {
      let served: Served;
      let engine: EngineLike;
      beforeEach(async () => {
        served = await serve(provider(), { closeMs: 0 });
        engine = new EngineLike(served.port);
      });
      afterEach(() => {
        engine.client.close();
        return served.stop();
      });
      const make = (): Promise<Recorded> => engine.create(token, fixture.inputs());

      it("is created, and then nothing differs", async () => {
        const subject = await make();
        expect(subject.id).to.not.equal("");
        const live = await engine.refresh(subject);
        expect(live.id).to.equal(subject.id);
        expect(unwrapSecrets(live.inputs)).to.deep.equal(subject.inputs);
        expect(live.state, "state as recorded").to.deep.equal(subject.state);
        expect(subject.state).to.include.all.keys([...type.outputs]);
        expect(await engine.diff(live, subject.inputs)).to.deep.include({ changes: false, updates: [], replaces: [] });
      });

      it("shows unknown outputs when its creation is previewed, and known inputs, and does nothing", async () => {
        const before = fixture.done();
        const state = await engine.previewCreate(token, fixture.inputs());
        expect(fixture.done()).to.deep.equal(before);
        expect(unwrapSecrets(state)).to.deep.include(fixture.inputs());
        for (const output of type.outputs) expect(unwrapSecrets(state[output]), output).to.equal(UNKNOWN);
      });

      it("keeps secret what is always secret", async () => {
        const subject = await make();
        const states = [subject.state, (await engine.refresh(subject)).state, await engine.previewCreate(token, subject.inputs)];
        for (const state of states) {
          for (const [property, value] of Object.entries(state)) expect(isSecret(value), property).to.equal(fixture.secrets.includes(property));
        }
      });

      for (const [property, change] of Object.entries(fixture.changes)) {
        it(`${property}: a change means ${change.expect}`, async () => {
          const subject = await make();
          const inputs = { ...subject.inputs, [property]: change.to };
          const diff = await engine.diff(subject, inputs);
          const [updates, replaces] = change.expect === "update" ? [[property], []] : [[], [property]];
          expect(diff).to.deep.include({ changes: true, updates, replaces, deleteBeforeReplace: false });
          if (change.expect === "replace") return;

          const before = fixture.done();
          const preview = await engine.update(subject, inputs, true);
          expect(fixture.done(), "a preview does nothing").to.deep.equal(before);
          expect(unwrapSecrets(preview.state)).to.deep.include({ [property]: change.to });
          const updated = await engine.update(subject, inputs);
          expect(fixture.done(), "an update does something").not.to.deep.equal(before);
          const live = await engine.refresh(updated);
          expect((await engine.diff(live, inputs)).changes, "nothing left to do").to.be.false;
        });
      }

      for (const [property, value] of Object.entries(fixture.refused)) {
        it(`refuses ${property} by name`, async () => {
          const { failures } = await engine.check(token, { ...fixture.inputs(), [property]: value });
          expect(failures).to.have.length(1);
          expect(failures[0]).to.include(property).and.to.match(/does not support .*; it supports: /);
        });
      }

      it("has every other input and output of the official type, and no more", async () => {
        const { inputs, outputs } = propertiesOf(fixture.official);
        expect([...Object.keys(type.inputs), ...Object.keys(fixture.refused)]).to.have.members(inputs);
        const { state } = await make();
        const given = Object.keys(state).filter((property) => !(property in type.inputs));
        expect([...given, ...Object.keys(fixture.refused), ...(fixture.missing ?? [])]).to.include.members(outputs);
        for (const property of given) expect([...inputs, ...outputs]).to.include(property);
      });

      it("says that it cannot be imported, and why", async () => {
        const failure = await engine.read(token, "some-id").then(() => "", String);
        expect(failure).to.include(`a ${token} cannot be imported: `).and.to.include("nowhere but in the state");
      });

      it("is deleted, also twice", async () => {
        const subject = await make();
        await engine.delete(subject);
        await engine.delete(subject);
      });
    });
  }

  it("refuses arguments of the provider itself by name, and no argument of the engine", () => {
    expect(provider().checkConfig({ version: "1.0.0" })).to.deep.equal([]);
    const [failure] = provider().checkConfig({ proxy: "{}" });
    expect(failure?.reason).to.equal(`the stand-in ${name} provider does not support the argument 'proxy'; it supports none`);
  });
}

/** Reads a class that Pulumi generated: inputs come from the arguments, outputs are undefined until the engine answers. */
function propertiesOf(official: unknown): { inputs: string[]; outputs: string[] } {
  const assigned = [...String(official).matchAll(/resourceInputs\["(\w+)"\] = (args|undefined)/g)].map(([, property = "", from]) => ({ property, from }));
  const inputs = [...new Set(assigned.filter(({ from }) => from === "args").map(({ property }) => property))];
  return { inputs, outputs: assigned.map(({ property }) => property).filter((property) => !inputs.includes(property)) };
}
