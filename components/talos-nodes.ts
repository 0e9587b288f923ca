// Owns all nodes of a cluster, and which image they boot from.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { TalosCluster, type TalosClusterArgs } from "./talos-cluster.ts";
import { TalosNode, type NodeImage, type TalosNodeArgs } from "./talos-node.ts";

export interface TalosNodesArgs {
  readonly cluster: TalosClusterArgs;
  /** In the order of their numbers. */
  readonly nodes: readonly (Omit<TalosNodeArgs, "cluster" | "image"> & { readonly imported?: string })[];
}

/** iPXE's own account and its images for arm64, made once a month (ipxe.org/howto/ec2). */
const ipxe = { owner: "833372943033", name: "iPXE (*) (arm64)" };

export class TalosNodes extends pulumi.ComponentResource {
  readonly talosconfig: pulumi.Output<string>;
  /** By the name of the node. */
  readonly nodes: ReadonlyMap<string, TalosNode>;

  constructor(name: string, args: TalosNodesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("moonback:talos:TalosNodes", name, {}, opts);
    const parent = { parent: this };
    const cluster = new TalosCluster(`${name}-cluster`, args.cluster, parent);
    const netbooted = args.nodes.some(({ imported }) => imported === undefined);
    const image = netbooted
      ? aws.ec2.getAmiOutput({ owners: [ipxe.owner], mostRecent: true, filters: [{ name: "name", values: [ipxe.name] }, { name: "architecture", values: ["arm64"] }] }, parent)
      : undefined;
    this.nodes = new Map(args.nodes.map(({ imported, ...node }) => [node.machineConfig.name, new TalosNode(node.machineConfig.name, { ...node, cluster, image: imageOf(imported, image?.id) }, parent)]));
    this.talosconfig = cluster.talosconfig;
    this.registerOutputs({});
  }
}

function imageOf(imported: string | undefined, ipxeImage: pulumi.Output<string> | undefined): NodeImage {
  if (imported !== undefined) return { boot: "ami", imageId: imported };
  if (ipxeImage === undefined) throw new Error("a node that boots over the network needs an image of iPXE");
  return { boot: "ipxe", imageId: ipxeImage };
}
