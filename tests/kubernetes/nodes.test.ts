// Nodes of a real cluster: how they join, what they say, when pods run on them.

import { createServer } from "node:net";
import { expect } from "chai";
import { Cluster, noOwned, until, type Seen } from "./cluster.ts";
import { memory } from "./listening.ts";

const missingNetwork = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized";
const ready = (node: Seen) => node.status.conditions!.find(({ type }) => type === "Ready")!;

describe("the nodes of a cluster", function () {
  this.timeout(120_000);
  let cluster: Cluster;

  before(async () => {
    cluster = await Cluster.make();
    const member = cluster.member(1);
    await member.start();
    await cluster.kwok.follow(cluster.address(1));
    const kubelets = [cluster.kubelet(1, { role: "control-plane", admin: await member.adminIdentity() }), cluster.kubelet(2)];
    for (const kubelet of kubelets) await until("registered", () => kubelet.problem());
  });
  after(() => cluster.stop());

  it("are what their machines are", async () => {
    const nodes = await cluster.get("nodes");
    expect(nodes.items.map((node) => node.metadata.name)).to.have.members(["talos-node-1", "talos-node-2"]);
    const [first, second] = nodes.items;
    expect(first!.metadata.labels).to.include({ "kubernetes.io/arch": "arm64", "kubernetes.io/hostname": "talos-node-1", "node-role.kubernetes.io/control-plane": "" });
    expect(second!.metadata.labels).to.not.have.any.keys("node-role.kubernetes.io/control-plane");
    expect(first!.status.nodeInfo).to.include({ architecture: "arm64", kubeletVersion: "v1.34.1", osImage: "Talos (v1.11.5)", containerRuntimeVersion: "containerd://2.1.5" });
    expect(first!.status.addresses).to.deep.include({ type: "InternalIP", address: cluster.address(1) });
    expect(first!.status.capacity).to.include({ cpu: "2", memory: "2Gi", pods: "512" });
  });

  it("are not ready for nothing but the missing network plugin", async () => {
    for (const node of (await cluster.get("nodes")).items) {
      expect(ready(node)).to.include({ status: "False", reason: "KubeletNotReady", message: missingNetwork });
      expect(ready(node).lastTransitionTime).to.be.a("string");
      const others = node.status.conditions!.filter(({ type, status }) => type !== "Ready" && status !== "False");
      expect(others).to.deep.equal([]);
      await until("taints", async () => (await cluster.get("node", node.metadata.name)).spec.taints?.some(({ key }) => key === "node.kubernetes.io/not-ready"));
    }
  });

  it("are asked for the machine config's token, and keep what they got for it", async () => {
    const stranger = cluster.kubelet(9, { bootstrapToken: "abcdef.fedcba9876543210" });
    await until("refused", () => stranger.problem()?.includes("Unauthorized") ?? "no problem");
    await stranger.stop();
    expect(await cluster.get("nodes")).to.have.property("items").with.length(2);
    const before = (await cluster.get("csr")).items.length;
    const again = cluster.kubelets[1]!;
    await again.stop();
    again.start();
    await until("joined again", () => again.problem());
    expect(await cluster.get("csr")).to.have.property("items").with.length(before);
  });

  it("have what Talos wants on them, and lose it with the next machine config", async () => {
    const first = cluster.kubelets[0]!;
    const labels = async () => (await cluster.get("node", "talos-node-1")).metadata.labels;
    await cluster.kubectl(["label", "node", "talos-node-1", "somebody=else"]);
    first.configure({ labels: { "node-role.kubernetes.io/control-plane": "", "moonback.dev/variant": "spin" }, annotations: { a: "b" }, taints: [{ key: "moonback.dev/taint", effect: "NoSchedule" }] });
    await until("labelled", async () => (await labels())["moonback.dev/variant"] === "spin" || "no label");
    expect((await cluster.get("node", "talos-node-1")).spec.taints).to.deep.include({ key: "moonback.dev/taint", effect: "NoSchedule" });
    first.configure({ ...noOwned, labels: { "node-role.kubernetes.io/control-plane": "" } });
    await until("gone", async () => (await labels())["moonback.dev/variant"] === undefined || "still there");
    const node = await cluster.get("node", "talos-node-1");
    expect(node.metadata.labels).to.include({ somebody: "else", "node-role.kubernetes.io/control-plane": "" });
    expect(node.metadata.annotations).to.not.have.any.keys("a");
    expect(node.spec.taints!.map(({ key }) => key)).to.not.include("moonback.dev/taint");
  });

  it("cannot call themselves control planes with a worker's identity", async () => {
    const second = cluster.kubelets[1]!;
    second.configure({ ...noOwned, labels: { "node-role.kubernetes.io/control-plane": "" } });
    await until("refused", () => second.problem()?.includes("is not allowed to modify labels") ?? "no problem");
    second.configure(noOwned);
    await until("well again", () => second.problem());
  });

  it("renew their leases", async () => {
    const leases = (await cluster.get("leases", "--namespace=kube-node-lease")).items;
    expect(leases.map(({ spec }) => spec.holderIdentity)).to.have.members(["talos-node-1", "talos-node-2"]);
    for (const { spec } of leases) expect(Date.now() - Date.parse(spec.renewTime)).to.be.within(0, 15_000);
  });

  it("become ready with a network plugin, and not before; then a Deployment becomes available on them", async () => {
    await cluster.kubectl(["create", "-f", "-"], { input: deployment });
    const seen = async (): Promise<Seen> => cluster.get("deployment", "web");
    await until("a pod that nobody takes", async () => (await cluster.get("pods", "--selector=app=web")).items.every(({ status }) => status.conditions?.[0]?.reason === "Unschedulable") || "not decided");
    await cluster.kubectl(["create", "-f", "-"], { input: networkPlugin });
    for (const name of ["talos-node-1", "talos-node-2"]) await until("ready", async () => ready(await cluster.get("node", name)).reason === "KubeletReady" || "not ready");
    await until("available", async () => (await seen()).status.availableReplicas === 2 || JSON.stringify((await seen()).status));
    const pods = (await cluster.get("pods", "--selector=app=web")).items;
    for (const { status } of pods) expect([cluster.address(1), cluster.address(2)]).to.include(status.hostIP);
    for (const { status } of pods) expect(status.podIP).to.match(/^10\.244\./);
    await cluster.kubectl(["wait", "--for=condition=Ready", "nodes", "--all", "--timeout=10s"]);
  });

  it("are not made again by a kubelet whose node somebody deleted, but by the next start", async () => {
    const second = cluster.kubelets[1]!;
    await second.stop();
    await cluster.kubectl(["delete", "node", "talos-node-2", "--wait=false"]);
    second.start();
    await until("back", () => second.problem());
    await until("ready again", async () => ready(await cluster.get("node", "talos-node-2")).status === "True" || "not ready");
  });

  it("do not wait for an answer when their machine ends", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => void silent.listen(6443, `127.${cluster.address(200).slice("10.".length)}`, resolve));
    const kubelet = cluster.kubelet(8, { controlPlanes: [cluster.address(200)] });
    await new Promise((resolve) => silent.once("connection", resolve));
    const started = performance.now();
    await kubelet.stop();
    expect(performance.now() - started).to.be.lessThan(1_000);
    silent.close();
  });

  it("stay in the cluster when their machines have gone", async () => {
    const second = cluster.kubelets[1]!;
    await second.stop();
    expect(second.problem()).to.equal("kubelet of talos-node-2 is stopped");
    expect(ready(await cluster.get("node", "talos-node-2"))).to.include({ status: "True" });
  });

  it("are cheap: thirty of them", async () => {
    const [before, started] = [memory(cluster.folder) + process.memoryUsage().rss / 2 ** 20, performance.now()];
    const many = Array.from({ length: 30 }, (_, index) => cluster.kubelet(10 + index));
    for (const kubelet of many) await until("registered", () => kubelet.problem(), 60_000);
    const after = memory(cluster.folder) + process.memoryUsage().rss / 2 ** 20;
    process.stderr.write(`      (30 nodes more: ${((performance.now() - started) / 1000).toFixed(1)} s, ${Math.round(after - before)} MB in all processes)\n`);
    const { items } = await cluster.get("nodes");
    expect(items).to.have.length(32);
  });
});

const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "registry.k8s.io/pause:3.10" }] } },
  },
};

/** As Cilium's agent is deployed: on every node, before its network is there. */
const networkPlugin = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "cilium", namespace: "kube-system" },
  spec: {
    selector: { matchLabels: { "k8s-app": "cilium" } },
    template: {
      metadata: { labels: { "k8s-app": "cilium" } },
      spec: { hostNetwork: true, tolerations: [{ operator: "Exists" }], containers: [{ name: "agent", image: "quay.io/cilium/cilium:v1.18.0" }] },
    },
  },
};
