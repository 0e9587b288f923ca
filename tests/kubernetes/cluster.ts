// A cluster of the tests' own: authorities as Talos makes them, members and nodes in a throw-away folder, ended by its mark.

import { execFile } from "node:child_process";
import { generateKeyPairSync, randomInt } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { generate } from "selfsigned";
import { poll } from "../../common/poll.ts";
import type { KeyPair } from "../../rehearsal/kubernetes/certificates.ts";
import type { ClusterPki } from "../../rehearsal/kubernetes/cluster-pki.ts";
import { Kubelet } from "../../rehearsal/kubernetes/kubelet.ts";
import { Kwok } from "../../rehearsal/kubernetes/kwok.ts";
import { ControlPlaneMember, type MemberArgs } from "../../rehearsal/kubernetes/member.ts";
import { controlPlaneRole, type NodeFacts, type OwnedByTalos } from "../../rehearsal/kubernetes/node-object.ts";
import { endMarked } from "../../rehearsal/netboot/children.ts";
import { ensureTool, type ToolName } from "../../toolchain/toolchain.ts";

const progress = (line: string): void => void process.stderr.write(`${line}\n`);
const path = async (name: ToolName): Promise<string> => (await ensureTool(name, { progress })).path;
const kubectlPath = await path("kubectl");
const kwokPath = await path("kwok");
const tools: MemberArgs["tools"] = {
  etcd: await path("etcd"),
  kubeApiserver: await path("kube-apiserver"),
  kubeControllerManager: await path("kube-controller-manager"),
  kubeScheduler: await path("kube-scheduler"),
};

/** An authority as Talos makes them: ECDSA P-256, with the key in the form that Go writes. */
export async function makeAuthority(subject: { name: "organizationName" | "commonName"; value: string }): Promise<KeyPair> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = { privateKey: privateKey.export({ type: "sec1", format: "pem" }).toString(), publicKey: publicKey.export({ type: "spki", format: "pem" }).toString() };
  const extensions = [{ name: "basicConstraints" as const, cA: true, critical: true }, { name: "keyUsage" as const, keyCertSign: true, digitalSignature: true, critical: true }];
  const { cert } = await generate([subject], { keyType: "ec", algorithm: "sha256", keyPair: pem, extensions });
  return { crt: cert, key: pem.privateKey };
}

export async function makePki(): Promise<ClusterPki> {
  return {
    clusterCa: await makeAuthority({ name: "organizationName", value: "kubernetes" }),
    etcdCa: await makeAuthority({ name: "organizationName", value: "etcd" }),
    aggregatorCa: await makeAuthority({ name: "commonName", value: "front-proxy" }),
    serviceAccountKey: generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
    secretboxSecret: Buffer.alloc(32, 7).toString("base64"),
  };
}

export const noOwned: OwnedByTalos = { labels: {}, annotations: {}, taints: [] };

export class Cluster {
  readonly folder = mkdtempSync(join(tmpdir(), "moonback-kubernetes-"));
  readonly pki: ClusterPki;
  readonly members: ControlPlaneMember[] = [];
  readonly kubelets: Kubelet[] = [];
  readonly kwok: Kwok;
  readonly token = "abcdef.0123456789abcdef";
  /** The first two numbers of its addresses are 10.77; the third is its own. */
  readonly #third = randomInt(1, 255);

  private constructor(pki: ClusterPki) {
    this.pki = pki;
    this.kwok = new Kwok({ folder: join(this.folder, "kwok"), mark: this.folder, clusterCa: pki.clusterCa, program: kwokPath });
  }

  static async make(): Promise<Cluster> {
    return new Cluster(await makePki());
  }

  address(node: number): string {
    return `10.77.${this.#third}.${10 + node}`;
  }

  /** The n-th control plane, from 1, in place of an earlier n-th one; it joins the others. */
  member(n: number, over: Partial<MemberArgs> = {}): ControlPlaneMember {
    const name = `talos-node-${n}`;
    const others = [...this.members.keys()].map((index) => index + 1).filter((other) => other !== n).map((other) => ({ name: `talos-node-${other}`, address: this.address(other), existing: true }));
    const member = new ControlPlaneMember({
      name, address: this.address(n), folder: join(this.folder, name), mark: this.folder, pki: this.pki, bootstrapToken: this.token, clusterName: "test",
      endpoint: `https://${this.address(1)}:6443`, certSANs: ["127.0.0.1"], serviceCidr: "10.96.0.0/16", podCidr: "10.244.0.0/16", dnsDomain: "cozy.local",
      initialCluster: [...others, { name, address: this.address(n), existing: false }], tools, ...over,
    });
    this.members[n - 1] = member;
    return member;
  }

  kubelet(n: number, { role, admin, ...over }: Partial<ConstructorParameters<typeof Kubelet>[0]> & { role?: "control-plane" } = {}): Kubelet {
    const name = `talos-node-${n}`;
    const owned = role === undefined ? noOwned : { ...noOwned, ...controlPlaneRole(true) };
    const kubelet = new Kubelet({
      facts: this.facts(n), owned, folder: join(this.folder, name), controlPlanes: this.members.map((_, index) => this.address(index + 1)),
      clusterCa: this.pki.clusterCa.crt, bootstrapToken: this.token, admin, ...over,
    });
    this.kubelets.push(kubelet);
    kubelet.start();
    return kubelet;
  }

  facts(n: number): NodeFacts {
    return {
      name: `talos-node-${n}`, address: this.address(n), kubeletVersion: "v1.34.1", osImage: "Talos (v1.11.5)", kernelVersion: "6.12.57-talos",
      containerRuntimeVersion: "containerd://2.1.5", machineId: `machine-${n}`, cpus: 2, memoryMiB: 2048, maxPods: 512,
    };
  }

  /** The real kubectl as the administrator, at the n-th control plane. */
  async kubectl(args: readonly string[], { input, n = 1, kubeconfig }: { input?: unknown; n?: number; kubeconfig?: string } = {}): Promise<string> {
    const file = join(this.folder, `kubeconfig-${n}`);
    const server = `https://127.${this.address(n).slice("10.".length)}:6443`;
    writeFileSync(file, kubeconfig ?? (await this.members[n - 1]!.adminKubeconfig(server)));
    const running = promisify(execFile)(kubectlPath, ["--kubeconfig", file, ...args], { env: { HOME: this.folder }, timeout: 20_000 });
    running.child.stdin?.end(input === undefined ? "" : JSON.stringify(input));
    return (await running).stdout;
  }

  async get(...args: readonly string[]): Promise<Seen> {
    return JSON.parse(await this.kubectl(["get", ...args, "-o", "json"])) as Seen;
  }

  async stop(): Promise<void> {
    await Promise.all(this.kubelets.map((kubelet) => kubelet.stop()));
    await this.kwok.stop();
    await Promise.all(this.members.map((member) => member.stop(0)));
    // What a failed test left.
    endMarked(this.folder);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string | null;
}

/** What the tests look at of an object, or of a list of them; which of it is there depends on its kind. */
export interface Seen {
  readonly items: readonly Seen[];
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly annotations: Readonly<Record<string, string>> };
  readonly spec: { readonly taints?: readonly { readonly key: string }[]; readonly holderIdentity: string; readonly renewTime: string };
  readonly status: {
    readonly conditions?: readonly Condition[];
    readonly nodeInfo: object;
    readonly addresses: readonly object[];
    readonly capacity: object;
    readonly phase: string;
    readonly availableReplicas?: number;
    readonly hostIP: string;
    readonly podIP: string;
  };
  readonly endpoints: readonly object[];
}

/** Waits for something to be so; the last reason is in the error. */
export async function until(what: string, look: () => Promise<string | boolean | undefined> | string | boolean | undefined, timeoutMs = 30_000): Promise<void> {
  await poll(
    async () => {
      const seen = await look();
      return seen === true || seen === undefined ? { done: true, value: true } : { done: false, reason: `${what}: ${String(seen)}` };
    },
    { timeoutMs, intervalMs: 100 },
  );
}
