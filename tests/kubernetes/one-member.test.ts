// One control plane of real programs: what it answers, whom it refuses, and what it says when a part of it is gone.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { issueCertificate } from "../../rehearsal/kubernetes/certificates.ts";
import { KubeApi } from "../../rehearsal/kubernetes/kube-api.ts";
import { Cluster, makeAuthority, until } from "./cluster.ts";
import { listening, programs } from "./listening.ts";

const rejected = (promise: Promise<unknown>): Promise<string> => promise.then(() => "nothing was refused", (error: unknown) => String(error));

describe("one control plane", function () {
  this.timeout(120_000);
  let cluster: Cluster;
  const member = () => cluster.members[0]!;
  const local = () => `127.${cluster.address(1).slice("10.".length)}`;
  const files = () => readdirSync(join(cluster.folder, "talos-node-1"), { recursive: true, withFileTypes: true }).filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));

  before(async () => {
    cluster = await Cluster.make();
    const started = performance.now();
    await cluster.member(1).start();
    process.stderr.write(`      (bootstrap to API ready: ${((performance.now() - started) / 1000).toFixed(1)} s)\n`);
  });
  after(() => cluster.stop());

  it("is healthy and ready, of the version that was built", async () => {
    expect(await member().etcdHealthy()).to.equal(undefined);
    expect(await member().apiReady()).to.equal(undefined);
    expect(JSON.parse(await cluster.kubectl(["get", "--raw", "/version"]))).to.include({ gitVersion: "v1.34.2", major: "1", minor: "34" });
    expect([...programs(cluster.folder).values()]).to.have.members(["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]);
  });

  it("listens at its own address and nowhere else", async () => {
    await until("all ports", () => listening(cluster.folder).length === 5);
    expect(listening(cluster.folder)).to.have.members([2379, 2380, 6443, 10257, 10259].map((port) => `${local()}:${port}`));
  });

  it("says the plan's address to its pods, not this machine's", async () => {
    const slice = await cluster.get("endpointslice", "kubernetes");
    expect(slice.endpoints).to.deep.equal([{ addresses: [cluster.address(1)], conditions: { ready: true } }]);
  });

  it("gives an administrator's kubeconfig for its endpoint, and lets that one in", async () => {
    expect(await member().adminKubeconfig()).to.include(`server: https://${cluster.address(1)}:6443`).and.include("current-context: admin@test");
    expect(await cluster.kubectl(["auth", "can-i", "*", "*"])).to.equal("yes\n");
    expect(await cluster.kubectl(["auth", "whoami"])).to.match(/Username\s+admin\n/).and.match(/system:masters/);
  });

  it("lets in nobody else, and is no other cluster", async () => {
    const { clusterCa } = cluster.pki;
    const other = await makeAuthority({ name: "organizationName", value: "kubernetes" });
    const admin = { commonName: "admin", organization: "system:masters", usages: ["client"] } as const;
    const ask = (identity: ConstructorParameters<typeof KubeApi>[1]) => rejected(new KubeApi([cluster.address(1)], identity).get("/api/v1/nodes"));
    expect(await ask({ ca: clusterCa.crt })).to.equal("KubeRefusal: Unauthorized");
    expect(await ask({ ca: clusterCa.crt, ...(await issueCertificate(other, admin)) })).to.equal("KubeRefusal: Unauthorized");
    expect(await ask({ ca: clusterCa.crt, token: cluster.token })).to.match(/system:bootstrap:abcdef.*cannot list resource "nodes"/);
    expect(await ask({ ca: clusterCa.crt, ...(await issueCertificate(clusterCa, { commonName: "somebody", usages: ["client"] })) })).to.match(/User "somebody" cannot list resource "nodes"/);
    expect(await ask({ ca: other.crt, ...(await issueCertificate(clusterCa, admin)) })).to.match(/signature|certificate/);
  });

  it("keeps its keys for itself, and the cluster's secrets in cipher", () => {
    const secrets = files().filter((file) => file.includes("/secrets/"));
    expect(secrets).to.have.length.greaterThan(15);
    for (const file of files()) expect((statSync(file).mode & 0o077).toString(8), file).to.equal("0");
    const [id, secret] = cluster.token.split(".") as [string, string];
    const stored = files().filter((file) => file.includes("/etcd/member/")).map((file) => readFileSync(file, "latin1")).join("");
    expect(stored).to.include(`bootstrap-token-${id}`).and.include("k8s:enc:secretbox:v1:key2:");
    expect(stored).to.not.include(secret);
  });

  it("starts a program again that ended by itself", async () => {
    const scheduler = () => [...programs(cluster.folder)].find(([, name]) => name === "kube-scheduler")?.[0];
    const first = scheduler()!;
    process.kill(first, "SIGKILL");
    await until("another scheduler", () => ![undefined, first].includes(scheduler()) || "none yet");
    expect(member().programProblem("kube-scheduler")).to.equal(undefined);
  });

  it("without etcd is neither healthy nor ready, says why, and is both again with it", async () => {
    await cluster.kubectl(["create", "namespace", "kept"]);
    await member().stopEtcd();
    expect(await member().etcdHealthy()).to.equal("etcd of talos-node-1 is stopped");
    await until("not ready", async () => /^kube-apiserver of talos-node-1 is not ready: \/readyz: \[-\]etcd/.test(String(await member().apiReady())) || "still ready");
    await member().startEtcd();
    await until("ready again", () => member().apiReady());
    expect((await cluster.get("namespace", "kept")).status.phase).to.equal("Active");
  });

  it("stopped and started again has the same data", async () => {
    const { ID } = (await member().etcd.members())[0]!;
    await member().stop();
    expect(programs(cluster.folder)).to.deep.equal(new Map());
    expect([await member().etcdHealthy(), await member().apiReady()]).to.deep.equal(["etcd of talos-node-1 is stopped", "kube-apiserver of talos-node-1 is stopped"]);
    await member().start();
    expect((await member().etcd.members()).map((one) => one.ID)).to.deep.equal([ID]);
    expect((await cluster.get("namespace", "kept")).status.phase).to.equal("Active");
  });

  it("cannot start where another runs: the failure names the log and its last line", async () => {
    const twin = cluster.member(2, { address: cluster.address(1), name: "twin", folder: join(cluster.folder, "twin"), initialCluster: [] });
    const failure = await rejected(twin.start());
    await twin.stop(0);
    expect(failure).to.match(/^UserError: waited for etcd of twin to be healthy: etcd of twin does not run: exited with 1 \(\S+\/twin\/etcd\.log: .*bind: address already in use/);
  });
});
