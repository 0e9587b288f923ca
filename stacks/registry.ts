import { groupName, nodeGroupName, nodesOf, title } from "./config.ts";
import type { StageOutputs } from "./outputs.ts";
import type { Stage } from "./stage.ts";

/** The one ordered list of stages: up goes down it, down goes up it; previews, status and docs follow it. */
export const stages: readonly Stage[] = [
  {
    name: "network",
    needs: [],
    outputs: [
      "vpcId",
      "vpcIpv6Cidr",
      "subnetId",
      "subnetIpv6Cidr",
      "bastionSecurityGroupId",
      "nodeSecurityGroupId",
      "flowLogGroupName",
    ] satisfies (keyof StageOutputs["network"])[],
    gates: ["01"],
    claims: (environment) => [{ type: "aws:ec2/vpc:Vpc", resource: "network-vpc", name: title(environment) }],
    load: async () => (await import("./network.ts")).network,
  },
  {
    name: "bastion",
    needs: ["network"],
    outputs: [
      "groupName",
      "networkInterfaceId",
      "address",
      "ipv6Address",
      "user",
      "operatorPrivateKey",
      "operatorPublicKey",
      "hostPublicKey",
      "assets",
    ] satisfies (keyof StageOutputs["bastion"])[],
    gates: ["09"],
    groups: (environment) => [groupName(environment)],
    claims: (environment) => [{ type: "aws:autoscaling/group:Group", resource: "bastion-group-asg", name: groupName(environment) }],
    files: async (environment) => (await import("./bundle.ts")).settledFiles(environment),
    publicAddress: ({ bastion }) => ({ address: bastion.address, wanted: bastion.egress === "public-ipv4" }),
    load: async () => (await import("./bastion.ts")).bastion,
  },
  {
    name: "netboot",
    needs: ["bastion"],
    outputs: ["generation"] satisfies (keyof StageOutputs["netboot"])[],
    gates: ["02", "03"],
    load: async () => (await import("./netboot.ts")).netboot,
  },
  {
    name: "nodes",
    needs: ["network"],
    outputs: ["talosconfig", "macAddresses", "machineConfigs"] satisfies (keyof StageOutputs["nodes"])[],
    gates: ["09"],
    operatesNodes: true,
    // A node is not ended from under its cluster.
    outdated: "keep",
    groups: (environment) => nodesOf(environment).map((node) => nodeGroupName(environment, node)),
    claims: (environment) =>
      nodesOf(environment).map((node) => ({ type: "aws:autoscaling/group:Group", resource: `${node.name}-group-asg`, name: nodeGroupName(environment, node) })),
    load: async () => (await import("./nodes.ts")).nodes,
  },
  {
    name: "cluster",
    needs: ["bastion", "netboot", "nodes"],
    outputs: ["kubeconfig", "talosconfig", "generation"] satisfies (keyof StageOutputs["cluster"])[],
    gates: ["04"],
    operatesNodes: true,
    load: async () => (await import("./cluster.ts")).cluster,
  },
];

/** The name of a stage's Pulumi stack. */
export function stackName(environment: string, stage: string): string {
  return `${environment}-${stage}`;
}
