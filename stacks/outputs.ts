import type * as pulumi from "@pulumi/pulumi";
import type { AssetSums } from "../components/bastion.ts";
import type { Network } from "../components/network.ts";

export type NetworkOutputs = Pick<
  Network,
  "vpcId" | "vpcIpv6Cidr" | "subnetId" | "subnetIpv6Cidr" | "bastionSecurityGroupId" | "nodeSecurityGroupId" | "flowLogGroupName"
>;

export type BastionOutputs = {
  readonly groupName: pulumi.Output<string>;
  readonly networkInterfaceId: pulumi.Output<string>;
  readonly address: pulumi.Output<string>;
  readonly ipv6Address: pulumi.Output<string>;
  /** Who logs in. */
  readonly user: pulumi.Output<string>;
  /** OpenSSH format; a secret. */
  readonly operatorPrivateKey: pulumi.Output<string>;
  readonly operatorPublicKey: pulumi.Output<string>;
  /** The only host key that the bastion shows. */
  readonly hostPublicKey: pulumi.Output<string>;
  /** Variant to the SHA-256 of what matchbox serves for it. */
  readonly assets: pulumi.Output<Readonly<Record<string, AssetSums>>>;
};

export type NetbootOutputs = {
  /** Names this life of the bastion; what is put on it takes it as a trigger. */
  readonly generation: pulumi.Output<string>;
};

export type NodesOutputs = {
  /** The operator's access to Talos. A secret. */
  readonly talosconfig: pulumi.Output<string>;
  /** By the name of the node. */
  readonly macAddresses: pulumi.Output<Readonly<Record<string, string>>>;
  /** By the name of the node. Secrets. */
  readonly machineConfigs: pulumi.Output<Readonly<Record<string, string>>>;
};

export type ClusterOutputs = {
  /** The operator's access to Kubernetes, through the bastion. A secret. */
  readonly kubeconfig: pulumi.Output<string>;
  /** As stage `nodes` made it: who looks at the cluster reads one stack. A secret. */
  readonly talosconfig: pulumi.Output<string>;
  /** Names this life of the bastion and the nodes; what is put into the cluster takes it as a trigger. */
  readonly generation: pulumi.Output<string>;
};

/** What each stage hands on: the same names and types whoever supplies them. */
export interface StageOutputs {
  readonly network: NetworkOutputs;
  readonly bastion: BastionOutputs;
  readonly netboot: NetbootOutputs;
  readonly nodes: NodesOutputs;
  readonly cluster: ClusterOutputs;
}
export type StageName = keyof StageOutputs;

/** The outputs of some stage, where it does not matter of which. */
export type Outputs = Readonly<Record<string, pulumi.Output<unknown>>>;
