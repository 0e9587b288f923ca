import type * as pulumi from "@pulumi/pulumi";
import type { Network } from "../components/network.ts";

export type NetworkOutputs = Pick<
  Network,
  "vpcId" | "vpcIpv6Cidr" | "subnetId" | "subnetIpv6Cidr" | "bastionSecurityGroupId" | "nodeSecurityGroupId" | "flowLogGroupName"
>;

/** What each stage hands on: the same names and types whoever supplies them. */
export interface StageOutputs {
  readonly network: NetworkOutputs;
}
export type StageName = keyof StageOutputs;

/** The outputs of some stage, where it does not matter of which. */
export type Outputs = Readonly<Record<string, pulumi.Output<unknown>>>;
