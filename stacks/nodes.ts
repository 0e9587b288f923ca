import * as pulumi from "@pulumi/pulumi";
import { vpcResolver } from "../components/addresses.ts";
import { TalosNodes } from "../components/talos-nodes.ts";
import { awsStage } from "./aws-stage.ts";
import { apiEndpoint, forwardUrl, installImage, nodeGroupName, nodesOf, title, type Environment, type NodePlan } from "./config.ts";
import type { NodesOutputs } from "./outputs.ts";
import { secretOf } from "./secrets.ts";
import type { StageContext } from "./stage.ts";

/** Stage `nodes`: the Talos machines and their configs, declared; `up` starts them inside the window. */
export function nodes({ environment, upstream }: StageContext): NodesOutputs {
  const { subnetId, nodeSecurityGroupId } = upstream("network");
  const plan = nodesOf(environment);
  const controlPlanes = plan.filter(({ role }) => role === "controlplane").map(({ address }) => address);
  const { availabilityZone, bastion, network, nodes: settings, window } = environment;
  const made = new TalosNodes(
    "nodes",
    {
      cluster: { clusterName: title(environment), endpoint: apiEndpoint(environment), controlPlanes },
      nodes: plan.map((node) => ({
        machineConfig: {
          name: node.name,
          address: node.address,
          role: node.role,
          installImage: installImage(environment, node),
          bastion: bastion.address,
          resolver: vpcResolver(network.vpcCidr),
          vpcCidr: network.vpcCidr,
          subnetCidr: network.subnetCidr,
          controlPlanes,
          ...(settings.patch === undefined ? {} : { patch: settings.patch }),
        },
        ...tailnet(environment, node),
        ...imported(environment, node),
        subnetId,
        securityGroupId: nodeSecurityGroupId,
        availabilityZone,
        groupName: nodeGroupName(environment, node),
        instanceType: settings.instanceType,
        volumeGiB: settings.volumeGiB,
        window,
        proxyUrl: forwardUrl(environment),
      })),
    },
    awsStage("nodes", environment),
  );
  const all = [...made.nodes];
  return {
    talosconfig: made.talosconfig,
    macAddresses: pulumi.all(Object.fromEntries(all.map(([name, { macAddress }]) => [name, macAddress]))),
    machineConfigs: pulumi.secret(pulumi.all(Object.fromEntries(all.map(([name, { machineConfig }]) => [name, machineConfig])))),
  };
}

function tailnet({ nodes: { tailscaleAuthKey } }: Environment, { variant }: NodePlan): { readonly tailscaleAuthKey?: pulumi.Output<string> } {
  return variant !== "spin-tailscale" || tailscaleAuthKey === undefined ? {} : { tailscaleAuthKey: secretOf("nodes.tailscaleAuthKey", tailscaleAuthKey) };
}

function imported({ nodes: { boot, ami } }: Environment, { variant }: NodePlan): { readonly imported?: string } {
  const id = boot === "ami" ? ami?.[variant] : undefined;
  return id === undefined ? {} : { imported: id };
}
