// Owns one node: its fixed interface, the group that runs its machine, its machine config, and how it leaves the cluster.
import * as aws from "@pulumi/aws";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { MachineGroup } from "./machine-group.ts";
import { renderMachinePatches, renderTailscaleService, type MachineConfigArgs } from "./render/machine-config.ts";
import { renderNodeScript } from "./render/node-script.ts";
import { generateMachineConfig, leaveCluster, throughProxy } from "./render/talos-commands.ts";
import { generation, type TalosCluster } from "./talos-cluster.ts";
import type { Window } from "./window.ts";

/** Where a node's machine finds Talos: on the network, led there by iPXE, or in an image that was imported with it. */
export type NodeImage = { readonly boot: "ipxe"; readonly imageId: pulumi.Input<string> } | { readonly boot: "ami"; readonly imageId: string };

export interface TalosNodeArgs {
  readonly cluster: TalosCluster;
  readonly machineConfig: MachineConfigArgs;
  /** Joins the node to a tailnet; for gateways. A secret. */
  readonly tailscaleAuthKey?: pulumi.Input<string>;
  readonly subnetId: pulumi.Input<string>;
  readonly securityGroupId: pulumi.Input<string>;
  readonly availabilityZone: string;
  /** Unique per account and region; its launch template's name too. */
  readonly groupName: string;
  readonly image: NodeImage;
  /** An arm64 type. */
  readonly instanceType: string;
  /** Size of the disk, in GiB: Talos is installed on it. */
  readonly volumeGiB: number;
  readonly window: Window;
  /** The proxy by which the operator's machine reaches the nodes. */
  readonly proxyUrl: string;
}

/** The device that iPXE's and Talos' images boot from. */
const rootDevice = { ipxe: "/dev/sda1", ami: "/dev/xvda" } as const;

export class TalosNode extends pulumi.ComponentResource {
  readonly groupName: pulumi.Output<string>;
  readonly macAddress: pulumi.Output<string>;
  /** A secret. */
  readonly machineConfig: pulumi.Output<string>;

  constructor(name: string, args: TalosNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("moonback:talos:TalosNode", name, {}, opts);
    const parent = { parent: this };
    const { cluster, machineConfig: settings } = args;
    const title = { Name: settings.name };

    const nic = new aws.ec2.NetworkInterface(
      `${name}-interface`,
      {
        subnetId: args.subnetId,
        description: `${settings.name}: an address and a MAC that outlive its instances`,
        privateIps: [settings.address],
        securityGroups: [args.securityGroupId],
        tags: title,
      },
      // Two interfaces cannot hold the same address.
      { ...parent, deleteBeforeReplace: true },
    );
    const patches = [
      ...renderMachinePatches(settings).map((patch) => pulumi.output(patch)),
      ...(args.tailscaleAuthKey === undefined
        ? []
        : [pulumi.secret(pulumi.output(args.tailscaleAuthKey).apply((authKey) => renderTailscaleService({ authKey, bastion: settings.bastion, name: settings.name })))]),
    ];
    const config = new command.local.Command(
      `${name}-config`,
      {
        create: generateMachineConfig(patches.length),
        environment: { ...generation(cluster), ROLE: settings.role, ...Object.fromEntries(patches.map((patch, index) => [`PATCH_${index + 1}`, patch])) },
        logging: "none",
      },
      { ...parent, additionalSecretOutputs: ["stdout"] },
    );
    const group = new MachineGroup(
      `${name}-group`,
      {
        groupName: args.groupName,
        templateName: args.groupName,
        instanceName: settings.name,
        availabilityZone: args.availabilityZone,
        networkInterfaceId: nic.id,
        imageId: args.image.imageId,
        rootDevice: rootDevice[args.image.boot],
        instanceType: args.instanceType,
        volumeGiB: args.volumeGiB,
        // Older iPXE images ask for metadata without a token (ipxe 345abfba1, 2026-07-14). A node has no role: there is nothing to steal.
        metadataTokens: args.image.boot === "ipxe" ? "optional" : "required",
        ...(args.image.boot === "ipxe" ? { userData: btoa(renderNodeScript({ name: settings.name, bastion: settings.bastion })) } : {}),
        window: args.window,
        // Without the bastion's files it could not boot: `up` starts it when they are there.
        schedule: "close",
      },
      parent,
    );
    new command.local.Command(
      `${name}-leave`,
      {
        delete: leaveCluster(),
        environment: {
          NAME: settings.name,
          NODE: settings.address,
          CONTROL_PLANES: settings.controlPlanes.join(" "),
          TALOS_ACCESS: cluster.talosconfig,
          ...throughProxy(args.proxyUrl),
        },
        logging: "none",
      },
      // Deleted before the group, so while the machine still runs; not at all when the whole cluster goes.
      { ...parent, dependsOn: [group], deletedWith: cluster.identity },
    );

    this.groupName = group.groupName;
    this.macAddress = nic.macAddress;
    this.machineConfig = pulumi.secret(config.stdout);
    this.registerOutputs({ groupName: this.groupName });
  }
}
