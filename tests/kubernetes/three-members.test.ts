// Three control planes: how the second and third join, lead and leave, and what the cluster can do without one.

import { expect } from "chai";
import { Cluster, noOwned, until } from "./cluster.ts";

describe("three control planes", function () {
  this.timeout(180_000);
  let cluster: Cluster;
  const etcd = (n: number) => cluster.members[n - 1]!.etcd;
  const everybody = ["talos-node-1", "talos-node-2", "talos-node-3"];

  before(async () => {
    cluster = await Cluster.make();
    for (const n of [1, 2, 3]) await cluster.member(n).startEtcd();
  });
  after(() => cluster.stop());

  it("are one etcd cluster of three that vote and have one leader", async () => {
    const members = await etcd(3).members();
    expect(members.map(({ name }) => name)).to.have.members(everybody);
    expect(members.filter(({ isLearner }) => isLearner)).to.deep.equal([]);
    const leaders = new Set((await Promise.all([1, 2, 3].map((n) => etcd(n).status()))).map(({ leader }) => leader));
    expect(leaders.size).to.equal(1);
  });

  it("hand over the lead when they are told to", async () => {
    const leads = async (n: number): Promise<boolean> => {
      const { header, leader } = await etcd(n).status();
      return header.member_id === leader;
    };
    const leader = (await Promise.all([1, 2, 3].map(leads))).indexOf(true) + 1;
    await etcd(leader).forfeitLeadership();
    await until("another leads", async () => !(await leads(leader)) || "the same leads");
    expect(await etcd(leader).problem()).to.equal(undefined);
    // It does not lead: nothing to give away.
    await etcd(leader).forfeitLeadership();
  });

  it("are three API servers of one cluster", async () => {
    for (const member of cluster.members) await member.start();
    await cluster.kubectl(["create", "namespace", "one"], { n: 1 });
    for (const n of [2, 3]) expect(await cluster.kubectl(["get", "namespace", "one", "-o", "name"], { n })).to.equal("namespace/one\n");
  });

  it("go on without one, and kubelets ask the others", async () => {
    const kubelet = cluster.kubelet(4);
    await until("a node joins", () => kubelet.problem());
    await cluster.members[0]!.stop(0);
    kubelet.configure({ ...noOwned, labels: { "moonback.dev/asked": "another" } });
    await until("labelled", async () => (await cluster.kubectl(["get", "nodes", "--selector=moonback.dev/asked=another", "-o", "name"], { n: 2 })) === "node/talos-node-4\n" || "no label");
    expect(kubelet.problem()).to.equal(undefined);
  });

  it("take back one whose disk is gone without its having left, as Talos does", async () => {
    await etcd(1).forget();
    const before = (await etcd(2).members()).find(({ name }) => name === "talos-node-1")!.ID;
    await cluster.member(1).start();
    const members = await etcd(1).members();
    expect(members.map(({ name }) => name)).to.have.members(everybody);
    expect(members.map(({ ID }) => ID)).to.not.include(before);
    expect(await cluster.kubectl(["get", "namespace", "one", "-o", "name"], { n: 1 })).to.equal("namespace/one\n");
  });

  it("lose one that leaves, with all it has", async () => {
    await cluster.members[2]!.stopKubernetes(0);
    await etcd(3).leave();
    expect((await etcd(1).members()).map(({ name }) => name)).to.have.members(["talos-node-1", "talos-node-2"]);
    expect([etcd(3).hasData, await etcd(3).problem()]).to.deep.equal([false, "etcd of talos-node-3 is stopped"]);
  });

  it("without a majority are not healthy, and say so", async () => {
    await cluster.members[1]!.stop(0);
    await until("not healthy", async () => /^etcd of talos-node-1 (is not healthy: \S|does not answer: \S)/.test(String(await etcd(1).problem())) || "still healthy");
  });
});
