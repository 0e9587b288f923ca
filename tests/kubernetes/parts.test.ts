// The parts that need no cluster: certificates, what a Node says, how a program is kept running.

import { createPrivateKey, generateKeyPairSync, KeyObject, webcrypto, X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BasicConstraintsExtension, X509CertificateGenerator } from "@peculiar/x509";
import { expect } from "chai";
import { parse } from "yaml";
import { bootstrapManifests } from "../../rehearsal/kubernetes/bootstrap-manifests.ts";
import { isIssuedBy, issueCertificate, writeSecret, type KeyPair } from "../../rehearsal/kubernetes/certificates.ts";
import { renderKubeconfig } from "../../rehearsal/kubernetes/kubeconfig.ts";
import { controlPlaneRole, nodeObject, nodeStatus, withOwned } from "../../rehearsal/kubernetes/node-object.ts";
import { KeptProgram } from "../../rehearsal/kubernetes/program.ts";
import { becomes } from "../../rehearsal/kubernetes/readiness.ts";
import { markedProcesses } from "../../rehearsal/netboot/children.ts";
import { makeAuthority, until } from "./cluster.ts";

const folders: string[] = [];
function folder(): string {
  folders.push(mkdtempSync(join(tmpdir(), "moonback-parts-")));
  return folders.at(-1)!;
}
after(() => {
  for (const one of folders) rmSync(one, { recursive: true, force: true });
});

/** The authority of Talos' own API. */
async function ed25519Authority(): Promise<KeyPair> {
  const keys = (await webcrypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const certificate = await X509CertificateGenerator.createSelfSigned({ name: "O=talos", keys, extensions: [new BasicConstraintsExtension(true, undefined, true)] }, webcrypto);
  return { crt: certificate.toString("pem"), key: KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" }).toString() };
}

describe("certificates", () => {
  for (const [kind, make] of [["P-256", () => makeAuthority({ name: "organizationName", value: "kubernetes" })], ["ed25519", ed25519Authority]] as const) {
    it(`are what was ordered, by an authority with a key of ${kind}`, async () => {
      const authority = await make();
      const { crt, key } = await issueCertificate(authority, { commonName: "admin", organization: "system:masters", names: ["10.10.0.11", "kubernetes.default"], usages: ["client"] });
      const certificate = new X509Certificate(crt);
      expect(certificate.subject).to.equal("O=system:masters\nCN=admin");
      expect(certificate.subjectAltName).to.equal("IP Address:10.10.0.11, DNS:kubernetes.default");
      expect([certificate.keyUsage, certificate.ca]).to.deep.equal([["1.3.6.1.5.5.7.3.2"], false]);
      expect(certificate.checkPrivateKey(createPrivateKey(key))).to.equal(true);
      expect(certificate.verify(new X509Certificate(authority.crt).publicKey)).to.equal(true);
      expect(isIssuedBy(crt, authority.crt)).to.equal(true);
    });
  }

  it("of another authority with the same name are told from its own", async () => {
    const [one, other] = [await makeAuthority({ name: "organizationName", value: "kubernetes" }), await makeAuthority({ name: "organizationName", value: "kubernetes" })];
    const { crt } = await issueCertificate(one, { commonName: "a", usages: ["server"] });
    expect([isIssuedBy(crt, one.crt), isIssuedBy(crt, other.crt)]).to.deep.equal([true, false]);
  });

  it("are not made by an authority of a kind that Talos does not have", async () => {
    const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const failure = await issueCertificate({ crt: "", key }, { commonName: "a", usages: ["server"] }).catch(String);
    expect(failure).to.equal("Error: an authority's key is ECDSA P-256 or ed25519 (as in a Talos machine config), not rsa");
  });

  it("are written for nobody else, in place of one that anybody could read too", async () => {
    const file = join(folder(), "a", "key");
    await writeSecret(file, "one");
    chmodSync(file, 0o644);
    await writeSecret(file, "two");
    expect([readFileSync(file, "utf8"), statSync(file).mode & 0o777, statSync(join(file, "..")).mode & 0o777]).to.deep.equal(["two", 0o600, 0o700]);
  });
});

describe("a kubeconfig", () => {
  it("has all in it", () => {
    const text = renderKubeconfig({ server: "https://10.10.0.11:6443", ca: "CA", user: { crt: "CRT", key: "KEY" }, cluster: "moonback", userName: "admin" });
    expect(parse(text)).to.deep.equal({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "moonback", cluster: { server: "https://10.10.0.11:6443", "certificate-authority-data": "Q0E=" } }],
      users: [{ name: "admin@moonback", user: { "client-certificate-data": "Q1JU", "client-key-data": "S0VZ" } }],
      contexts: [{ name: "admin@moonback", context: { cluster: "moonback", namespace: "default", user: "admin@moonback" } }],
      "current-context": "admin@moonback",
    });
  });
});

describe("the manifests of a new cluster", () => {
  it("have the machine config's token, and refuse what is none", () => {
    const [secret] = bootstrapManifests("abcdef.0123456789abcdef");
    expect(secret?.object).to.deep.include({ type: "bootstrap.kubernetes.io/token" }).and.have.nested.property("metadata.name", "bootstrap-token-abcdef");
    expect(() => bootstrapManifests("abcdef")).to.throw("<id>.<secret>");
  });
});

describe("a node", () => {
  const facts = { name: "n", address: "10.10.0.11", kubeletVersion: "v1.34.1", osImage: "Talos (v1.11.5)", kernelVersion: "k", containerRuntimeVersion: "c", machineId: "m", cpus: 2, memoryMiB: 2048, maxPods: 110 };
  const [early, late] = ["2026-11-23T18:00:00.000Z", "2026-11-23T18:05:00.000Z"];

  it("keeps the time of what did not change", () => {
    const first = nodeStatus(facts, { networkReady: false, at: early, before: [] });
    const second = nodeStatus(facts, { networkReady: true, at: late, before: first.conditions });
    const times = second.conditions.map(({ type, lastTransitionTime, lastHeartbeatTime }) => [type, lastTransitionTime, lastHeartbeatTime]);
    expect(times).to.deep.equal([["MemoryPressure", early, late], ["DiskPressure", early, late], ["PIDPressure", early, late], ["Ready", late, late]]);
  });

  it("of a control plane has its label, and its taint where nothing is to be scheduled on it", () => {
    expect(controlPlaneRole(true)).to.deep.equal({ labels: { "node-role.kubernetes.io/control-plane": "" }, taints: [] });
    expect(controlPlaneRole(false).taints).to.deep.equal([{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }]);
  });

  it("has what Talos wants, loses what it wanted before, and keeps what is others'", () => {
    const node = nodeObject.parse({ metadata: { uid: "u", resourceVersion: "7", labels: { theirs: "1" }, annotations: { theirs: "1" } }, spec: { podCIDR: "p", taints: [{ key: "theirs", effect: "NoExecute" }] } });
    const one = withOwned(node, { labels: { ours: "1", more: "1" }, annotations: { ours: "1" }, taints: [{ key: "ours", effect: "NoSchedule" }] });
    expect(one.metadata).to.deep.include({ resourceVersion: "7", labels: { theirs: "1", ours: "1", more: "1" } });
    expect(one.metadata.annotations).to.deep.equal({
      theirs: "1", ours: "1", "talos.dev/owned-labels": '["more","ours"]', "talos.dev/owned-annotations": '["ours"]', "talos.dev/owned-taints": '["ours"]',
    });
    expect(one.spec).to.deep.equal({ podCIDR: "p", taints: [{ key: "theirs", effect: "NoExecute" }, { key: "ours", effect: "NoSchedule" }] });
    const two = withOwned(one, { labels: { more: "2" }, annotations: {}, taints: [] });
    expect(two.metadata.labels).to.deep.equal({ theirs: "1", more: "2" });
    expect(two.metadata.annotations).to.deep.equal({ theirs: "1", "talos.dev/owned-labels": '["more"]' });
    expect(two.spec.taints).to.deep.equal(node.spec.taints);
    expect(withOwned(two, { labels: { more: "2" }, annotations: {}, taints: [] })).to.deep.equal(two);
  });
});

describe("a program that is kept running", () => {
  const kept = (script: string): { program: KeptProgram; at: string; log: () => string } => {
    const at = folder();
    const program = new KeptProgram({ name: "thing", program: "/bin/sh", args: ["-c", script], directory: at, logFile: join(at, "thing.log"), mark: at });
    return { program, at, log: () => readFileSync(join(at, "thing.log"), "utf8") };
  };

  it("is started again when it ends, until it is stopped", async () => {
    const { program, at, log } = kept("echo once; exit 3");
    program.start();
    program.start();
    await until("twice", () => program.endings >= 2 || "not yet");
    await program.stop();
    expect(log()).to.match(/^(once\n){2,}$/);
    expect(program.problem()).to.equal(`thing does not run: exited with 3 (${at}/thing.log: once)`);
    expect(markedProcesses(at)).to.deep.equal([]);
  });

  it("is ended by force when it does not listen, with all that it started", async () => {
    const { program, at, log } = kept("trap '' TERM; sleep 100 & echo up; wait; sleep 100");
    program.start();
    await until("up", () => log() === "up\n" || "not yet");
    expect([program.running, program.problem()]).to.deep.equal([true, undefined]);
    await program.stop(100);
    expect([program.running, markedProcesses(at)]).to.deep.equal([false, []]);
    await program.stop();
  });

  it("is not waited for when it ends again and again: the failure has its last words", async () => {
    const { program, at } = kept("echo cannot; exit 1");
    program.start();
    const failure = await becomes("the thing", [program], () => Promise.resolve("it is not there")).catch(String);
    await program.stop();
    expect(failure).to.equal(`UserError: waited for the thing: thing does not run: exited with 1 (${at}/thing.log: cannot)`);
  });

  it("that is not there is a problem, not a crash", async () => {
    const at = folder();
    const program = new KeptProgram({ name: "thing", program: join(at, "missing"), args: [], directory: at, logFile: join(at, "thing.log"), mark: at });
    program.start();
    await until("failed", () => program.endings > 0 || "not yet");
    expect(program.problem()).to.match(/^thing does not run: spawn \S+\/missing ENOENT/);
    await program.stop();
  });
});
