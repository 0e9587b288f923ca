import { expect } from "chai";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { TalosBootstrap, throughBastion, type TalosBootstrapArgs } from "../../components/talos-bootstrap.ts";
import { declare, named, type Declared } from "./mocks.ts";

const node = (number: number, role: "controlplane" | "worker", instanceId = `i-${number}`): TalosBootstrapArgs["nodes"][number] => ({
  node: { name: `talos-node-${number}`, address: `10.10.0.${10 + number}`, variant: "spin-only", mac: `02:00:00:00:00:0${number}` },
  role,
  machineConfig: pulumi.secret(`canary-config-${number}`),
  instanceId,
  installImage: "ghcr.io/example/talos@sha256:1",
});
const bastion = { host: "2001:db8::100", user: "moonback", privateKey: pulumi.secret("key"), hostKey: "ssh-ed25519 AAAA", address: "10.10.0.100" };
const bootstrap = (...nodes: TalosBootstrapArgs["nodes"][number][]) =>
  declare((watch) => new TalosBootstrap("c", { bastion, talosconfig: pulumi.secret("canary-access"), nodes, endpoint: "https://10.10.0.11:6443", proxyUrl: "http://127.0.0.1:17000" }, { transformations: [watch] }));

/** The names of what a resource waits for. */
async function waitsFor({ opts }: Declared): Promise<string[]> {
  const all = ([] as pulumi.Resource[]).concat((opts.dependsOn ?? []) as pulumi.Resource[]);
  const urns = await Promise.all(all.map((one) => new Promise<string>((resolve) => one.urn.apply(resolve))));
  return urns.map((urn) => urn.split("::").at(-1) ?? "?").sort();
}

/** In clear, whatever is secret. */
function clear(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("4dabf18193072939515e22adb298388d" in value) return clear((value as { value?: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, clear(one)]));
}

describe("the bootstrap component", function () {
  this.timeout(20_000);

  it("serves each machine its files, waits for it, and takes them away again; all that by the instance that runs", async () => {
    const { resources } = await bootstrap(node(1, "controlplane"), node(2, "worker"));
    const serve = named(resources, "talos-node-2-serve");
    expect(serve.inputs).to.deep.include({ create: "sudo /opt/moonback/bin/matchbox-files put", update: "true", triggers: ["i-2"] });
    const files = JSON.parse(clear(serve.inputs["stdin"]) as string) as Record<string, string>;
    expect(Object.keys(files)).to.deep.equal(["generic/talos-node-2.yaml", "profiles/talos-node-2.json", "groups/talos-node-2.json"]);
    expect(files["generic/talos-node-2.yaml"]).to.equal("canary-config-2");
    expect(JSON.parse(files["groups/talos-node-2.json"] ?? "")).to.deep.equal({ id: "talos-node-2", name: "talos-node-2", profile: "talos-node-2", selector: { mac: "02:00:00:00:00:02" } });
    expect(await waitsFor(named(resources, "talos-node-2-joined"))).to.deep.equal(["talos-node-2-serve"]);
    const withdraw = named(resources, "talos-node-2-withdraw");
    expect(withdraw.inputs).to.deep.include({ create: "sudo /opt/moonback/bin/matchbox-files remove talos-node-2", triggers: ["i-2"] });
    expect(await waitsFor(withdraw)).to.deep.equal(["talos-node-2-joined"]);
  });

  it("starts the machine with the arguments that Talos needs, and an address of its own for everything it asks for", async () => {
    const { resources } = await bootstrap(node(1, "controlplane"));
    const files = JSON.parse(clear(named(resources, "talos-node-1-serve").inputs["stdin"]) as string) as Record<string, string>;
    expect(JSON.parse(files["profiles/talos-node-1.json"] ?? "")).to.deep.equal({
      id: "talos-node-1",
      name: "Talos on talos-node-1",
      boot: {
        kernel: "http://10.10.0.100:8080/assets/talos/spin-only/vmlinuz?mac=02-00-00-00-00-01",
        initrd: ["--name initramfs.xz http://10.10.0.100:8080/assets/talos/spin-only/initramfs.xz?mac=02-00-00-00-00-01"],
        args: ["initrd=initramfs.xz", "init_on_alloc=1", "slab_nomerge", "pti=on", "console=ttyS0", "printk.devkmsg=on", "talos.platform=metal", "talos.config=http://10.10.0.100:8080/generic?mac=02-00-00-00-00-01"],
      },
      generic_id: "talos-node-1.yaml",
    });
  });

  it("bootstraps once for all control planes, when they have their configs, and keyed by nothing but their instances", async () => {
    const { resources } = await bootstrap(node(1, "controlplane"), node(2, "controlplane"), node(3, "controlplane"), node(4, "worker"));
    const found = named(resources, "c-bootstrap");
    expect(clear(found.inputs["environment"])).to.deep.include({ CONTROL_PLANES: "10.10.0.11 10.10.0.12 10.10.0.13", INSTANCES: "i-1 i-2 i-3" });
    expect(await waitsFor(found)).to.deep.equal(["talos-node-1-joined", "talos-node-2-joined", "talos-node-3-joined"]);
  });

  it("rolls a config from one node to the next, and asks for what is well there", async () => {
    const { resources } = await bootstrap(node(1, "controlplane"), node(2, "worker"), node(3, "worker"));
    expect(await waitsFor(named(resources, "c-apply-talos-node-1"))).to.deep.equal(["c-bootstrap", "talos-node-1-joined"]);
    expect(await waitsFor(named(resources, "c-apply-talos-node-3"))).to.deep.equal(["c-apply-talos-node-2", "talos-node-3-joined"]);
    expect(clear(named(resources, "c-apply-talos-node-1").inputs["environment"])).to.include({ SERVICES: "apid kubelet etcd", MACHINE_CONFIG: "canary-config-1" });
    expect(clear(named(resources, "c-apply-talos-node-2").inputs["environment"])).to.include({ SERVICES: "apid kubelet" });
  });

  it("replaces no command of an operator's, since what it undoes would be the new machine's", async () => {
    const { resources } = await bootstrap(node(1, "controlplane"));
    const local = resources.filter(({ type }) => type === "command:local:Command");
    expect(local).to.not.be.empty;
    for (const { name, inputs } of local) expect(inputs, name).to.not.have.any.keys("triggers", "delete");
  });

  it("keeps configs and access out of every command and of every log", async () => {
    const { resources, result } = await bootstrap(node(1, "controlplane"));
    for (const { name, inputs } of resources.filter(({ type }) => type.startsWith("command:"))) {
      for (const step of ["create", "update", "delete"]) expect(JSON.stringify(inputs[step] ?? ""), `${name} ${step}`).to.not.include("canary");
      const holds = JSON.stringify(clear(inputs)).includes("canary-config");
      if (holds) expect(inputs["logging"], name).to.equal("none");
    }
    expect(await pulumi.isSecret(result.kubeconfig)).to.equal(true);
  });

  it("hands on a kubeconfig that leads through the bastion", () => {
    const text = throughBastion("clusters: [{ name: lab, cluster: { server: https://10.10.0.11:6443, certificate-authority-data: CA } }]\n", { endpoint: "https://10.10.0.100:6443", proxyUrl: "http://127.0.0.1:17000" });
    expect(parse(text)).to.deep.equal({ clusters: [{ name: "lab", cluster: { server: "https://10.10.0.100:6443", "certificate-authority-data": "CA", "proxy-url": "http://127.0.0.1:17000" } }] });
  });
});
