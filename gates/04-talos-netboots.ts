// Gate 04: every node booted what the bastion serves, is a member of one cluster, and is well but for what CozyStack brings.
import { DescribeAutoScalingGroupsCommand, DescribeScheduledActionsCommand } from "@aws-sdk/client-auto-scaling";
import { GetConsoleOutputCommand } from "@aws-sdk/client-ec2";
import { errorMessage } from "../common/errors.ts";
import { ports, registryCaches } from "../components/ports.ts";
import { talosVersions } from "../components/render/talos-versions.ts";
import { nodeGroupName, nodesOf } from "../stacks/config.ts";
import { serviceLog } from "./compose.ts";
import { green, red, type Check, type Gate, type GateContext, type SourceName, type Verdict } from "./gate.ts";
import { get } from "./https.ts";
import { clusterNodes, nodeProblem } from "./kubernetes-nodes.ts";
import { eachNode, runningNodes, type PerNode, type SeenNode } from "./nodes-seen.ts";
import { interfacesOf, isOurs, ourBastion } from "./ours.ts";
import { closesDaily } from "./schedule.ts";
import { etcdMembers, talosExtensions, talosServices, talosVersion } from "./talos-answers.ts";

/** What a machine needs from its group's start to a healthy node: minutes in AWS. */
const bootMs = 900_000;

interface Options {
  /** 3 where the answer can flap. */
  readonly passes?: Check["passes"];
}

function check(name: string, title: string, asks: readonly SourceName[], look: (context: GateContext) => Promise<Verdict>, { passes = 1 }: Options = {}): Check {
  return { id: `04.${name}`, title, kind: "observe", asks, timeoutMs: bootMs, intervalMs: 1_000, passes, look };
}

/** A check that asks the same of every node. */
function perNode(name: string, title: string, asks: readonly SourceName[], ask: (context: GateContext) => Promise<PerNode> | PerNode, options: Options = {}): Check {
  const look = async (context: GateContext): Promise<Verdict> => {
    const nodes = await runningNodes(context);
    const { problems, seen } = await eachNode(nodes, await ask(context));
    return problems.length === 0 ? green(seen.join("; ")) : red(problems.join("; "));
  };
  return check(name, title, ["ec2", ...asks], look, options);
}

/** What runs on a node of each role. */
const services = { controlplane: ["apid", "kubelet", "etcd"], worker: ["apid", "kubelet"] } as const;

/** The system extension that a variant must have, and the one that it must not. */
const extensions = { "spin-only": { has: ["spin"], lacks: ["tailscale"] }, "spin-tailscale": { has: ["spin", "tailscale"], lacks: [] } } as const;

const checks: readonly Check[] = [
  perNode("machines", "one arm64 machine runs as each node, on the node's own interface, with no address of the outside world", [], async ({ environment, sources }) => {
    const ec2 = await sources.ec2.client();
    return async ({ instance, address }) => {
      const [primary, ...others] = await interfacesOf(ec2, instance);
      if (primary === undefined || others.length > 0 || !isOurs(environment, primary.TagSet)) return { problem: `${instance.InstanceId} has not the one interface that is the node's` };
      if (instance.Architecture !== "arm64") return { problem: `${instance.InstanceId} is ${instance.Architecture ?? "?"}, not arm64` };
      const outside = [primary.Association?.PublicIp, ...(primary.Ipv6Addresses ?? []).map(({ Ipv6Address }) => Ipv6Address)].filter((one) => one !== undefined);
      if (outside.length > 0) return { problem: `${primary.NetworkInterfaceId ?? "?"} has ${outside.join(", ")}` };
      return { seen: `${instance.InstanceId} at ${address}, ${primary.MacAddress ?? "?"}` };
    };
  }),
  check("schedule", "every node's group stops it when the window closes", ["autoscaling"], async ({ environment, sources }) => {
    const client = await sources.autoscaling.client();
    const names = nodesOf(environment).map((node) => nodeGroupName(environment, node));
    const seen = new Set<string>();
    for (const name of names) {
      const { AutoScalingGroups: [group] = [] } = await client.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }));
      if (group === undefined || !isOurs(environment, group.Tags)) return red(`there is no Auto Scaling group ${name} of ours`);
      if ((group.MaxSize ?? 0) > 1) return red(`${name} may grow to ${group.MaxSize ?? "?"} instances`);
      const { ScheduledUpdateGroupActions: actions = [] } = await client.send(new DescribeScheduledActionsCommand({ AutoScalingGroupName: name }));
      const found = closesDaily(group, actions, environment.window);
      if ("problem" in found) return red(`${name}: ${found.problem}`);
      seen.add(found.evidence);
    }
    return green(`${names.join(", ")}: ${[...seen].join("; ")}`);
  }),
  perNode("address", "each node's console shows the address that it got", ["bastion"], async ({ environment, sources }) => {
    const ec2 = await sources.ec2.client();
    const log = await serviceLog(await sources.bastion.client(), "matchbox");
    return async ({ name, instance, address }) => {
      const { Output = "" } = await ec2.send(new GetConsoleOutputCommand({ InstanceId: instance.InstanceId, Latest: true }));
      const console = Buffer.from(Output, "base64").toString("latin1");
      const mac = macOf(instance);
      // An imported image holds no iPXE that would say an address; Talos itself speaks first.
      if (environment.nodes.boot === "ami") return console.includes("[talos]") ? { seen: "its console shows Talos, started from its own image" } : { problem: `the console of ${instance.InstanceId} shows no start of Talos: ${lastLines(console)}` };
      const said = new RegExp(`moonback ${name}: address (\\S+) mac (\\S+)`).exec(console);
      if (said !== null) return said[1] === address ? { seen: `${said[1]} for ${said[2] ?? "?"}, by iPXE's own word` } : { problem: `iPXE got ${said[1] ?? "?"}, not ${address}` };
      // EC2 keeps the last 64 KiB: Talos' own lines may have pushed iPXE's out.
      if (console.length > 60_000 && log.includes(`/ipxe?mac=${mac}`)) return { seen: `its console is full of later lines; matchbox was asked by ${mac}` };
      return { problem: `the console of ${instance.InstanceId} shows no address: ${lastLines(console)}` };
    };
  }),
  perNode("served", "matchbox has given each node its own script, kernel, initramfs and config, and would again", ["bastion"], async ({ environment, sources }) => {
    const bastion = await sources.bastion.client();
    const base = `http://${environment.bastion.address}:${ports.matchbox}`;
    const { LaunchTime: bastionSince } = await ourBastion(await sources.ec2.client(), environment);
    return async (node) => {
      const mac = macOf(node.instance);
      const wanted = paths(node, mac, environment.nodes.boot);
      const path = wanted[0] ?? "/";
      const { status } = await get(bastion, { host: environment.bastion.address, port: ports.matchbox, path }).catch((error: unknown) => {
        throw new Error(`${base}${path}: ${errorMessage(error)}`);
      });
      const log = await serviceLog(bastion, "matchbox");
      const missing = wanted.filter((one) => !askedFor(log, one));
      if (missing.length === 0) return { seen: `${wanted.join(", ")} (now ${status})` };
      // Its log went with the bastion that the node booted from.
      if (bastionSince !== undefined && node.instance.LaunchTime !== undefined && node.instance.LaunchTime < bastionSince) return { seen: "booted from an earlier bastion, whose log is gone" };
      return { problem: `matchbox was never asked for ${missing.map((one) => base + one).join(", ")}` };
    };
  }),
  perNode("withdrawn", "no machine config is served any more", ["bastion"], async ({ environment, sources }) => {
    const bastion = await sources.bastion.client();
    return async ({ instance }) => {
      const path = `/generic?mac=${macOf(instance)}`;
      const { status } = await get(bastion, { host: environment.bastion.address, port: ports.matchbox, path });
      return status === 404 ? { seen: `${path} answered 404` } : { problem: `http://${environment.bastion.address}:${ports.matchbox}${path} answered ${status}, not 404` };
    };
  }),
  perNode("version", `each node runs Talos ${talosVersions.talos} for arm64, of the variant of its role`, ["talos"], async ({ sources }) => {
    const talos = await sources.talos.client();
    return async ({ address, variant }) => {
      const { tag, arch } = await talosVersion(talos, address);
      if (tag !== talosVersions.talos || arch !== "linux/arm64") return { problem: `runs Talos ${tag} for ${arch}, not ${talosVersions.talos} for linux/arm64` };
      const found = await talosExtensions(talos, address);
      const { has, lacks } = extensions[variant];
      const wrong = [...has.filter((one) => !found.includes(one)).map((one) => `lacks ${one}`), ...lacks.filter((one) => found.includes(one)).map((one) => `has ${one}`)];
      return wrong.length === 0 ? { seen: `${tag} ${arch}, ${variant} (${found.join(", ")})` } : { problem: `is not ${variant}: it ${wrong.join(" and ")}` };
    };
  }),
  perNode(
    "services",
    "Talos' own services are healthy on every node",
    ["talos"],
    async ({ sources }) => {
      const talos = await sources.talos.client();
      return async ({ address, role }) => {
        const found = await talosServices(talos, address);
        const ill = services[role].flatMap((id) => {
          const service = found.find((one) => one.id === id);
          return service?.state === "Running" && service.health === "OK" ? [] : [`${id} is ${service === undefined ? "not there" : `${service.state}, health ${service.health}`}`];
        });
        return ill.length === 0 ? { seen: services[role].join(", ") } : { problem: ill.join(", ") };
      };
    },
    { passes: 3 },
  ),
  check("etcd", "etcd has exactly the control planes as members", ["ec2", "talos"], async (context) => {
    const talos = await context.sources.talos.client();
    const wanted = (await runningNodes(context)).filter(({ role }) => role === "controlplane");
    for (const { name, address } of wanted) {
      const members = await etcdMembers(talos, address).catch((error: unknown) => {
        throw new Error(`${name}: ${errorMessage(error)}`);
      });
      const names = members.map(({ hostname }) => hostname).sort();
      if (names.join() !== wanted.map((one) => one.name).sort().join()) return red(`${name} counts ${names.join(", ") || "nobody"}, not ${wanted.map((one) => one.name).join(", ")}`);
      const learning = members.filter(({ learner }) => learner);
      if (learning.length > 0) return red(`${learning.map(({ hostname }) => hostname).join(", ")} still learns`);
    }
    return green(wanted.map(({ name }) => name).join(", "));
  }),
  check("api", "the Kubernetes API is ready", ["kubernetes"], async ({ sources }) => {
    const kubernetes = await sources.kubernetes.client();
    const { status, body } = await kubernetes.get("/readyz");
    return status === 200 ? green(`${kubernetes.server}/readyz: ${body}`) : red(`${kubernetes.server}/readyz answered ${status}: ${body.slice(0, 200)}`);
  }),
  check(
    "nodes",
    "Kubernetes knows exactly these nodes, arm64, and nothing keeps them from being ready but the missing network plugin",
    ["kubernetes"],
    async ({ environment, sources }) => {
      const found = await clusterNodes(await sources.kubernetes.client());
      const wanted = nodesOf(environment);
      const missing = wanted.filter(({ name }) => !found.some((node) => node.name === name)).map(({ name }) => `${name} is not registered`);
      const strange = found.filter(({ name }) => !wanted.some((node) => node.name === name)).map(({ name }) => `${name} is registered, and is no node of the settings`);
      const ill = found.flatMap((node) => nodeProblem(node, wanted.find(({ name }) => name === node.name)) ?? []);
      const problems = [...missing, ...strange, ...ill];
      return problems.length === 0 ? green(found.map(({ name, architecture, ready }) => `${name} ${architecture} ${ready}`).join("; ")) : red(problems.join("; "));
    },
    { passes: 3 },
  ),
  perNode("caches", "every cache that a node needs until now was asked by that node itself", ["bastion"], async ({ environment, sources }) => {
    const bastion = await sources.bastion.client();
    const logs = new Map(await Promise.all(registryCaches.map(async ({ host }) => [host, await serviceLog(bastion, `registry-${host}`)] as const)));
    const { LaunchTime: bastionSince } = await ourBastion(await sources.ec2.client(), environment);
    return ({ address, role, instance }) => {
      const pulls = caches[role].map((host) => ({ host, count: pullsFrom(logs.get(host) ?? "", address) }));
      const missing = pulls.filter(({ count }) => count === 0).map(({ host }) => host);
      if (missing.length === 0) return Promise.resolve({ seen: pulls.map(({ host, count }) => `${host} ${count} requests`).join(", ") });
      if (bastionSince !== undefined && instance.LaunchTime !== undefined && instance.LaunchTime < bastionSince) return Promise.resolve({ seen: "pulled through an earlier bastion, whose logs are gone" });
      return Promise.resolve({ problem: `${missing.join(", ")} was not asked by ${address}` });
    };
  }),
];

export const talosNetboots: Gate = { number: "04", name: "Talos netboots", checks };

/** Whose images a node needs before there are pods: Talos and kubelet, the control plane, etcd. */
const caches = { controlplane: ["ghcr.io", "registry.k8s.io", "gcr.io"], worker: ["ghcr.io"] } as const;

/** What a node asks matchbox for; an imported image brings all but the config. */
function paths({ name, variant }: SeenNode, mac: string, boot: "ipxe" | "ami"): string[] {
  if (boot === "ami") return [`/generic?mac=${mac}`];
  return [`/ipxe?mac=${mac}&name=${name}`, `/assets/talos/${variant}/vmlinuz?mac=${mac}`, `/assets/talos/${variant}/initramfs.xz?mac=${mac}`, `/generic?mac=${mac}`];
}

/**
 * Which variant it booted may have been another one, before it was upgraded: what it runs now is another check's business. Talos
 * itself writes a MAC with colons, where it fills one in.
 */
function askedFor(log: string, path: string): boolean {
  const pattern = path.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replace(/^\/assets\/talos\/[^/]+/, "/assets/talos/[^/ ]+").replaceAll("-", "(?:-|:|%3A)");
  return new RegExp(`GET ${pattern}`).test(log);
}

/** With hyphens, as it stands in addresses. */
function macOf({ NetworkInterfaces = [] }: SeenNode["instance"]): string {
  return (NetworkInterfaces[0]?.MacAddress ?? "?").replaceAll(":", "-");
}

/** Requests of one address in distribution's access log: `10.10.0.11 - - [time] "GET /v2/… HTTP/1.1" 200 …`. */
export function pullsFrom(log: string, address: string): number {
  return log.split("\n").filter((line) => line.includes("/v2/") && new RegExp(`(?<![\\d.])${address.replaceAll(".", "\\.")}(?![\\d.])`).test(line)).length;
}

function lastLines(console: string): string {
  const lines = console.trim().split("\n").slice(-2).join(" / ");
  return lines === "" ? "it is empty" : lines;
}
