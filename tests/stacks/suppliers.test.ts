import { join } from "node:path";
import { expect } from "chai";
import * as pulumi from "@pulumi/pulumi";
import { loadEnvironment, type Environment } from "../../stacks/config.ts";
import type { Outputs, StageName } from "../../stacks/outputs.ts";
import type { Stage, StageContext } from "../../stacks/stage.ts";
import { composedProgram, stageProgram } from "../../stacks/suppliers.ts";
import { declare, settled, type MockEngine } from "../components/mocks.ts";

const environment: Environment = { ...loadEnvironment(join(import.meta.dirname, "../.."), "rehearsal"), name: "lab" };

/** A stage with names of its own: suppliers must work for every list, not just for the registry's. */
function toy(name: string, needs: readonly string[], program: (read: (stage: string) => Outputs, context: StageContext) => Outputs, outputs: readonly string[] = []): Stage {
  const read = ({ upstream }: StageContext) => (stage: string) => upstream(stage as StageName) as unknown as Outputs;
  return { name: name as StageName, needs: needs as readonly StageName[], outputs, gates: [], load: () => Promise.resolve((context) => program(read(context), context)) };
}

const ground = toy("ground", [], () => ({ id: pulumi.output("made-ground"), key: pulumi.secret("hush") }), ["id", "key"]);
const house = toy("house", ["ground"], (read) => ({ on: read("ground")["id"]!, lock: read("ground")["key"]! }), ["on", "lock"]);

const run = async (program: pulumi.automation.PulumiFn, engine: MockEngine) => {
  const { result, resources } = await declare(() => program() as Promise<Record<string, Outputs & pulumi.Output<unknown>>>, engine);
  return { result, resources };
};
const failure = (promise: Promise<unknown>): Promise<unknown> => promise.then((value) => { throw new Error(`it gave ${JSON.stringify(value)}`); }, (error: unknown) => error);

describe("a stage stack", function () {
  this.timeout(20_000);
  const deployed: MockEngine = {
    stack: "lab-house",
    stacks: { "organization/moon-and-back/lab-ground": { id: "deployed-ground", key: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "deployed-hush" } } },
  };

  it("reads the outputs of the stack deployed before it by one reference, and nothing else", async () => {
    const { result, resources } = await run(stageProgram(house, environment, [ground, house]), deployed);
    expect(resources.map(({ type, name }) => `${type} ${name}`)).to.deep.equal(["pulumi:pulumi:StackReference organization/moon-and-back/lab-ground"]);
    expect((await settled(result["on"]!)).value).to.equal("deployed-ground");
  });

  it("keeps secret what is secret there", async () => {
    const { result } = await run(stageProgram(house, environment, [ground, house]), deployed);
    expect(await settled(result["lock"]!)).to.deep.equal({ value: "deployed-hush", secret: true });
  });

  it("knows the environment", async () => {
    let seen: Environment | undefined;
    await run(stageProgram(toy("alone", [], (_read, context) => { seen = context.environment; return {}; }), environment, []), { stack: "lab-alone" });
    expect(seen).to.equal(environment);
  });

  it("that reads a stage it does not need is a bug, named", async () => {
    const thief = toy("thief", [], (read) => ({ id: read("ground")["id"]! }));
    expect(await failure(run(stageProgram(thief, environment, [ground, thief]), deployed))).to.have.property("message", "stage thief reads ground, which its entry in stacks/registry.ts does not need");
  });

  it("that reads a stage which does not exist is a bug, named", async () => {
    const lost = toy("lost", ["nowhere"], (read) => ({ id: read("nowhere")["id"]! }));
    expect(await failure(run(stageProgram(lost, environment, [ground, lost]), deployed))).to.have.property("message").that.includes("stage lost reads nowhere");
  });

  it("refers to nothing when it needs nothing", async () => {
    const { resources } = await run(stageProgram(ground, environment, [ground, house]), { stack: "lab-ground" });
    expect(resources).to.deep.equal([]);
  });
});

describe("the composed program", function () {
  this.timeout(20_000);
  const planned: MockEngine = { stack: "lab", preview: true };

  it("hands each stage the outputs of the earlier ones, in this process", async () => {
    const { result, resources } = await run(composedProgram(environment, [ground, house]), planned);
    expect(Object.keys(result)).to.deep.equal(["ground", "house"]);
    expect((await settled(result["house"]!["on"]!)).value).to.equal("made-ground");
    expect(resources, "no stack is referred to").to.deep.equal([]);
  });

  it("keeps a secret secret on its way", async () => {
    const { result } = await run(composedProgram(environment, [ground, house]), planned);
    expect(await settled(result["house"]!["lock"]!)).to.deep.equal({ value: "hush", secret: true });
    expect((await settled(result["house"]!["on"]!)).secret).to.equal(false);
  });

  it("refuses outside a preview before any stage is loaded", async () => {
    let loaded = 0;
    const watched: Stage = { ...ground, load: () => { loaded += 1; return ground.load(); } };
    const error = await failure(run(composedProgram(environment, [watched]), { stack: "lab", preview: false }));
    expect(pulumi.RunError.isInstance(error)).to.equal(true);
    expect(error).to.have.property("message", "The stack lab is a plan of all stages and is never deployed. Run `npm run up -- lab`.");
    expect(loaded).to.equal(0);
  });

  it("refuses a stage that needs a later one", async () => {
    const error = await failure(run(composedProgram(environment, [house, ground]), planned));
    expect(error).to.have.property("message", "stage house needs ground, which comes later in stacks/registry.ts");
  });

  it("refuses a stage that reads what it does not need", async () => {
    const thief = toy("thief", [], (read) => ({ id: read("ground")["id"]! }));
    expect(await failure(run(composedProgram(environment, [ground, thief]), planned))).to.have.property("message").that.includes("stage thief reads ground");
  });

  it("plans the real stages", async () => {
    const { result, resources } = await run(composedProgram(environment), planned);
    expect(Object.keys(result)).to.include("network");
    expect(resources.some(({ type }) => type === "aws:ec2/vpc:Vpc")).to.equal(true);
  });
});
