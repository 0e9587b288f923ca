import { DeleteScheduledActionCommand, DescribeScheduledActionsCommand, PutScheduledUpdateGroupActionCommand } from "@aws-sdk/client-auto-scaling";
import { AssignIpv6AddressesCommand, GetConsoleOutputCommand, UnassignIpv6AddressesCommand } from "@aws-sdk/client-ec2";
import { renderMatchboxNode } from "../../components/render/matchbox-node.ts";
import { interfacesOf } from "../../gates/ours.ts";
import { nodeGroupName } from "../../stacks/config.ts";
import type { Break, RedTests } from "../gates/break.ts";
import { forgetInLog, processOf, type NodesSeen } from "./nodes-seen.ts";

const compose = "docker compose --project-name netboot";
const macOf = ({ node }: NodesSeen): string => (node.instance.NetworkInterfaces?.[0]?.MacAddress ?? "?").replaceAll(":", "-");

/** A program of the first node that stands still: it neither answers nor ends. */
const frozen = (program: string, names: string): Break<NodesSeen> => async ({ trial }) => {
  const pid = await processOf(trial, program);
  process.kill(pid, "SIGSTOP");
  return { names, mend: () => Promise.resolve(process.kill(pid, "SIGCONT")) };
};

const consoleOf = async ({ trial }: NodesSeen, id: string, text: string): Promise<void> => {
  const answer = await fetch(`${trial.endpoint}/moonback/console?instance=${id}`, { method: "PUT", body: text });
  if (!answer.ok) throw new Error(`the emulator answered ${answer.status}`);
};

export const redNodes: RedTests<NodesSeen> = {
  "04.machines": {
    "an IPv6 address at a node": async ({ ec2, node }) => {
      const [nic] = await interfacesOf(ec2, node.instance);
      const NetworkInterfaceId = nic?.NetworkInterfaceId ?? "?";
      const { AssignedIpv6Addresses: Ipv6Addresses = [] } = await ec2.send(new AssignIpv6AddressesCommand({ NetworkInterfaceId, Ipv6AddressCount: 1 }));
      return { names: Ipv6Addresses[0] ?? "?", mend: () => ec2.send(new UnassignIpv6AddressesCommand({ NetworkInterfaceId, Ipv6Addresses })) };
    },
  },
  "04.schedule": {
    "the stop taken away": async ({ scaling, trial, node }) => {
      const AutoScalingGroupName = nodeGroupName(trial.environment, node);
      const { ScheduledUpdateGroupActions: [stop] = [] } = await scaling.send(new DescribeScheduledActionsCommand({ AutoScalingGroupName }));
      await scaling.send(new DeleteScheduledActionCommand({ AutoScalingGroupName, ScheduledActionName: "stop" }));
      const { MinSize, MaxSize, DesiredCapacity, Recurrence, TimeZone } = stop!;
      return { names: "nothing would ever stop it", mend: () => scaling.send(new PutScheduledUpdateGroupActionCommand({ AutoScalingGroupName, ScheduledActionName: "stop", MinSize, MaxSize, DesiredCapacity, Recurrence, TimeZone })) };
    },
  },
  "04.address": {
    "a console without an address": async (seen) => {
      const { instance } = seen.node;
      const { Output = "" } = await seen.ec2.send(new GetConsoleOutputCommand({ InstanceId: instance.InstanceId }));
      await consoleOf(seen, instance.InstanceId, "iPXE initialising devices...\nConfiguring (net0)... No configuration methods succeeded\n");
      return { names: "No configuration methods succeeded", mend: () => consoleOf(seen, instance.InstanceId, Buffer.from(Output, "base64").toString("latin1")) };
    },
  },
  "04.served": {
    "a node that never asked matchbox": (seen) => {
      const restore = forgetInLog(seen.trial, "matchbox", (line) => line.includes(macOf(seen)));
      return Promise.resolve({ names: "matchbox was never asked for http://", mend: () => {
        restore();
        return Promise.resolve();
      } });
    },
    "matchbox stopped": async ({ onBastion }) => {
      await onBastion(`${compose} stop matchbox`);
      return { names: ":8080/ipxe?mac=", mend: () => onBastion(`${compose} start matchbox`) };
    },
  },
  "04.withdrawn": {
    "a config served again": async (seen) => {
      const { onBastion, node, trial } = seen;
      const mac = macOf(seen).replaceAll("-", ":");
      const files = renderMatchboxNode({ name: node.name, mac, variant: node.variant, bastion: trial.environment.bastion.address, machineConfig: "version: v1alpha1\n" });
      await onBastion("sudo /opt/moonback/bin/matchbox-files put", JSON.stringify(files));
      return { names: "answered 200, not 404", mend: () => onBastion(`sudo /opt/moonback/bin/matchbox-files remove ${node.name}`) };
    },
  },
  "04.version": {
    "a node of another variant": async ({ talosctl, node, trial }) => {
      const { image } = trial.environment;
      const of = (variant: "spin-only" | "spin-tailscale"): string => `ghcr.io/urmanac/talos-cozystack-${variant}/talos@${image?.[variant]?.digest ?? "?"}`;
      await talosctl(node.address, "upgrade", "--image", of("spin-tailscale"), "--wait=false");
      return { names: "is not spin-only: it has tailscale", mend: () => talosctl(node.address, "upgrade", "--image", of("spin-only"), "--wait=false") };
    },
  },
  "04.services": { "etcd standing still": frozen("etcd", "etcd is") },
  "04.etcd": { "etcd standing still": frozen("etcd", "talos-node-1") },
  "04.api": { "etcd standing still": frozen("etcd", "readyz") },
  "04.nodes": {
    "a node that is gone, still registered": async ({ kubectl }) => {
      await kubectl("apply", "-f", new URL("stale-node.yaml", import.meta.url).pathname);
      return { names: "talos-node-9 is registered, and is no node of the settings", mend: () => kubectl("delete", "node", "talos-node-9") };
    },
  },
  "04.caches": {
    "a cache gone around": (seen) => {
      const local = seen.node.address.replace(/^10\./, "127.");
      const restore = forgetInLog(seen.trial, "registry-ghcr.io", (line) => line.includes(local));
      return Promise.resolve({ names: "ghcr.io was not asked by", mend: () => {
        restore();
        return Promise.resolve();
      } });
    },
  },
};
