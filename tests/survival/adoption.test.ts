import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CreateTagsCommand, CreateVpcCommand, DescribeVpcsCommand } from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { poll } from "../../common/poll.ts";
import { Trial } from "../trial.ts";
import { faultsOf, killRun } from "./killing.ts";

/** A world that runs and holds nothing of the trial's. */
async function emptyWorld(trial: Trial): Promise<void> {
  await trial.must("up", "--through", "network");
  await trial.must("down", "--yes", "--keep-world");
}

/** A VPC that somebody made by hand under the environment's name. */
async function foreignVpc(trial: Trial, CidrBlock: string): Promise<string> {
  const ec2 = await trial.sources.ec2.client();
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock, AmazonProvidedIpv6CidrBlock: true }));
  const id = Vpc?.VpcId ?? "?";
  await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key: "Name", Value: "moonback-trial" }, { Key: "team", Value: "theirs" }] }));
  return id;
}

const tagsOf = async (trial: Trial, id: string): Promise<string[]> => {
  const { Vpcs = [] } = await (await trial.sources.ec2.client()).send(new DescribeVpcsCommand({ VpcIds: [id] }));
  return (Vpcs[0]?.Tags ?? []).map(({ Key, Value }) => `${Key ?? "?"}=${Value ?? "?"}`).sort();
};

describe("what somebody else made under a name of ours", () => {
  it("is refused and not touched; once adopted it is changed like the rest, and goes with it", async () => {
    await using trial = new Trial();
    await emptyWorld(trial);
    const id = await foreignVpc(trial, `${trial.plan}.0.0/16`);
    const before = await tagsOf(trial, id);

    const refused = await trial.moonback("up", "--through", "network");
    expect([refused.code, refused.stderr]).to.satisfy(([code, stderr]: [number, string]) => code === 2 && stderr.includes(id) && stderr.includes("npm run adopt -- trial"), refused.stderr);
    expect(await tagsOf(trial, id)).to.deep.equal(before);
    expect(await trial.vpcs()).to.deep.equal([]);

    const unasked = await trial.moonback("adopt");
    expect([unasked.code, await tagsOf(trial, id)], unasked.stderr).to.deep.equal([2, before]);

    const adopted = await trial.must("adopt", "--yes");
    expect(adopted.stderr).to.include(`VPC ${id}`).and.include("network-vpc");
    expect(await trial.previewed("network")).to.include("update aws:ec2/vpc:Vpc enableDnsHostnames tags");
    await trial.must("up", "--through", "network");
    expect(await trial.vpcs()).to.deep.equal([id]);
    expect(await tagsOf(trial, id)).to.include("env=trial").and.not.include("team=theirs");
    expect(await faultsOf(trial)).to.deep.equal([]);
    expect((await trial.must("adopt", "--yes")).stdout).to.include("nothing to adopt");
    await trial.must("down", "--yes", "--keep-world");
  });

  it("that cannot become what is declared is not adopted, and nothing is recorded", async () => {
    await using trial = new Trial();
    await emptyWorld(trial);
    const id = await foreignVpc(trial, "172.20.0.0/16");
    const before = await tagsOf(trial, id);
    const { code, stderr } = await trial.moonback("adopt", "--yes");
    expect(code, stderr).to.equal(1);
    expect(stderr).to.include("cidrBlock").and.include("Nothing was changed");
    expect(await tagsOf(trial, id)).to.deep.equal(before);

    // Killed while it looks whether the VPC can stay.
    const run = trial.start(["adopt", "--yes"]);
    const state = join(trial.runData, "state/.pulumi/stacks/moon-and-back/trial-network.json");
    await poll(() => Promise.resolve(existsSync(state) && readFileSync(state, "utf8").includes(id) ? { done: true, value: true } : { done: false, reason: "not recorded" }), { timeoutMs: 30_000, intervalMs: 10 });
    killRun(trial, run);
    await run;
    expect((await trial.moonback("up", "--through", "network")).code).to.equal(2);
    const { stderr: undone } = await trial.must("down", "--yes", "--keep-world");
    expect(undone).to.include("taken out of the state again");
    expect(await tagsOf(trial, id), "it is still there").to.deep.equal(before);
  });
});
