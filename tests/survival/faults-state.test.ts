import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CreateLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import { expect } from "chai";
import { execa } from "execa";
import { listLeftovers } from "../../automation/sweep.ts";
import { Trial } from "../trial.ts";
import { expectMended, expectTold, network } from "./faulty.ts";
import { stateOf } from "./killing.ts";

// One environment for all: each fault finds what the one before has left.
describe("an environment", () => {
  let trial: Trial;
  before(async () => {
    trial = new Trial();
    await trial.must("up", ...network);
  });
  after(() => trial[Symbol.asyncDispose]());

  const damage = (how: (state: string) => string): void => {
    const file = join(trial.runData, "state/.pulumi/stacks/moon-and-back/trial-network.json");
    writeFileSync(file, how(readFileSync(file, "utf8")));
  };
  const restored = /the state of trial-network is damaged \(.+\): restored from .+; the damaged one is kept in .+/;

  it("whose state is cut short is restored by up, which says from what; who only looks is told so", async () => {
    damage((state) => state.slice(0, state.length / 2));
    expectTold(await trial.moonback("preview", "--stage", "network"), 1, "The state is damaged.", "`npm run up` restores it");
    expect((await expectMended(trial)).stderr).to.match(restored);
  });

  it("whose state is empty is restored by up", async () => {
    damage(() => "");
    expect((await expectMended(trial)).stderr).to.match(restored);
  });

  it("whose state is gone with all that was kept of it is found by its tags: the same VPC, and nothing made twice", async () => {
    const before = await trial.vpcs();
    const made = stateOf(trial).resources.map(({ urn }) => urn).sort();
    for (const folder of ["state", "exports"]) rmSync(join(trial.runData, folder), { recursive: true });
    const { stderr } = await expectMended(trial);
    expect(stderr).to.include(`network-vpc is there as ${before.join()}, and was not in the state: recorded`).and.not.match(/network: \+ aws:/);
    expect(await trial.vpcs()).to.deep.equal(before);
    expect(stateOf(trial).resources.map(({ urn }) => urn).sort()).to.deep.equal(made);
  });

  it("whose passphrase is another one is left alone, exit 2, until the right one is back", async () => {
    const file = join(trial.runData, "passphrase");
    const right = readFileSync(file, "utf8");
    writeFileSync(file, "wrong\n");
    for (const args of [["up", ...network], ["down", "--yes", "--keep-world"]]) {
      expectTold(await trial.moonback(...(args as [string, ...string[]])), 2, "The passphrase does not open the state.", "passphrase file", "Nothing was changed.");
    }
    writeFileSync(file, right);
    await expectMended(trial);
  });

  it("of another version, with a stage and a ledger that this one does not know, is told of and taken down, unknown stages first", async () => {
    appendFileSync(join(trial.runData, "ledger.ndjson"), '{"version":0,"message":"up began"}\n["up"]\nnull\n42\n{"at":7,"kind":"run","status":"won"}\n');
    expect((await trial.must("status")).stdout).to.include("last run: up ended green");
    const logGroupName = "/moonback/trial/of-an-old-stage";
    await (await trial.sources.logs.client()).send(new CreateLogGroupCommand({ logGroupName, tags: { project: "moon-and-back", env: "trial" } }));
    const { variables } = JSON.parse((await trial.must("env", "--json")).stdout) as { variables: Record<string, string> };
    const pulumi = (...args: string[]) => execa("pulumi", [...args, "--non-interactive"], { cwd: trial.directory, env: variables });
    await pulumi("stack", "init", "trial-oldstage");
    await pulumi("import", "aws:cloudwatch/logGroup:LogGroup", "old", logGroupName, "--stack", "trial-oldstage", "--yes", "--protect=false", "--generate-code=false");
    const { stderr, stdout } = await trial.must("down", "--yes", "--keep-world");
    expect(stderr).to.include("the stack trial-oldstage is of another version of this project: it is taken down first");
    expect(stderr.indexOf("trial-oldstage")).to.be.lessThan(stderr.indexOf("stage network is gone"));
    expect(stdout).to.include("lists nothing of it");
    expect(await listLeftovers(trial.sources, trial.environment)).to.deep.equal([]);
  });

  it("whose state is garbage is restored by down, and goes all the same", async () => {
    await trial.must("up", ...network);
    damage(() => "\0\u0001 no state {{{");
    const { stderr, stdout } = await trial.must("down", "--yes");
    expect(stderr).to.match(restored);
    expect(stdout).to.include("lists nothing of it");
  });
});
