import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { TalosBootstrap } from "../components/talos-bootstrap.ts";
import { awsStage } from "./aws-stage.ts";
import { apiEndpoint, forwardUrl, installImage, nodesOf } from "./config.ts";
import { generationOf } from "./generation.ts";
import type { ClusterOutputs } from "./outputs.ts";
import { project } from "./project.ts";
import type { StageContext } from "./stage.ts";

/** Stage `cluster`: the machines that run now become one Kubernetes cluster, once in each of their lives. */
export function cluster({ environment, upstream }: StageContext): ClusterOutputs {
  const bastion = upstream("bastion");
  const netboot = upstream("netboot");
  const { talosconfig, macAddresses, machineConfigs } = upstream("nodes");
  const options = awsStage("cluster", environment);
  const running = aws.ec2.getInstancesOutput(
    { instanceTags: { project, env: environment.name, stage: "nodes" }, instanceStateNames: ["running"] },
    { provider: options.providers.aws },
  );
  // AWS gives both lists in one order.
  const byAddress = pulumi.all([running.privateIps, running.ids]).apply(([addresses, ids]) => Object.fromEntries(addresses.map((address, index) => [address, ids[index] ?? "none"])));
  const instanceOf = (address: string): pulumi.Output<string> => byAddress.apply((instances) => instances[address] ?? "none");
  const made = new TalosBootstrap(
    "cluster",
    {
      bastion: {
        host: bastion.ipv6Address,
        user: bastion.user,
        privateKey: bastion.operatorPrivateKey,
        hostKey: bastion.hostPublicKey,
        address: environment.bastion.address,
      },
      talosconfig,
      nodes: nodesOf(environment).map(({ name, address, role, variant }) => ({
        node: { name, address, variant, mac: macAddresses.apply((all) => all[name] ?? "") },
        role,
        installImage: installImage(environment, { variant }),
        machineConfig: machineConfigs.apply((all) => all[name] ?? ""),
        instanceId: instanceOf(address),
      })),
      endpoint: apiEndpoint(environment),
      proxyUrl: forwardUrl(environment),
    },
    options,
  );
  return {
    kubeconfig: made.kubeconfig,
    talosconfig,
    generation: pulumi.all([netboot.generation, running.ids]).apply(([bastionLife, ids]) => generationOf([bastionLife, ...ids])),
  };
}
