import { expect } from "chai";
import { DescribeInstancesCommand } from "@aws-sdk/client-ec2";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listLeftovers } from "../../automation/sweep.ts";
import { secretIn } from "../../gates/secret-scan.ts";
import { Trial } from "../trial.ts";
import { lookAtNodes } from "./nodes-seen.ts";

/** What a run did, without the components that only hold others together: `✚ cluster: ~ …` as `~ name`. */
function done(stderr: string, stage: string): string[] {
  return [...stderr.matchAll(new RegExp(`^✚ ${stage}: ([-+~±]) (?:aws|command|tls):\\S+ (\\S+)`, "gm"))].map(([, op = "", name = ""]) => `${op} ${name}`);
}

const nodeInstances = async (trial: Trial): Promise<string[]> => {
  const { Reservations = [] } = await (await trial.sources.ec2.client()).send(new DescribeInstancesCommand({ Filters: [{ Name: "tag:stage", Values: ["nodes"] }, { Name: "instance-state-name", Values: ["running"] }] }));
  return Reservations.flatMap(({ Instances = [] }) => Instances).map(({ InstanceId, PrivateIpAddress }) => `${PrivateIpAddress ?? "?"} ${InstanceId ?? "?"}`).sort();
};

/** One world for all of it, one thing after the other: a cluster takes its time to come up. */
describe("the nodes of an environment", function () {
  this.timeout(600_000);
  let trial: Trial;
  before(() => {
    trial = new Trial();
    trial.through = "cluster";
    trial.set("nodes.count", 2);
  });
  after(() => trial[Symbol.asyncDispose]());

  it("come up from nothing, netbooted, as one cluster, every gate green; again nothing changes", async () => {
    const { stderr } = await trial.must("up");
    expect(stderr).to.match(/✔ gate 04 Talos netboots: green/);
    expect(done(stderr, "cluster").filter((line) => line.includes("bootstrap"))).to.deep.equal(["+ cluster-bootstrap"]);
    const again = await trial.must("up");
    for (const stage of ["network", "bastion", "netboot", "nodes", "cluster"]) expect(again.stderr).to.include(`◎ ${stage}: nothing to change`);
  });

  it("answer talosctl and kubectl as README says", async () => {
    const { talosctl, kubectl, node } = await lookAtNodes(trial);
    expect(await talosctl(node.address, "version")).to.include("v1.11.5");
    expect(await kubectl("get", "nodes", "--no-headers")).to.match(/^talos-node-1 +NotReady +control-plane .*\ntalos-node-2 +NotReady/);
  });

  it("leave no secret in ledger, logs, or what a run prints", async () => {
    const shell = await trial.shell();
    const kubeconfig = readFileSync(shell["KUBECONFIG"] ?? "", "utf8");
    const [, key = ""] = /client-key-data: (\S{40})/.exec(kubeconfig) ?? [];
    const { stdout, stderr } = await trial.must("up", "--json");
    for (const text of [stdout, stderr, readFileSync(join(trial.runData, "ledger.ndjson"), "utf8"), readFileSync(join(trial.runData, "logs/forward.log"), "utf8")]) {
      expect(text).to.not.include(key);
      expect(secretIn(text)).to.equal(undefined);
    }
  });

  it("are one more where the settings say so: one node is added, nothing is bootstrapped again, no machine is touched", async () => {
    const before = await nodeInstances(trial);
    trial.set("nodes.count", 3);
    const { stderr } = await trial.must("up");
    expect(done(stderr, "nodes").filter((line) => !line.includes("talos-node-3"))).to.deep.equal([]);
    expect(done(stderr, "cluster").sort()).to.deep.equal(["+ cluster-apply-talos-node-3", "+ talos-node-3-joined", "+ talos-node-3-serve", "+ talos-node-3-withdraw"]);
    expect((await nodeInstances(trial)).slice(0, 2)).to.deep.equal(before);
  });

  it("take a new config one after the other, without a new machine", async () => {
    const before = await nodeInstances(trial);
    trial.set("nodes.patch", { machine: { registries: { mirrors: { "quay.io": { endpoints: [`http://${trial.plan}.0.100:5053`, `http://${trial.plan}.0.100:5054`] } } } } });
    const { stderr } = await trial.must("up");
    const applied = done(stderr, "cluster").filter((line) => line.includes("apply"));
    expect(applied).to.deep.equal(["~ cluster-apply-talos-node-1", "~ cluster-apply-talos-node-2", "~ cluster-apply-talos-node-3"]);
    expect(stderr).to.not.include("cluster-bootstrap");
    expect(await nodeInstances(trial)).to.deep.equal(before);
    const { talosctl, nodes } = await lookAtNodes(trial);
    for (const { address } of nodes) expect(await talosctl(address, "get", "machineconfig", "--output", "yaml")).to.include(`http://${trial.plan}.0.100:5054`);
  });

  it("are one less where the settings say so: drained, out of Kubernetes, and its machine gone", async () => {
    trial.set("nodes.count", 2);
    const { stderr } = await trial.must("up");
    const order = done(stderr, "nodes");
    expect(order.indexOf("- talos-node-3-leave"), "it leaves before its group goes").to.be.below(order.indexOf("- talos-node-3-group-asg"));
    expect(order).to.include("- talos-node-3-leave");
    const { kubectl } = await lookAtNodes(trial);
    expect(await kubectl("get", "nodes", "--output", "name")).to.equal("node/talos-node-1\nnode/talos-node-2");
    expect(await nodeInstances(trial)).to.have.length(2);
  });

  it("end with the window by AWS's schedule alone, and are a new cluster in the next one: one bootstrap, nothing stale, no hand edits", async () => {
    const before = await nodeInstances(trial);
    const at = async (now: string, ...args: string[]) => {
      const { exitCode, stderr } = await trial.start(args, { MOONBACK_NOW: now });
      expect(exitCode, stderr).to.equal(0);
      return stderr;
    };
    await at("2026-11-23T18:30:00+01:00", "preview", "--stage", "network");
    await at("2026-11-23T23:30:00+01:00", "preview", "--stage", "network");
    expect(await nodeInstances(trial), "the schedules have ended them").to.deep.equal([]);
    const stderr = await at("2026-11-24T18:10:00+01:00", "up");
    expect(done(stderr, "cluster").filter((line) => line.includes("bootstrap"))).to.deep.equal(["~ cluster-bootstrap"]);
    const after = await nodeInstances(trial);
    expect(after.map((line) => line.split(" ")[0])).to.deep.equal(before.map((line) => line.split(" ")[0]));
    expect(after.filter((line) => before.includes(line))).to.deep.equal([]);
    const { kubectl } = await lookAtNodes(trial);
    expect(await kubectl("get", "nodes", "--output", "name")).to.equal("node/talos-node-1\nnode/talos-node-2");
  });

  it("go down to the bastion, which stays", async () => {
    await trial.must("down", "--to", "bastion", "--yes");
    expect(await nodeInstances(trial)).to.deep.equal([]);
    expect((await trial.must("preview", "--stage", "bastion")).stdout).to.include("bastion: nothing to change");
  });

  it("come up again, from imported images and with three control planes behind the bastion", async () => {
    trial.set("nodes.count", 3);
    trial.set("nodes.controlPlanes", 3);
    trial.set("nodes.boot", "ami");
    trial.set("nodes.ami", { "spin-only": "ami-07a10515110000001" });
    const { stderr } = await trial.must("up");
    expect(stderr).to.match(/04\.address +talos-node-1: its console shows Talos, started from its own image/);
    expect(stderr).to.match(/04\.etcd +talos-node-1, talos-node-2, talos-node-3/);
    expect(stderr).to.include(`https://${trial.plan}.0.100:6443/readyz: ok`);
  });

  it("go down without a trace", async () => {
    await trial.must("down", "--yes", "--keep-world");
    expect(await listLeftovers(trial.sources, trial.environment)).to.deep.equal([]);
  });
});
