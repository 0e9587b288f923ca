import { expect } from "chai";
import { pullsFrom, talosNetboots } from "../../gates/04-talos-netboots.ts";
import type { GateContext, Kubernetes, Source, Talos } from "../../gates/gate.ts";
import { nodeProblem, type ClusterNode } from "../../gates/kubernetes-nodes.ts";
import { runCheck } from "../../gates/runner.ts";
import { etcdMembers, objects, talosExtensions, talosServices, talosVersion } from "../../gates/talos-answers.ts";
import { loadEnvironment, nodesOf } from "../../stacks/config.ts";

/** A Talos that answers everything with one text. */
const saying = (stdout: string, code = 0, stderr = ""): Talos => ({ run: () => Promise.resolve({ code, stdout, stderr }) });

const services = `NODE         SERVICE      STATE     HEALTH   LAST CHANGE   LAST EVENT
10.10.0.11   apid         Running   OK       1m5s ago      Health check successful
10.10.0.11   dashboard    Running   ?        1m5s ago      Process Process(["/sbin/dashboard"]) started
10.10.0.11   etcd         Waiting   Fail     3s ago        Waiting for service "cri" to be registered
`;
const members = `NODE         ID                 HOSTNAME       PEER URLS                  CLIENT URLS                LEARNER
10.10.0.11   8e9e05c52164694d   talos-node-1   https://10.10.0.11:2380    https://10.10.0.11:2379    false
10.10.0.11   91bc3c398fb3c146   talos-node-2   https://10.10.0.12:2380    https://10.10.0.12:2379    true
`;
const version = `Client:
\tTag:         v1.12.0
\tOS/Arch:     darwin/arm64
Server:
\tNODE:        10.10.0.11
\tTag:         v1.11.5
\tOS/Arch:     linux/arm64
`;

describe("what talosctl prints is read as a person reads it", () => {
  it("services, with their state and health", async () => {
    expect(await talosServices(saying(services), "10.10.0.11")).to.deep.equal([
      { id: "apid", state: "Running", health: "OK" },
      { id: "dashboard", state: "Running", health: "?" },
      { id: "etcd", state: "Waiting", health: "Fail" },
    ]);
  });

  it("members of etcd, and which of them still learn", async () => {
    expect(await etcdMembers(saying(members), "10.10.0.11")).to.deep.equal([{ hostname: "talos-node-1", learner: false }, { hostname: "talos-node-2", learner: true }]);
  });

  it("the server's version, not the client's", async () => {
    expect(await talosVersion(saying(version), "10.10.0.11")).to.deep.equal({ tag: "v1.11.5", arch: "linux/arm64" });
  });

  it("extensions, from JSON objects one after the other", async () => {
    const one = (name: string): string => JSON.stringify({ metadata: { id: "0" }, spec: { metadata: { name, note: 'a "}" and a \\ in it' } } }, undefined, 4);
    expect(await talosExtensions(saying(`${one("spin")}\n${one("drbd")}\n`), "10.10.0.11")).to.deep.equal(["drbd", "spin"]);
    expect(objects("no json here")).to.deep.equal([]);
  });

  it("a failure is its last line", async () => {
    const failure = await talosServices(saying("", 1, "warning: something\nrpc error: code = Unavailable\n"), "10.10.0.11").catch((error: unknown) => error);
    expect((failure as Error).message).to.equal("talosctl: rpc error: code = Unavailable");
  });
});

describe("gate 04 and what the cluster says of a node", () => {
  const environment = loadEnvironment(`${import.meta.dirname}/../..`, "rehearsal");
  const [wanted] = nodesOf(environment);
  const network = "KubeletNotReady: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized";
  const node = (over: Partial<ClusterNode> = {}): ClusterNode => ({ name: "talos-node-1", architecture: "arm64", addresses: ["10.10.0.11"], ready: network, ...over });

  it("takes the missing network plugin for no problem, since CozyStack brings it", () => {
    expect(nodeProblem(node(), wanted)).to.equal(undefined);
    expect(nodeProblem(node({ ready: "Ready" }), wanted)).to.equal(undefined);
  });

  for (const [what, over, names] of [
    ["another architecture", { architecture: "amd64" }, "is amd64, not arm64"],
    ["another address", { addresses: ["10.10.0.99"] }, "has the address 10.10.0.99, not 10.10.0.11"],
    ["a full disk", { ready: "KubeletNotReady: container runtime is down" }, "container runtime is down"],
    ["a second reason beside the network", { ready: `${network}, container runtime is down` }, "container runtime is down"],
    ["a kubelet that has gone silent", { ready: "NodeStatusUnknown: Kubelet stopped posting node status." }, "NodeStatusUnknown"],
    ["a kubelet that never reported", { ready: "has never reported:" }, "has never reported"],
  ] as const) {
    it(`names ${what}`, () => expect(nodeProblem(node(over), wanted)).to.include(names));
  }

  it("counts the pulls of one address, and of no address that only begins like it", () => {
    const log = ['10.10.0.11 - - [x] "GET /v2/siderolabs/kubelet/manifests/v1 HTTP/1.1" 200', '10.10.0.110 - - [x] "GET /v2/a/blobs/b HTTP/1.1" 200', 'level=info http.request.remoteaddr="10.10.0.11:4100" http.request.uri=/v2/a', '10.10.0.11 - - [x] "GET /metrics HTTP/1.1" 200'].join("\n");
    expect(pullsFrom(log, "10.10.0.11")).to.equal(2);
    expect(pullsFrom(log, "10.10.0.110")).to.equal(1);
    expect(pullsFrom(log, "10.10.0.1")).to.equal(0);
  });

  it("is red for nodes that come and go", async () => {
    let looks = 0;
    const list = (ready: string) => JSON.stringify({ items: nodesOf(environment).map(({ name, address }) => ({ metadata: { name }, status: { nodeInfo: { architecture: "arm64" }, addresses: [{ type: "InternalIP", address }], conditions: [{ type: "Ready", status: ready }] } })) });
    const flapping: Kubernetes = { server: "https://10.10.0.11:6443", get: () => Promise.resolve({ status: 200, body: list(looks++ % 2 === 0 ? "True" : "Unknown") }) };
    const source: Source<Kubernetes> = { via: "real", by: "the cluster", client: () => Promise.resolve(flapping) };
    let now = 0;
    const clock = { now: () => now, elapsed: () => now, wait: (milliseconds: number) => Promise.resolve(void (now += milliseconds)) };
    const check = talosNetboots.checks.find(({ id }) => id === "04.nodes")!;
    const result = await runCheck({ ...check, timeoutMs: 20_000 }, { environment, sources: { kubernetes: source } as unknown as GateContext["sources"] }, clock);
    expect(result.status).to.equal("red");
    expect(looks).to.be.greaterThan(10);
  });
});
