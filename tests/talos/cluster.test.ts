// Three nodes become a cluster, all over the real talosctl: two control planes with real etcd and API servers, and a worker.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import * as ec2 from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { parse, stringify } from "yaml";
import { issueCertificate } from "../../rehearsal/kubernetes/certificates.ts";
import { KubeApi, type KubeObject } from "../../rehearsal/kubernetes/kube-api.ts";
import { markedProcesses } from "../../rehearsal/netboot/children.ts";
import { readMachineConfig } from "../../rehearsal/talos/machine-config.ts";
import { ed25519Authority } from "./authority.ts";
import { TalosWorld, until, type NodeOptions } from "./world.ts";

const first: NodeOptions = { name: "talos-node-1", address: "10.78.0.11" };
const second: NodeOptions = { name: "talos-node-2", address: "10.78.0.12" };
const worker: NodeOptions = { name: "talos-node-3", address: "10.78.0.13", type: "worker" };
const all = [first, second, worker];

interface NodeSeen {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string; readonly message: string }[]; readonly nodeInfo: { readonly architecture: string; readonly osImage: string; readonly kubeletVersion: string } };
}

describe("a cluster of nodes", function () {
  this.timeout(90_000);
  let world: TalosWorld;
  let api: KubeApi | undefined;
  const ids = new Map<string, string>();
  const idOf = ({ name }: NodeOptions): string => ids.get(name)!;

  before(async () => {
    world = await TalosWorld.make();
    await world.secrets();
    await world.startMatchbox();
    for (const node of all) {
      await world.face(node);
      await world.publish(node);
    }
    for (const node of all) ids.set(node.name, await world.launch(node));
    await Promise.all([world.says(idOf(first), /service\[kubelet\]\(Running\)/), world.says(idOf(worker), /service\[apid\]\(Running\)/)]);
  });
  after(async () => {
    api?.close();
    await world.stop();
    expect(markedProcesses(world.machinesFolder)).to.deep.equal([]);
  });

  /** A talosconfig with another certificate: of another cluster, or of another role. */
  const stranger = (authority: { crt: string }, user: { crt: string; key: string }): string => {
    const file = join(world.folder, "stranger");
    const base64 = (text: string): string => Buffer.from(text).toString("base64");
    writeFileSync(file, stringify({ context: "x", contexts: { x: { endpoints: [], ca: base64(authority.crt), crt: base64(user.crt), key: base64(user.key) } } }));
    return file;
  };
  const nodeObject = async ({ name }: NodeOptions): Promise<NodeSeen> => (await api!.get(`/api/v1/nodes/${name}`)) as unknown as NodeSeen;
  const node = (address: string, ...args: string[]): Promise<string> => world.ok(address, ...args);
  const refused = async (address: string, ...args: string[]): Promise<string> => {
    const { code, text } = await world.talosctl(address, ...args);
    expect(code, text).to.equal(1);
    return text;
  };

  it("answers whom its own authority knows, as far as the role goes", async () => {
    const { machine } = readMachineConfig(readFileSync(await world.config(first), "utf8"));
    const reader = stranger(machine.ca, await issueCertificate(machine.ca, { commonName: "r", organization: "os:reader", usages: ["client"] }));
    expect(await node(first.address, "--talosconfig", reader, "version")).to.match(/NODE: +10\.78\.0\.11/);
    expect(await refused(first.address, "--talosconfig", reader, "bootstrap")).to.contain("code = PermissionDenied desc = not authorized");
    const other = await ed25519Authority("talos");
    const admin = await issueCertificate(other, { commonName: "admin", organization: "os:admin", usages: ["client"] });
    expect(await refused(first.address, "--talosconfig", stranger(other, admin), "version")).to.match(/certificate signed by unknown authority|unknown certificate authority/);
    expect(await refused(first.address, "--talosconfig", stranger(machine.ca, admin), "version")).to.match(/code = Unavailable/);
  });

  it("shows the services of each role, and that etcd waits", async () => {
    const services = (text: string): string[] => text.trim().split("\n").slice(1).map((line) => line.split(/\s+/).slice(1, 3).join(" "));
    const common = ["apid Running", "auditd Running", "containerd Running", "cri Running", "dashboard Running"];
    const rest = ["machined Running", "syslogd Running"];
    expect(services(await node(first.address, "services"))).to.deep.equal([...common, "etcd Preparing", "ext-zfs-service Running", "kubelet Running", ...rest, "trustd Running", "udevd Running"]);
    expect(services(await node(worker.address, "services"))).to.deep.equal([...common, "ext-zfs-service Running", "kubelet Running", ...rest, "udevd Running"]);
    expect(await refused(first.address, "etcd", "members")).to.contain("etcd is not running");
  });

  it("is bootstrapped once, on a control plane", async () => {
    expect(await refused(worker.address, "bootstrap")).to.contain("code = FailedPrecondition desc = bootstrap can only be performed on a control plane node");
    await node(first.address, "bootstrap");
    expect(await refused(first.address, "bootstrap")).to.contain("code = AlreadyExists desc = etcd data directory is not empty");
    await world.says(idOf(first), /kube-apiserver is ready/, 60_000);
    expect(await node(first.address, "services")).to.match(/etcd +Running +OK/);
  });

  it("gives a kubeconfig that its API takes; a worker has none", async () => {
    expect(await refused(worker.address, "kubeconfig", "-")).to.contain("code = Unimplemented desc = kubeconfig is only available on control plane nodes");
    const { clusters, users } = parse(await node(first.address, "kubeconfig", "-")) as { clusters: [{ cluster: Record<string, string> }]; users: [{ user: Record<string, string> }] };
    const text = (base64 = ""): string => Buffer.from(base64, "base64").toString();
    const [{ cluster }, { user }] = [clusters[0], users[0]];
    expect(cluster["server"]).to.equal("https://10.78.0.11:6443");
    api = new KubeApi([first.address], { ca: text(cluster["certificate-authority-data"]), crt: text(user["client-certificate-data"]), key: text(user["client-key-data"]) });
    expect(await api.problem()).to.equal(undefined);
  });

  it("takes in the other control plane and the worker by itself", async () => {
    await world.says(idOf(second), /kube-apiserver is ready/, 60_000);
    const members = await node(first.address, "etcd", "members");
    expect(members).to.match(/talos-node-1 +https:\/\/10\.78\.0\.11:2380 +https:\/\/10\.78\.0\.11:2379 +false/);
    expect(members).to.match(/talos-node-2 +https:\/\/10\.78\.0\.12:2380 +https:\/\/10\.78\.0\.12:2379 +false/);
    await until("all three are nodes", async () => ((await api!.get("/api/v1/nodes"))["items"] as NodeSeen[]).length === 3);
    const seen = await nodeObject(worker);
    expect(seen.status.nodeInfo).to.include({ architecture: "arm64", osImage: "Talos (v1.11.5)", kubeletVersion: "v1.34.1" });
    expect(seen.status.conditions.find(({ type }) => type === "Ready")).to.deep.include({ status: "False", message: "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized" });
    expect((await nodeObject(second)).metadata.labels).to.include({ "node-role.kubernetes.io/control-plane": "", "extensions.talos.dev/spin": "v0.21.0" });
  });

  it("answers for other nodes at a control plane, and not at a worker", async () => {
    const versions = await world.tries("-e", "127.78.0.12", "-n", all.map(({ address }) => address).join(","), "version");
    expect(versions.text.match(/NODE: +\S+/g)).to.deep.equal(all.map(({ address }) => `NODE:        ${address}`));
    expect((await world.tries("-e", "127.78.0.13", "-n", first.address, "version")).text).to.contain("code = PermissionDenied desc = no request forwarding");
    expect((await world.tries("-e", "127.78.0.11", "-n", "10.78.0.99", "version")).text).to.contain("code = Unavailable");
    expect((await world.tries("-e", "127.78.0.11", "-n", worker.address, "get", "machinestatus", "-o", "yaml")).text).to.match(/stage: running\n[^]*reason: node "talos-node-3" is not ready/);
  });

  it("is not healthy without a network plugin, and healthy with one", async () => {
    const nodes = ["--control-plane-nodes", "10.78.0.11,10.78.0.12", "--worker-nodes", "10.78.0.13"];
    const text = await refused(first.address, "health", "--wait-timeout", "3s", ...nodes);
    expect(text).to.contain("waiting for etcd to be healthy: OK\n").and.to.match(/waiting for all k8s nodes to report ready: some nodes are not ready: \[talos-node-1 talos-node-2 talos-node-3\]\n.*deadline exceeded/s);
    await api!.ensure("/apis/apps/v1/namespaces/kube-system/daemonsets", networkPlugin);
    const healthy = await node(first.address, "health", "--wait-timeout", "30s");
    expect(healthy).to.match(/^discovered nodes: \["10\.78\.0\.11" "10\.78\.0\.12" "10\.78\.0\.13"\]\n/).and.to.match(/waiting for all k8s nodes to report schedulable: OK\n*$/);
  });

  it("takes a changed machine config without a reboot, and the same one again", async () => {
    const file = await world.config({ ...worker, patch: { machine: { nodeLabels: { rack: "r1" }, certSANs: ["worker.internal"] } } });
    for (let times = 0; times < 2; times++) expect(await node(worker.address, "apply-config", "--file", file)).to.contain("Applied configuration without a reboot");
    await until("the label is on the node", async () => (await nodeObject(worker)).metadata.labels["rack"] === "r1");
    expect(await servedNames("127.78.0.13")).to.contain("DNS:worker.internal");
    const { machine } = readMachineConfig(readFileSync(file, "utf8"));
    const authority = await ed25519Authority("talos");
    expect(await refused(worker.address, "--talosconfig", stranger(machine.ca, await issueCertificate(authority, { commonName: "admin", organization: "os:admin", usages: ["client"] })), "version")).to.match(/code = Unavailable/);
    expect(await node(worker.address, "get", "machineconfig", "-o", "yaml")).to.contain("rack: r1");
  });

  it("refuses a config that is wrong, or needs the reboot that was not wanted", async () => {
    const broken = join(world.folder, "broken.yaml");
    writeFileSync(broken, readFileSync(await world.config(worker), "utf8").replace("type: worker", "type: worker\n    tokne: x"));
    expect(await refused(worker.address, "apply-config", "--file", broken)).to.match(/unknown keys found/);
    const file = await world.config({ ...worker, patch: { machine: { env: { a: "b" } } } });
    expect(await refused(worker.address, "apply-config", "--mode", "no-reboot", "--file", file)).to.contain("can't be applied in immediate mode");
    expect(await node(worker.address, "apply-config", "--dry-run", "--file", file)).to.contain("Applied configuration with a reboot (skipped in dry-run)");
    expect(await node(worker.address, "get", "machineconfig", "-o", "yaml")).to.not.contain("a: b");
  });

  it("takes a config on trial back", async () => {
    const file = await world.config({ ...worker, patch: { machine: { nodeLabels: { trial: "yes" } } } });
    expect(await node(worker.address, "apply-config", "--mode", "try", "--timeout", "2s", "--file", file)).to.contain("automatically reverted back in 2s");
    const config = (): Promise<string> => node(worker.address, "get", "machineconfig", "-o", "yaml");
    expect(await config()).to.contain("trial: \"yes\"");
    await until("it is taken back", async () => !(await config()).includes("trial"));
  });

  it("reboots a node, and talosctl follows it until it is ready again", async () => {
    const bootId = (): Promise<string> => node(worker.address, "read", "/proc/sys/kernel/random/boot_id");
    const before = await bootId();
    expect(await node(worker.address, "reboot", "--timeout", "40s")).to.match(/sequence: reboot action: START[^]*task: stopAllServices action: START/);
    expect(await bootId()).to.not.equal(before);
  });

  it("upgrades a node to another image, after it has pulled it", async () => {
    expect(await refused(worker.address, "upgrade", "--wait=false", "--image", "ghcr.io/siderolabs/kubelet:v1.34.1")).to.contain("is no Talos installer");
    expect(await refused(worker.address, "upgrade", "--wait=false", "--image", "ghcr.io/none/installer:v1")).to.match(/error validating installer image .*unexpected status 404/);
    expect(await node(worker.address, "upgrade", "--wait=false", "--image", "ghcr.io/urmanac/talos-cozystack-spin-tailscale/talos:v1.11.5")).to.contain("Upgrade request received");
    await world.says(idOf(worker), /enabling system extension tailscale 1\.88\.1/);
    await until("its API is back", async () => (await world.talosctl(worker.address, "get", "extensions")).text.includes("tailscale   1.88.1"));
  });

  it("lets the other control plane lead, and leave", async () => {
    const leader = async (): Promise<string> => /\S+ +(?:\d+ \S+ +){2}\(\S+\) +(\S+)/.exec(await node(first.address, "etcd", "status"))![1]!;
    const before = await leader();
    for (const { address } of [first, second]) await node(address, "etcd", "forfeit-leadership");
    expect(await leader()).to.match(/^[0-9a-f]{16}$/);
    expect(before).to.match(/^[0-9a-f]{16}$/);
    await node(second.address, "reset", "--graceful", "--timeout", "30s");
    await until("EC2 has stopped it", async () => (await world.report(idOf(second)))?.powered === false);
    const { State } = await world.aws.describeInstance(idOf(second));
    expect(State?.Name).to.equal("stopped");
    expect(await node(first.address, "etcd", "members")).to.not.contain("talos-node-2");
    await world.aws.ec2.send(new ec2.StartInstancesCommand({ InstanceIds: [idOf(second)] }));
    await world.says(idOf(second), /reboot: Power down\nUEFI: no bootable device/);
  });

  it("does not let its last member leave; told so without grace, the node is wiped", async () => {
    expect(await refused(first.address, "etcd", "forfeit-leadership")).to.contain("only one member");
    expect(await refused(first.address, "etcd", "remove-member", "0123456789abcdef")).to.contain("code = NotFound desc = etcdserver: member not found");
    await node(first.address, "reset", "--wait=false");
    await world.says(idOf(first), /reset sequence: failed: /);
    await node(first.address, "reset", "--graceful=false", "--reboot", "--system-labels-to-wipe", "EPHEMERAL", "--wait=false");
    await world.says(idOf(first), /reset sequence: done[^]*etcd is waiting to join/);
    expect(await node(first.address, "services")).to.match(/etcd +Preparing/);
  });
});

/** A network plugin, as far as nodes look for one: a pod on each, which tolerates that there is no network yet. */
const networkPlugin: KubeObject = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "network-plugin", namespace: "kube-system" },
  spec: {
    selector: { matchLabels: { "k8s-app": "network-plugin" } },
    template: { metadata: { labels: { "k8s-app": "network-plugin" } }, spec: { hostNetwork: true, tolerations: [{ operator: "Exists" }], containers: [{ name: "plugin", image: "example.org/plugin:1" }] } },
  },
};

/** The names in the certificate that a node's API shows. */
function servedNames(host: string): Promise<string> {
  return new Promise((done, failed) => {
    const socket = connect({ host, port: 50000, rejectUnauthorized: false }, () => {
      done(socket.getPeerX509Certificate()?.subjectAltName ?? "");
      socket.destroy();
    });
    socket.once("error", failed);
  });
}
