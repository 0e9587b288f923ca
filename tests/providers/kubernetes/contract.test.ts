// What every kind has to keep, against a real API server with its real controllers.

import { expect } from "chai";
import { isRecord, isSecret, type Properties, secret, UNKNOWN, unwrapSecrets } from "../../../rehearsal/providers/values.ts";
import type { Recorded } from "../harness.ts";
import { type Fixture, fixtures } from "./fixtures.ts";
import { KubernetesLab } from "./lab.ts";

/** Fills in the object's own name. */
function named(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((item) => named(item, name));
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, named(inner, name)]));
  return typeof value === "string" ? value.replaceAll("{name}", name) : value;
}

describe("the stand-in kubernetes provider, as the engine calls it", function () {
  this.timeout(60_000);
  let lab: KubernetesLab;
  before(async () => (lab = await KubernetesLab.open()));
  after(() => lab.close());

  for (const fixture of fixtures) {
    const { token, path } = fixture;

    describe(token, () => {
      const make = async (): Promise<Recorded> => lab.provider.create(token, await fixture.inputs(lab, lab.name("subject")));
      const nameOf = (subject: Recorded): string => subject.id.split("/").at(-1) ?? "";
      const pathOf = (subject: Recorded): string => path.replace("{name}", nameOf(subject));

      it("is created, then nothing differs; deleted, and again when it is gone", async () => {
        const subject = await make();
        expect(subject.inputs).to.include.keys("apiVersion", "kind", "metadata");
        expect((await lab.get(pathOf(subject)))["kind"]).to.equal(token.split(":")[2]);
        const live = await lab.provider.refresh(subject);
        expect(live.id).to.equal(subject.id);
        expect(live.inputs, "inputs as the program wrote them").to.deep.equal(subject.inputs);
        expect((await lab.provider.places(live, subject.inputs)).places).to.deep.equal([]);
        // What the engine records of an object that was found again: inputs, and nothing of the state.
        const lost = await lab.provider.read(token, subject.id, { inputs: subject.inputs, state: {} });
        expect(lost?.inputs, "without a state").to.deep.equal(subject.inputs);
        // One kind for all sees what belongs to it go first: the garbage collector takes its time.
        const deleted = token.endsWith(":Deployment") ? subject : { ...subject, inputs: annotated(subject.inputs, "pulumi.com/deletionPropagationPolicy", "background") };
        await lab.provider.delete(deleted);
        expect(await lab.provider.read(token, subject.id, subject)).to.equal(undefined);
        await lab.provider.delete(deleted);
      });

      it("is imported with all that was declared", async () => {
        const subject = await make();
        const imported = await lab.provider.read(token, subject.id);
        expect(imported?.id).to.equal(subject.id);
        expect((await lab.provider.check(token, imported!.inputs)).failures).to.deep.equal([]);
        const { places } = await lab.provider.places(imported!, subject.inputs);
        // What the server filled in cannot be told from what was declared; stringData does not come back.
        const differing = places.filter((place) => !/^delete(-replace)? /.test(place) && !place.includes("stringData"));
        const spelled = differing.filter((place) => !/resources\.requests/.test(place));
        expect(spelled).to.deep.equal([]);
      });

      it("shows what the server would make of it when its creation is previewed, and makes nothing", async () => {
        const name = lab.name("subject");
        const { inputs } = await lab.provider.check(token, await fixture.inputs(lab, name));
        const state = unwrapSecrets(await lab.provider.previewCreate(token, inputs)) as Properties;
        expect(state["kind"]).to.equal(inputs["kind"]);
        expect(state, "a status comes later").not.to.have.property("status");
        expect((state["metadata"] as Properties)["uid"]).to.equal(UNKNOWN);
        const gone = await lab.get(path.replace("{name}", name)).then(() => "there", String);
        expect(gone).to.include("NotFound");
      });

      for (const { to, places } of fixture.changes) {
        it(`tells what a change means: ${places.join(", ")}`, async () => {
          const subject = await make();
          const { inputs, failures } = await lab.provider.check(token, { ...subject.inputs, ...(named(to, nameOf(subject)) as Properties) });
          expect(failures).to.deep.equal([]);
          const diff = await lab.provider.places(subject, inputs);
          expect(diff.places).to.deep.equal([...places].sort());
          const replaced = places.some((place) => place.includes("-replace "));
          const moves = places.some((place) => /metadata\.name/.test(place));
          expect(diff.deleteBeforeReplace).to.equal(replaced && !moves);
          if (replaced) return;

          const before = await lab.get(pathOf(subject));
          await lab.provider.update(subject, inputs, true);
          expect((await lab.get(pathOf(subject)))["spec"], "a preview changes nothing").to.deep.equal(before["spec"]);
          const updated = await lab.provider.update(subject, inputs);
          const live = await lab.provider.refresh(updated);
          expect((await lab.provider.places(live, inputs)).places, "nothing left to do").to.deep.equal([]);
          if (token.includes("CustomResourceDefinition")) return;
          // Where nothing is declared any more, nobody owns anything.
          const { managedFields = [] } = (await lab.get(pathOf(subject)))["metadata"] as { managedFields?: { manager: string; operation: string }[] };
          const ours = managedFields.filter(({ manager }) => manager.startsWith("pulumi-kubernetes")).map(({ manager, operation }) => `${manager} ${operation}`);
          expect(ours, "what made it has let go").to.deep.equal(places.includes("delete metadata.labels") ? [] : [`${String(subject.state["__fieldManager"])} Apply`]);
        });
      }

      it("is told when somebody else changes it, at the one place, and healed", async () => {
        const subject = await make();
        const { change, place } = fixture.behindTheBack;
        await lab.merge(pathOf(subject), change);
        const live = await lab.provider.refresh(subject);
        const drift = await lab.provider.places(live, subject.inputs);
        expect(drift.places).to.deep.equal(place === "" ? [] : [place]);
        if (place === "" || place.includes("-replace ")) return;
        // Theirs is theirs until somebody says otherwise.
        if (!place.startsWith("add ")) {
          const refused = await lab.provider.update(live, subject.inputs).then(() => "", String);
          expect(refused).to.match(/cannot be applied by field manager "pulumi-kubernetes-[0-9a-f]{8}", since others own fields of it: \.\S+ \(conflict with "somebody"/);
        }
        const forced = annotated(subject.inputs, "pulumi.com/patchForce", "true");
        const after = await lab.provider.refresh(await lab.provider.update(live, forced));
        expect((await lab.provider.places(after, forced)).places).to.deep.equal([]);
      });

      it("keeps secret what the program calls secret, wherever it comes back", async () => {
        const inputs = annotated(await fixture.inputs(lab, lab.name("subject")), "canary", secret("canary4711"));
        const subject = await lab.provider.create(token, inputs);
        const states = [subject.state, (await lab.provider.refresh(subject)).state, (await lab.provider.update(subject, subject.inputs)).state];
        for (const state of states) expect(JSON.stringify(withoutWrapped(state))).not.to.include("canary4711");
        for (const { inputs } of [subject, await lab.provider.refresh(subject)]) expect(JSON.stringify(withoutWrapped(inputs))).not.to.include("canary4711");
        expect(JSON.stringify(unwrapSecrets(subject.state)), "the server got it").to.include("canary4711");
      });
    });
  }

  it("keeps the data of a Secret secret whatever the program says", async () => {
    const fixture = fixtures.find(({ token }) => token.endsWith(":Secret")) as Fixture;
    const subject = await lab.provider.create(fixture.token, await fixture.inputs(lab, lab.name("secret")));
    const imported = await lab.provider.read(fixture.token, subject.id);
    const refreshed = await lab.provider.refresh(subject);
    for (const properties of [subject.state, subject.inputs, imported!.state, imported!.inputs, refreshed.state, refreshed.inputs]) {
      expect(isSecret(properties["data"])).to.equal(true);
      const text = JSON.stringify(withoutWrapped(properties));
      for (const hidden of ["hunter4711", "token4711"]) expect(text).not.to.include(hidden).and.not.to.include(Buffer.from(hidden).toString("base64"));
    }
  });
});

function annotated(inputs: Properties, name: string, value: unknown): Properties {
  const metadata = inputs["metadata"] as Properties;
  return { ...inputs, metadata: { ...metadata, annotations: { ...(metadata["annotations"] as Properties | undefined), [name]: value } } };
}

function withoutWrapped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutWrapped);
  if (isSecret(value)) return "[secret]";
  return isRecord(value) ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutWrapped(inner)])) : value;
}
