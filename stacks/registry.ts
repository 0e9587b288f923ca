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
    load: async () => (await import("./network.ts")).network,
  },
];

/** The name of a stage's Pulumi stack. */
export function stackName(environment: string, stage: string): string {
  return `${environment}-${stage}`;
}
