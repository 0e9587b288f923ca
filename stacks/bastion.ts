import * as pulumi from "@pulumi/pulumi";
import { Bastion, type Egress } from "../components/bastion.ts";
import { awsStage } from "./aws-stage.ts";
import { bundleOf, tunnelOf } from "./bundle.ts";
import { groupName, type Environment } from "./config.ts";
import type { BastionOutputs } from "./outputs.ts";
import { secretOf } from "./secrets.ts";
import type { StageContext } from "./stage.ts";

/** Stage `bastion`: the machine that everything else boots from, declared; `up` starts it inside the window. */
export function bastion({ environment, upstream }: StageContext): BastionOutputs {
  const { subnetId, subnetIpv6Cidr, bastionSecurityGroupId } = upstream("network");
  const made = new Bastion(
    "bastion",
    {
      environment: environment.name,
      subnetId,
      subnetIpv6Cidr,
      securityGroupId: bastionSecurityGroupId,
      address: environment.bastion.address,
      availabilityZone: environment.availabilityZone,
      instanceType: environment.bastion.instanceType,
      volumeGiB: environment.bastion.volumeGiB,
      groupName: groupName(environment),
      window: environment.window,
      egress: egressOf(environment),
      bundle: bundleOf(environment),
    },
    awsStage("bastion", environment),
  );
  return {
    groupName: made.groupName,
    networkInterfaceId: made.networkInterfaceId,
    address: pulumi.output(made.address),
    ipv6Address: made.ipv6Address,
    user: pulumi.output(made.user as string),
    operatorPrivateKey: made.operatorPrivateKey,
    operatorPublicKey: made.operatorPublicKey,
    hostPublicKey: made.hostPublicKey,
    assets: pulumi.output(made.assets),
  };
}

function egressOf(environment: Environment): Egress {
  const tunnel = tunnelOf(environment);
  const { wireguard } = environment.bastion;
  if (tunnel === undefined || wireguard === undefined) return "public-ipv4";
  return { kind: "wireguard", ...tunnel, privateKey: secretOf("bastion.wireguard.privateKey", wireguard.privateKey) };
}
