import { DescribeAutoScalingGroupsCommand, type AutoScalingClient, type AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import type { Instance, NetworkInterface } from "@aws-sdk/client-ec2";
import type { IAMClient } from "@aws-sdk/client-iam";
import type { Bastion, Ran } from "../../gates/gate.ts";
import { interfacesOf, ourBastion } from "../../gates/ours.ts";
import type { Trial } from "../trial.ts";
import { lookAtNetwork, type NetworkSeen } from "./network-seen.ts";

/** What a trial has built, as the API and the bastion show it now. */
export interface BastionSeen extends NetworkSeen {
  readonly trial: Trial;
  readonly scaling: AutoScalingClient;
  readonly iam: IAMClient;
  readonly group: AutoScalingGroup & { readonly AutoScalingGroupName: string };
  readonly instance: Instance & { readonly InstanceId: string };
  readonly nic: NetworkInterface & { readonly NetworkInterfaceId: string };
  readonly bastionGroupId: string;
  readonly bastion: () => Promise<Bastion>;
  /** Runs a command on the bastion that must succeed. */
  readonly onBastion: (command: string, stdin?: string) => Promise<Ran>;
}

export async function lookAtBastion(trial: Trial): Promise<BastionSeen> {
  const { ec2: source, autoscaling, iam, bastion } = trial.sources;
  const [ec2, scaling] = await Promise.all([source.client(), autoscaling.client()]);
  const { AutoScalingGroups = [] } = await scaling.send(new DescribeAutoScalingGroupsCommand({}));
  const instance = await ourBastion(ec2, trial.environment);
  const [nic] = await interfacesOf(ec2, instance);
  return {
    ...(await lookAtNetwork(trial)),
    trial,
    scaling,
    iam: await iam.client(),
    group: AutoScalingGroups[0] as BastionSeen["group"],
    instance,
    nic: nic as BastionSeen["nic"],
    bastionGroupId: nic!.Groups![0]!.GroupId!,
    bastion: () => bastion.client(),
    onBastion: async (command, stdin) => {
      const ran = await (await bastion.client()).run(command, stdin);
      if (ran.code !== 0) throw new Error(`${command} ended with ${ran.code}: ${ran.stderr}`);
      return ran;
    },
  };
}
