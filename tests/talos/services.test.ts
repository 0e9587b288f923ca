// A node's services and events, and the certificates that a worker gets from a control plane.

import { X509Certificate } from "node:crypto";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { expect } from "chai";
import { stringify } from "yaml";
import { issueCertificate } from "../../rehearsal/kubernetes/certificates.ts";
import { Descriptors } from "../../rehearsal/talos/api/descriptors.ts";
import { Events } from "../../rehearsal/talos/events.ts";
import { settleExtensionServices } from "../../rehearsal/talos/extension-services.ts";
import { clusterPki, endpointHost, readMachineConfig } from "../../rehearsal/talos/machine-config.ts";
import { requestCertificate, signRequest } from "../../rehearsal/talos/signing.ts";
import { Services } from "../../rehearsal/talos/services.ts";
import { askTrustd, serveTrustd } from "../../rehearsal/talos/trustd.ts";
import { ensureTool, keptFile } from "../../toolchain/toolchain.ts";
import { ed25519Authority, ed25519Keys } from "./authority.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const worker = (machine: object = {}, documents: readonly object[] = []): string =>
  [{ version: "v1alpha1", machine: { type: "worker", token: "t", ca: { crt: base64("CA"), key: "" }, ...machine }, cluster: { controlPlane: { endpoint: "https://10.10.0.11:6443" }, token: "a.b", ca: { crt: base64("CA"), key: "" } } }, ...documents].map((one) => stringify(one)).join("---\n");

describe("a node's services", () => {
  const events = new Events();
  const said: string[] = [];
  const services = new Services(events, (line) => said.push(line));
  services.load("etcd", { healthCheck: true });
  services.load("ext-x", { healthCheck: false });

  it("are up when they run and are healthy, or when they run and nobody can ask them", () => {
    const [etcd, extension] = [services.get("etcd")!, services.get("ext-x")!];
    services.set("etcd", "Running", "Started");
    services.set("ext-x", "Waiting", "Waiting for x");
    expect([etcd.up, extension.up]).to.deep.equal([false, false]);
    services.check("etcd", undefined);
    services.check("etcd", undefined);
    services.set("ext-x", "Running", "Started");
    expect([etcd.up, extension.up]).to.deep.equal([true, true]);
    services.check("etcd", "no quorum");
    expect(etcd.up).to.equal(false);
    services.set("etcd", "Finished", "Stopped");
    expect([etcd.up, etcd.health.unknown]).to.deep.equal([false, true]);
  });

  it("tell each change once, on the console and to watchers", () => {
    expect(said).to.deep.equal([
      "service[etcd](Running): Started", "service[ext-x](Waiting): Waiting for x", "service[etcd](Running): Health check successful", "service[ext-x](Running): Started",
      "service[etcd](Running): Health check failed: no quorum", "service[etcd](Finished): Stopped",
    ]);
    expect(events.tail(-1).map(({ type, value }) => [type, "action" in value ? value.action : ""])).to.deep.equal(["RUNNING", "WAITING", "RUNNING", "RUNNING", "RUNNING", "FINISHED"].map((action) => ["machine.ServiceStateEvent", action]));
    services.set("nothing", "Running", "is not loaded");
    expect(said).to.have.length(6);
  });

  it("are listed by name", () => {
    services.load("apid", { healthCheck: true });
    expect(services.list().map(({ id }) => id)).to.deep.equal(["apid", "etcd", "ext-x"]);
  });

  const extension = (name: string) => ({ name, version: "1", author: "", description: "" });
  const stateOf = (text: string): (string | undefined)[] => {
    const own = new Services(new Events(), () => undefined);
    settleExtensionServices(["spin", "tailscale", "zfs"].map(extension), readMachineConfig(text), own);
    return own.list().map(({ id, state, events: [last] }) => `${id} ${state}: ${last?.message ?? ""}`);
  };

  it("of extensions wait for what they need", () => {
    expect(stateOf(worker())).to.deep.equal(["ext-tailscale Waiting: Waiting for extension service config", 'ext-zfs-service Waiting: Waiting for file "/dev/zfs" to exist']);
    const config = { apiVersion: "v1alpha1", kind: "ExtensionServiceConfig", name: "tailscale", environment: ["TS_AUTHKEY=x"] };
    expect(stateOf(worker({ kernel: { modules: [{ name: "zfs" }] } }, [config]))).to.deep.equal(["ext-tailscale Running: Started task ext-tailscale for container ext-tailscale", "ext-zfs-service Running: Started task ext-zfs-service for container ext-zfs-service"]);
    expect(stateOf(worker({}, [{ ...config, name: "other" }]))[0]).to.match(/Waiting/);
  });
});

describe("events", () => {
  it("have ids of their own, and are kept for those who come later", () => {
    const events = new Events();
    for (let index = 0; index < 1_005; index++) events.publish({ type: "machine.TaskEvent", value: { task: `t${index}`, action: "START" } }, "actor");
    const all = events.tail(-1);
    expect(all).to.have.length(1_000);
    expect(new Set(all.map(({ id }) => id))).to.have.length(1_000);
    expect(all.every(({ id }) => /^[0-9a-v]{20}$/.test(id))).to.equal(true);
    expect(events.tail(0)).to.deep.equal([]);
    expect(events.tail(2).map(({ value }) => "task" in value && value.task)).to.deep.equal(["t1003", "t1004"]);
  });

  it("reach watchers until these have enough", () => {
    const [events, over] = [new Events(), new AbortController()];
    const seen: unknown[] = [];
    events.watch(({ value }) => seen.push(value), over.signal);
    events.publish({ type: "machine.PhaseEvent", value: { phase: "a", action: "START" } });
    over.abort();
    events.publish({ type: "machine.PhaseEvent", value: { phase: "b", action: "START" } });
    expect(seen).to.deep.equal([{ phase: "a", action: "START" }]);
  });
});

describe("a machine config", () => {
  it("is read with Talos' defaults", () => {
    const { machine, cluster, extensionServices } = readMachineConfig(worker({ kubelet: null, network: null }));
    expect(machine).to.deep.include({ type: "worker", certSANs: [], nodeLabels: {}, nodeTaints: {} });
    expect([machine.kubelet.image, machine.kubelet.extraConfig.maxPods, machine.install.image]).to.deep.equal(["ghcr.io/siderolabs/kubelet:v1.34.1", 110, "ghcr.io/siderolabs/installer:v1.11.5"]);
    expect([cluster.network.dnsDomain, cluster.network.podSubnets, cluster.etcd.image]).to.deep.equal(["cluster.local", ["10.244.0.0/16"], "gcr.io/etcd-development/etcd:v3.6.5"]);
    expect([extensionServices, endpointHost(readMachineConfig(worker()))]).to.deep.equal([[], "10.10.0.11"]);
    expect(() => clusterPki(readMachineConfig(worker()))).to.throw("a control plane's machine config has");
  });

  it("is refused where there is none, or more than one", () => {
    expect(() => readMachineConfig(`${worker()}---\n${worker()}`)).to.throw("has 2 v1alpha1 documents");
    expect(() => readMachineConfig("kind: A\n")).to.throw("has 0 v1alpha1 documents");
    expect(() => readMachineConfig(worker({ type: "init" }))).to.throw("machine.type");
    expect(() => readMachineConfig("a: [")).to.throw();
  });
});

describe("trustd", () => {
  const at = { host: "127.78.17.11", port: 50001 };
  const names = ["10.78.17.12", "127.78.17.12", "talos-node-2"];

  it("signs a worker's server certificate for its token, and for a server only", async function () {
    this.timeout(20_000);
    const descriptors = new Descriptors(keptFile(await ensureTool("talosctl"), "api.descriptors"));
    const [authority, other] = [await ed25519Authority("talos"), await ed25519Authority("talos")];
    const server = await serveTrustd(at, { descriptors, authority, server: await issueCertificate(authority, { commonName: "talos-node-1", names: [at.host], usages: ["server"] }), token: () => "right", say: () => undefined });
    try {
      const { csr } = await requestCertificate("talos-node-2", names);
      const ask = (more: { token?: string; ca?: string; csr?: string } = {}) => askTrustd({ descriptors, at, authority: more.ca ?? authority.crt, token: more.token ?? "right", csr: more.csr ?? csr });
      const certificate = new X509Certificate(await ask());
      expect(certificate.subjectAltName).to.equal("IP Address:10.78.17.12, IP Address:127.78.17.12, DNS:talos-node-2");
      expect(certificate.verify(new X509Certificate(authority.crt).publicKey)).to.equal(true);
      expect([certificate.subject, certificate.keyUsage]).to.deep.equal(["CN=talos-node-2", ["1.3.6.1.5.5.7.3.1"]]);
      expect(await ask({ token: "wrong" }).catch(String)).to.match(/Unauthenticated/);
      expect(await ask({ csr: "no request" }).catch(String)).to.match(/INVALID_ARGUMENT/);
      expect(await ask({ ca: other.crt }).catch(String)).to.match(/UNAVAILABLE/);
    } finally {
      server.forceShutdown();
    }
  });

  it("leaves out an organization, which would be a role", async () => {
    const authority = await ed25519Authority("talos");
    const keys = await ed25519Keys();
    const csr = await Pkcs10CertificateRequestGenerator.create({ name: "CN=x,O=os:admin", keys, signingAlgorithm: { name: "Ed25519" } });
    expect(new X509Certificate(await signRequest(authority, csr.toString("pem"))).subject).to.equal("CN=x");
  });
});
