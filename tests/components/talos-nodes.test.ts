import { expect } from "chai";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { TalosNodes, type TalosNodesArgs } from "../../components/talos-nodes.ts";
import { evening } from "./samples.ts";
import { declare, named, type Declared } from "./mocks.ts";

type NodeArgs = TalosNodesArgs["nodes"][number];
const node = (number: number, over: Partial<NodeArgs> = {}, config: Partial<NodeArgs["machineConfig"]> = {}): NodeArgs => ({
  machineConfig: {
    name: `talos-node-${number}`,
    address: `10.10.0.${10 + number}`,
    role: number === 1 ? "controlplane" : "worker",
    installImage: `ghcr.io/example/talos@sha256:${"a".repeat(64)}`,
    bastion: "10.10.0.100",
    resolver: "10.10.0.2",
    vpcCidr: "10.10.0.0/16",
    subnetCidr: "10.10.0.0/24",
    controlPlanes: ["10.10.0.11"],
    ...config,
  },
  subnetId: "subnet-1",
  securityGroupId: "sg-2",
  availabilityZone: "eu-west-1a",
  groupName: `moonback-lab-talos-node-${number}`,
  instanceType: "t4g.small",
  volumeGiB: 10,
  window: evening,
  proxyUrl: "http://127.0.0.1:17000",
  ...over,
});
const cluster = { clusterName: "moonback-lab", endpoint: "https://10.10.0.11:6443", controlPlanes: ["10.10.0.11"] };
const nodes = (...all: NodeArgs[]) =>
  declare((watch) => new TalosNodes("nodes", { cluster, nodes: all }, { transformations: [watch] }), { calls: { "aws:ec2/getAmi:getAmi": { id: "ami-ipxe" } } });

/** An input of the mock, in clear, and whether it came as a secret. */
function opened(value: unknown): { value: unknown; secret: boolean } {
  const secret = typeof value === "object" && value !== null && "4dabf18193072939515e22adb298388d" in value;
  return { value: secret ? (value as { value?: unknown }).value : value, secret };
}
const variables = (resources: readonly Declared[], name: string): Record<string, unknown> => {
  const environment = opened(named(resources, name).inputs["environment"]);
  return environment.value as Record<string, unknown>;
};

describe("the nodes component", function () {
  this.timeout(20_000);

  it("declares an interface, a group with a stop and no start, a config and a way to leave for every node, and one identity", async () => {
    const { resources } = await nodes(node(1), node(2));
    const own = resources.filter(({ type }) => /^(aws|command):/.test(type)).map(({ type, name }) => `${type.split(":").at(-1) ?? ""} ${name}`);
    const ofNode = (name: string) => [`NetworkInterface ${name}-interface`, `Command ${name}-config`, `LaunchTemplate ${name}-group-template`, `Group ${name}-group-asg`, `Schedule ${name}-group-stop`, `Command ${name}-leave`];
    expect(own.sort()).to.deep.equal(["Command nodes-cluster-secrets", "Command nodes-cluster-access", ...ofNode("talos-node-1"), ...ofNode("talos-node-2")].sort());
  });

  it("makes machines that end with the window, have no role, no way in and an encrypted disk", async () => {
    const { resources } = await nodes(node(1));
    expect(named(resources, "talos-node-1-group-asg").inputs).to.include({ minSize: 0, maxSize: 1, desiredCapacity: 0 });
    expect(named(resources, "talos-node-1-group-stop").inputs).to.include({ minSize: 0, maxSize: 0, desiredCapacity: 0, scheduledActionName: "stop", timeZone: "Europe/Berlin" });
    const template = named(resources, "talos-node-1-group-template").inputs;
    expect(template).to.not.have.property("iamInstanceProfile");
    expect(template["metadataOptions"]).to.deep.include({ httpTokens: "optional", httpPutResponseHopLimit: 1 });
    expect(template["blockDeviceMappings"]).to.deep.equal([{ deviceName: "/dev/sda1", ebs: { volumeType: "gp3", volumeSize: 10, encrypted: "true", deleteOnTermination: "true" } }]);
    expect(template["imageId"]).to.equal("ami-ipxe");
    expect(named(resources, "talos-node-1-interface").inputs).to.deep.include({ privateIps: ["10.10.0.11"], securityGroups: ["sg-2"] });
  });

  it("starts iPXE with a script that asks matchbox for this node for ever", async () => {
    const { resources } = await nodes(node(2));
    const script = Buffer.from(named(resources, "talos-node-2-group-template").inputs["userData"] as string, "base64").toString();
    expect(script).to.match(/^#!ipxe\n/);
    expect(script).to.include("chain --autofree http://10.10.0.100:8080/ipxe?mac=${net0/mac:hexhyp}&name=talos-node-2 || goto refused");
    for (const label of script.matchAll(/goto (\S+)/g)) expect(script).to.include(`\n:${label[1] ?? ""}\n`);
    expect(script.length).to.be.below(16_384);
  });

  it("takes an imported image with its own Talos: no user data, tokens required, nobody asked for iPXE", async () => {
    const { resources, calls } = await nodes(node(1, { imported: "ami-0123456789abcdef0" }));
    const template = named(resources, "talos-node-1-group-template").inputs;
    expect(template).to.include({ imageId: "ami-0123456789abcdef0" }).and.not.have.property("userData");
    expect(template["metadataOptions"]).to.deep.include({ httpTokens: "required" });
    expect(calls).to.deep.equal([]);
  });

  it("asks for the newest of iPXE's own images for arm64, once for all nodes", async () => {
    const { calls } = await nodes(node(1), node(2), node(3));
    expect(calls).to.have.length(1);
    expect(calls[0]?.inputs).to.deep.include({ owners: ["833372943033"], mostRecent: true });
    expect(JSON.stringify(calls[0]?.inputs)).to.include("iPXE (*) (arm64)").and.include("arm64");
  });

  it("hands secrets to commands in variables only, as secrets, and logs nothing of them", async () => {
    const { resources } = await nodes(node(1, { tailscaleAuthKey: pulumi.secret("tskey-canary") }, {}));
    const commands = resources.filter(({ type }) => type === "command:local:Command");
    for (const { name, inputs, opts } of commands) {
      expect(inputs["logging"], name).to.equal("none");
      for (const step of ["create", "update", "delete"]) expect(JSON.stringify(inputs[step] ?? ""), `${name} ${step}`).to.not.match(/said by|tskey|BEGIN/);
      if (!name.endsWith("-leave")) expect(opts.additionalSecretOutputs, name).to.deep.equal(["stdout"]);
    }
    const environment = named(resources, "talos-node-1-config").inputs["environment"];
    expect(opened(environment).secret || opened((environment as Record<string, unknown>)["SECRETS"]).secret).to.equal(true);
    expect(JSON.stringify(variables(resources, "talos-node-1-config"))).to.include("tskey-canary");
  });

  it("never makes new secrets for a cluster that has some", async () => {
    const { resources } = await nodes(node(1));
    expect(named(resources, "nodes-cluster-secrets").inputs["update"]).to.equal(`printf '%s\\n' "$PULUMI_COMMAND_STDOUT"`);
  });

  it("lets a node leave before its group goes, and not at all when the whole cluster goes", async () => {
    const { resources } = await nodes(node(2));
    const { inputs, opts } = named(resources, "talos-node-2-leave");
    expect(inputs["create"]).to.equal(undefined);
    expect(inputs["delete"]).to.include("kubectl drain").and.include("reset --graceful=true").and.include("kubectl delete node");
    expect(opts.dependsOn).to.have.length(1);
    const secrets = await new Promise((resolve) => opts.deletedWith?.urn.apply(resolve));
    expect(secrets).to.match(/::nodes-cluster-secrets$/);
  });

  it("gives the operator's access the endpoints that talosctl cannot know", async () => {
    const { result } = await nodes(node(1));
    const text = await new Promise<string>((resolve) => result.talosconfig.apply(resolve));
    expect(parse(text)).to.deep.equal({ context: "lab", contexts: { lab: { endpoints: ["10.10.0.11"], nodes: ["10.10.0.11"], ca: "CA" } } });
    expect(await pulumi.isSecret(result.talosconfig)).to.equal(true);
  });
});
