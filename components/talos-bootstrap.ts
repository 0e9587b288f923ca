// Owns the moment at which machines become a Kubernetes cluster: all have their config, one starts etcd, and the operator gets in.
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { parse, stringify } from "yaml";
import { applyConfig, bootstrapCluster, fetchKubeconfig, throughProxy } from "./render/talos-commands.ts";
import { TalosMember, type TalosMemberArgs } from "./talos-member.ts";

export interface TalosBootstrapArgs {
  readonly bastion: TalosMemberArgs["bastion"];
  /** A secret. */
  readonly talosconfig: pulumi.Input<string>;
  /** In the order of their numbers. */
  readonly nodes: readonly (Pick<TalosMemberArgs, "node" | "machineConfig" | "instanceId"> & {
    readonly role: "controlplane" | "worker";
    /** What installs its Talos: a node that runs another is upgraded. */
    readonly installImage: string;
  })[];
  /** Where the Kubernetes API answers. */
  readonly endpoint: string;
  /** The proxy by which the operator's machine reaches the nodes. */
  readonly proxyUrl: string;
}

/** How long each step may take, in seconds: images are pulled meanwhile. */
const stepSeconds = "600";

/** What Talos runs on a node of each role when it is well. */
const services = { controlplane: "apid kubelet etcd", worker: "apid kubelet" } as const;

export class TalosBootstrap extends pulumi.ComponentResource {
  /** Access to Kubernetes through the bastion. A secret. */
  readonly kubeconfig: pulumi.Output<string>;

  constructor(name: string, args: TalosBootstrapArgs, opts?: pulumi.ComponentResourceOptions) {
    super("moonback:talos:TalosBootstrap", name, {}, opts);
    const parent = { parent: this };
    const operator = { TALOS_ACCESS: pulumi.secret(args.talosconfig), PATIENCE: stepSeconds, ...throughProxy(args.proxyUrl) };
    const members = new Map(
      args.nodes.map(({ node, machineConfig, instanceId }) => [
        node.name,
        new TalosMember(node.name, { bastion: args.bastion, node, machineConfig, instanceId, talosconfig: args.talosconfig, proxyUrl: args.proxyUrl }, parent),
      ]),
    );
    const controlPlanes = args.nodes.filter(({ role }) => role === "controlplane");
    const [first] = controlPlanes;
    if (first === undefined) throw new Error("a cluster needs a control plane");
    const instances = pulumi.all(controlPlanes.map(({ instanceId }) => pulumi.output(instanceId))).apply((ids) => ids.join(" "));

    const bootstrap = new command.local.Command(
      `${name}-bootstrap`,
      { create: bootstrapCluster(), environment: { CONTROL_PLANES: controlPlanes.map(({ node }) => node.address).join(" "), INSTANCES: instances, ...operator } },
      { ...parent, dependsOn: controlPlanes.flatMap(({ node }) => members.get(node.name)?.joined ?? []) },
    );
    // One after the other: the next node is touched when the one before is well.
    let before: pulumi.Resource = bootstrap;
    for (const { node, role, installImage, machineConfig, instanceId } of args.nodes) {
      const joined = members.get(node.name)?.joined;
      before = new command.local.Command(
        `${name}-apply-${node.name}`,
        {
          create: applyConfig(),
          environment: { NODE: node.address, SERVICES: services[role], INSTALL_IMAGE: installImage, MACHINE_CONFIG: pulumi.secret(machineConfig), INSTANCE: instanceId, ...operator },
          logging: "none",
        },
        { ...parent, dependsOn: joined === undefined ? [before] : [before, joined] },
      );
    }
    const fetched = new command.local.Command(
      `${name}-kubeconfig`,
      { create: fetchKubeconfig(), environment: { NODE: first.node.address, INSTANCES: instances, ...operator }, logging: "none" },
      { ...parent, additionalSecretOutputs: ["stdout"], dependsOn: [bootstrap] },
    );

    this.kubeconfig = pulumi.secret(fetched.stdout.apply((text) => throughBastion(text, args)));
    this.registerOutputs({});
  }
}

/** Talos knows neither the way through the bastion nor that a proxy stands before three control planes. */
export function throughBastion(kubeconfig: string, { endpoint, proxyUrl }: Pick<TalosBootstrapArgs, "endpoint" | "proxyUrl">): string {
  const config = parse(kubeconfig) as { clusters: { name: string; cluster: object }[] };
  const clusters = config.clusters.map(({ name, cluster }) => ({ name, cluster: { ...cluster, server: endpoint, "proxy-url": proxyUrl } }));
  return stringify({ ...config, clusters }, { lineWidth: 0 });
}
