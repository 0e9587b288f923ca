import { Network } from "../components/network.ts";
import { awsStage } from "./aws-stage.ts";
import { title, type Environment } from "./config.ts";
import type { NetworkOutputs } from "./outputs.ts";
import type { StageContext } from "./stage.ts";

/** Stage `network`: the VPC and all that must be closed or open in it before anything runs there. */
export function network({ environment }: StageContext): NetworkOutputs {
  const { vpcId, vpcIpv6Cidr, subnetId, subnetIpv6Cidr, bastionSecurityGroupId, nodeSecurityGroupId, flowLogGroupName } = new Network(
    "network",
    {
      environment: environment.name,
      title: title(environment),
      vpcCidr: environment.network.vpcCidr,
      subnetCidr: environment.network.subnetCidr,
      availabilityZone: environment.availabilityZone,
      operatorPrefix: environment.operatorPrefix,
      flowLogRetentionDays: environment.network.flowLogRetentionDays,
      ...tunnelPort(environment),
    },
    awsStage("network", environment),
  );
  return { vpcId, vpcIpv6Cidr, subnetId, subnetIpv6Cidr, bastionSecurityGroupId, nodeSecurityGroupId, flowLogGroupName };
}

/** The port of the tunnel home, which the bastion must be let out to. */
function tunnelPort({ bastion: { egress, wireguard } }: Environment): { readonly tunnelPort?: number } {
  if (egress !== "wireguard" || wireguard === undefined) return {};
  return { tunnelPort: Number(wireguard.endpoint.split(":").at(-1)) };
}
