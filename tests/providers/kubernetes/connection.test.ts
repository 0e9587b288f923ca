// The provider's own arguments, the way to the cluster, and what is said when there is none.

import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { parse, stringify } from "yaml";
import { diffArguments } from "../../../rehearsal/providers/kubernetes/arguments.ts";
import { readKubeconfig } from "../../../rehearsal/providers/kubernetes/kubeconfig.ts";
import { kubernetesProvider } from "../../../rehearsal/providers/kubernetes/provider.ts";
import { serve, type Served } from "../../../rehearsal/providers/server.ts";
import { type Properties, secret, UNKNOWN } from "../../../rehearsal/providers/values.ts";
import { makeAuthority } from "../../kubernetes/cluster.ts";
import type { Recorded } from "../harness.ts";
import { type RunningCluster, SecretTaking, sharedCluster } from "./lab.ts";
import { Proxy } from "./proxy.ts";

const CONFIG_MAP = "kubernetes:core/v1:ConfigMap";

/** A kubeconfig with parts of it changed. */
function changed(kubeconfig: string, { cluster = {}, user = {}, context = {} }: { cluster?: Properties; user?: Properties; context?: Properties }): string {
  const document = parse(kubeconfig) as { clusters: { cluster: Properties }[]; users: { user: Properties }[]; contexts: { context: Properties }[] };
  const [first, who, where] = [document.clusters[0]!, document.users[0]!, document.contexts[0]!];
  first.cluster = { ...first.cluster, ...cluster };
  who.user = { ...who.user, ...user };
  where.context = { ...where.context, ...context };
  return stringify(document);
}

describe("the stand-in kubernetes provider's way to a cluster", function () {
  this.timeout(60_000);
  let cluster: RunningCluster;
  let served: Served;
  let provider: SecretTaking;
  before(async () => (cluster = await sharedCluster()));
  beforeEach(async () => {
    served = await serve(kubernetesProvider({}), { closeMs: 0 });
    provider = new SecretTaking(served.port, { takesSecrets: true });
  });
  afterEach(async () => {
    provider.client.close();
    await served.stop();
  });

  const root = (name: string): Promise<Recorded | undefined> => provider.read(CONFIG_MAP, `kube-system/${name}`);
  const failureWith = async (args: Properties): Promise<string> => {
    await provider.configure(args);
    return root("extension-apiserver-authentication").then(() => "", (error: unknown) => (error as { details: string }).details);
  };

  it("leads to the plan's address on this machine, with a client certificate", async () => {
    await provider.configure({ kubeconfig: secret(cluster.kubeconfig) });
    expect((await root("extension-apiserver-authentication"))?.id).to.equal("kube-system/extension-apiserver-authentication");
  });

  it("is read from a file, certificates beside it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "moonback-kubeconfig-"));
    try {
      writeFileSync(join(folder, "ca.crt"), cluster.clusterCa);
      writeFileSync(join(folder, "config"), changed(cluster.kubeconfig, { cluster: { "certificate-authority-data": undefined, "certificate-authority": "ca.crt" } }));
      await provider.configure({ kubeconfig: join(folder, "config") });
      expect((await root("extension-apiserver-authentication"))?.id).to.be.a("string");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("goes through the kubeconfig's proxy, with what lets it in", async () => {
    const proxy = await Proxy.start({ host: cluster.address.replace(/^10/, "127"), port: 6443 }, "me:my way");
    try {
      await provider.configure({ kubeconfig: changed(cluster.kubeconfig, { cluster: { "proxy-url": `http://me:my%20way@${proxy.address}` } }) });
      expect((await root("extension-apiserver-authentication"))?.id).to.be.a("string");
      expect(proxy.asked).to.deep.equal([`${cluster.address}:6443`]);
      expect(await failureWith({ kubeconfig: changed(cluster.kubeconfig, { cluster: { "proxy-url": `http://${proxy.address}` } }) }))
        .to.include(`no answer from ${cluster.address}:6443: the proxy ${proxy.address} answered 407`);
    } finally {
      await proxy.stop();
    }
  });

  it("puts objects into the namespace of the provider, of the context, or the default one", async () => {
    const namespaceOf = async (args: Properties): Promise<unknown> => {
      await provider.configure(args);
      return ((await provider.check(CONFIG_MAP, { metadata: { name: "a" } })).inputs["metadata"] as Properties)["namespace"];
    };
    const kubeconfig = changed(cluster.kubeconfig, { context: { namespace: "of-context" } });
    expect(await namespaceOf({ kubeconfig: changed(cluster.kubeconfig, { context: { namespace: undefined } }) })).to.equal("default");
    expect(await namespaceOf({ kubeconfig })).to.equal("of-context");
    expect(await namespaceOf({ kubeconfig, namespace: "of-provider" })).to.equal("of-provider");
    const { inputs } = await provider.check("kubernetes:core/v1:Namespace", { metadata: { name: "a" } });
    expect(inputs).to.deep.equal({ apiVersion: "v1", kind: "Namespace", metadata: { name: "a" } });
  });

  it("never leads off this machine", async () => {
    for (const server of ["https://192.0.2.1:6443", "https://cluster.example.org", "https://127.0.0.1.example.org"]) {
      const failure = await failureWith({ kubeconfig: changed(cluster.kubeconfig, { cluster: { server } }) });
      expect(failure, server).to.include("speaks only to clusters of the rehearsal").and.include(new URL(server).hostname);
    }
    expect(await failureWith({ kubeconfig: changed(cluster.kubeconfig, { cluster: { "proxy-url": "http://192.0.2.1:3128" } }) })).to.include("192.0.2.1");
  });

  it("ends at a cluster that shows another authority's certificate: that is an answer, and no silence", async () => {
    const other = await makeAuthority({ name: "organizationName", value: "kubernetes" });
    const data = { "certificate-authority-data": Buffer.from(other.crt).toString("base64") };
    const failure = await failureWith({ kubeconfig: changed(cluster.kubeconfig, { cluster: data }), deleteUnreachable: "true" });
    expect(failure).to.match(/^the cluster at https:\/\/10\.79\.\d+\.11:6443 cannot be spoken to: .*(certificate|signature)/);
  });

  it("ends where nobody is let in, with the server's words", async () => {
    const failure = await failureWith({ kubeconfig: changed(cluster.kubeconfig, { user: { "client-certificate-data": undefined, "client-key-data": undefined, token: "wrong" } }), deleteUnreachable: "true" });
    expect(failure).to.match(/Unauthorized/);
  });

  describe("to a cluster that does not answer", () => {
    let kubeconfig: string;
    before(async () => {
      const closed = createServer().listen(0, "127.0.0.1");
      await once(closed, "listening");
      const { port } = closed.address() as { port: number };
      closed.close();
      kubeconfig = changed(cluster.kubeconfig, { cluster: { server: `https://127.0.0.1:${port}` } });
    });
    const recorded = (): Recorded => {
      const inputs = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "default" } };
      return { token: CONFIG_MAP, id: "default/a", inputs, state: { ...inputs, __fieldManager: "pulumi-kubernetes-1" } };
    };

    it("counts nothing as gone, and says what would make it", async () => {
      await provider.configure({ kubeconfig });
      for (const call of [() => provider.read(CONFIG_MAP, "default/a", recorded()), () => provider.delete(recorded())]) {
        const failure = await call().then(() => "", (error: unknown) => (error as { details: string }).details);
        expect(failure).to.match(/^whether ConfigMap \S+ is still there cannot be told: no answer from https:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)\./)
          .and.to.include("set deleteUnreachable on the provider, or PULUMI_K8S_DELETE_UNREACHABLE=true");
      }
    });

    it("counts all as gone where it is told to", async () => {
      await provider.configure({ kubeconfig, deleteUnreachable: "true" });
      expect(await provider.read(CONFIG_MAP, "default/a", recorded())).to.equal(undefined);
      await provider.delete(recorded());
    });

    it("plans with what is known, and makes and changes nothing", async () => {
      await provider.configure({ kubeconfig, deleteUnreachable: "true" });
      const widget = { apiVersion: "example.org/v1", kind: "Widget", metadata: { name: "a" }, spec: { b: 1 } };
      const { inputs, failures } = await provider.check("kubernetes:example.org/v1:Widget", widget);
      expect(failures).to.deep.equal([]);
      expect(await provider.previewCreate("kubernetes:example.org/v1:Widget", inputs)).to.deep.equal(inputs);
      const wanted = { ...recorded().inputs, data: { b: "c" } };
      expect((await provider.places(recorded(), wanted)).places).to.deep.equal(["add-replace data"]);
      expect((await provider.update(recorded(), wanted, true)).state).to.deep.include({ data: { b: "c" }, kind: "ConfigMap" });
      const made = await provider.create(CONFIG_MAP, { metadata: { name: "a" } }).then(() => "", (error: unknown) => (error as { details: string }).details);
      expect(made).to.match(/^ConfigMap default\/a was not made, as far as is known: no answer from /);
      const updated = await provider.update(recorded(), wanted).then(() => "", (error: unknown) => (error as { details: string }).details);
      expect(updated).to.match(/^no answer from /);
    });
  });
});

describe("a kubeconfig", () => {
  const whole = stringify({
    "current-context": "a",
    contexts: [{ name: "a", context: { cluster: "a", user: "u", namespace: "space" } }, { name: "b", context: { cluster: "b", user: "u" } }],
    clusters: [{ name: "a", cluster: { server: "https://10.10.0.11:6443" } }, { name: "b", cluster: { server: "https://10.10.0.12:6443", "tls-server-name": "cluster" } }],
    users: [{ name: "u", user: { token: "t4711" } }],
  });
  const nothing = { context: undefined, cluster: undefined };

  it("has a context, which the provider may choose", () => {
    expect(readKubeconfig(whole, nothing)).to.include({ token: "t4711", namespace: "space" });
    expect(readKubeconfig(whole, nothing).server.host).to.equal("10.10.0.11:6443");
    expect(readKubeconfig(whole, { ...nothing, context: "b" })).to.include({ serverName: "cluster", namespace: undefined });
    expect(readKubeconfig(whole, { ...nothing, cluster: "b" }).server.host).to.equal("10.10.0.12:6443");
  });

  const wrong: readonly (readonly [kubeconfig: string, said: string])[] = [
    ["t4711: [", "the kubeconfig is neither YAML nor JSON"],
    ["t4711", "the kubeconfig is neither the path of a file nor the contents of one"],
    [whole.replace("current-context: a", "current-context: c"), "the kubeconfig has no context named 'c'"],
    [whole.replace("https://10.10.0.11", "http://10.10.0.11"), "the kubeconfig's server must be an https:// address"],
    [whole.replace("token: t4711", "exec: {}"), "the kubeconfig's user has 'exec', which the stand-in kubernetes provider does not support"],
    [whole.replace("server: https://10.10.0.11:6443", "{ server: 'https://10.10.0.11', proxy-url: 'socks5://127.0.0.1:1' }").replace("cluster:\n      {", "cluster: {"), "the kubeconfig's proxy-url must be an http:// address"],
    [whole.replace("token: t4711", "client-certificate: /missing.crt"), "the kubeconfig's client-certificate cannot be read: /missing.crt"],
  ];
  for (const [kubeconfig, said] of wrong) {
    it(`is refused: ${said}`, () => expect(() => readKubeconfig(kubeconfig, nothing)).to.throw(said).with.property("message").that.does.not.include("t4711"));
  }

  it("leads every resource elsewhere only if the cluster in it is another one, or called another one", () => {
    const of = (before: Properties, after: Properties): string[] => diffArguments(before, after).map(({ property, replaces }) => `${replaces ? "replace" : "update"} ${property}`);
    const kubeconfig = whole;
    expect(of({ kubeconfig }, { kubeconfig: whole.replace("t4711", "t4712") })).to.deep.equal(["update kubeconfig"]);
    const moved = whole.replace("10.10.0.11", "10.20.0.11");
    expect(of({ kubeconfig }, { kubeconfig: moved })).to.deep.equal(["replace kubeconfig"]);
    expect(of({ kubeconfig }, { kubeconfig, context: "b" })).to.deep.equal(["replace context"]);
    expect(of({ kubeconfig }, { kubeconfig: UNKNOWN })).to.deep.equal(["replace kubeconfig"]);
    expect(of({ kubeconfig, clusterIdentifier: "1" }, { kubeconfig: moved, clusterIdentifier: "1" })).to.deep.equal(["update kubeconfig"]);
    expect(of({ kubeconfig, clusterIdentifier: "1" }, { kubeconfig, clusterIdentifier: "2" })).to.deep.equal(["replace clusterIdentifier"]);
    expect(of({ kubeconfig }, { kubeconfig, clusterIdentifier: "2" })).to.deep.equal(["update clusterIdentifier"]);
    expect(of({ kubeconfig, namespace: "a" }, { kubeconfig, namespace: "b" })).to.deep.equal(["update namespace"]);
  });
});

describe("what the stand-in kubernetes provider refuses", () => {
  it("of its own arguments is named", () => {
    const provider = kubernetesProvider({});
    expect(provider.checkConfig({ kubeconfig: secret("x"), context: "a", deleteUnreachable: "true", enableServerSideApply: "true", clusterIdentifier: UNKNOWN, version: "4.34.2" })).to.deep.equal([]);
    expect(provider.checkConfig({ renderYamlToDirectory: "x", helmReleaseSettings: "{}" }).map(({ property }) => property)).to.deep.equal(["renderYamlToDirectory", "helmReleaseSettings"]);
    expect(provider.checkConfig({ enableServerSideApply: "false" })[0]?.reason).to.include("server-side apply only");
    expect(kubernetesProvider({ PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY: "false" }).checkConfig({})).to.have.length(1);
  });

  const inputs: readonly (readonly [what: string, inputs: Properties, said: RegExp])[] = [
    ["no name", { metadata: {} }, /needs 'metadata\.name': the stand-in invents no names/],
    ["no metadata", {}, /needs 'metadata\.name'/],
    ["a name to be generated", { metadata: { generateName: "a-" } }, /generateName.*does not know/],
    ["a time that is none", { metadata: { name: "a", annotations: { "pulumi.com/timeoutSeconds": "soon" } } }, /must be a number of seconds, not 'soon'/],
    ["something to wait for that is nothing", { metadata: { name: "a", annotations: { "pulumi.com/waitFor": "Ready" } } }, /pulumi\.com\/waitFor must begin with/],
    ["an annotation that it would ignore", { metadata: { name: "a", annotations: { "pulumi.com/replaceUnready": "true" } } }, /does not support the annotation pulumi\.com\/replaceUnready/],
    ["an annotation that is no text", { metadata: { name: "a", annotations: { b: 1 } } }, /the annotation b must be a string/],
  ];
  for (const [what, given, said] of inputs) {
    it(`is ${what}`, async () => {
      const provider = kubernetesProvider({});
      await provider.configure({});
      const { failures } = await provider.operations!(CONFIG_MAP)!.check(given);
      expect(failures.map(({ reason }) => reason).join()).to.match(said);
    });
  }

  it("is nothing of what is not known yet", async () => {
    const provider = kubernetesProvider({});
    await provider.configure({});
    for (const metadata of [UNKNOWN, { name: UNKNOWN, annotations: UNKNOWN }, { name: "a", namespace: UNKNOWN, annotations: { "pulumi.com/waitFor": UNKNOWN } }]) {
      const { failures } = await provider.operations!(CONFIG_MAP)!.check({ metadata });
      expect(failures).to.deep.equal([]);
    }
  });

  it("is a whole type by a sentence, at check", async () => {
    const provider = kubernetesProvider({});
    const { failures } = await provider.operations!("kubernetes:core/v1:ConfigMapList")!.check({ kind: "ConfigMapList" });
    expect(failures).to.have.length(1);
    expect(failures[0]?.reason).to.include("cannot be made");
    expect(provider.operations!("other:core/v1:ConfigMap")).to.equal(undefined);
  });
});
