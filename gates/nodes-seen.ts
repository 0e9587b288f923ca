import { DescribeInstancesCommand, type Instance } from "@aws-sdk/client-ec2";
import { errorMessage } from "../common/errors.ts";
import { nodesOf, type NodePlan } from "../stacks/config.ts";
import type { GateContext } from "./gate.ts";
import { Missing, ourFilters } from "./ours.ts";

/** A node that is to be there, and the machine that runs as it. */
export interface SeenNode extends NodePlan {
  readonly instance: Instance & { readonly InstanceId: string };
}

/** Every node of the settings with its one running machine. @throws Missing, which names all that have none */
export async function runningNodes({ environment, sources }: GateContext): Promise<SeenNode[]> {
  const ec2 = await sources.ec2.client();
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters: [...ourFilters(environment), { Name: "tag:stage", Values: ["nodes"] }] }));
  const running = Reservations.flatMap(({ Instances = [] }) => Instances).filter(({ State }) => State?.Name === "running");
  const found = nodesOf(environment).map((node) => ({ node, own: running.filter(({ PrivateIpAddress }) => PrivateIpAddress === node.address) }));
  const problems = found.flatMap(({ node, own }) => (own.length === 1 ? [] : [`${node.name}: ${own.length === 0 ? "no machine" : `${own.length} machines`} at ${node.address}`]));
  const known = found.flatMap(({ own }) => own);
  problems.push(...running.filter((one) => !known.includes(one)).map(({ InstanceId, PrivateIpAddress }) => `${InstanceId ?? "?"} at ${PrivateIpAddress ?? "?"} runs, and is no node of the settings`));
  if (problems.length > 0) throw new Missing(problems.join("; "));
  return found.flatMap(({ node, own }) => own.map((instance) => ({ ...node, instance: { ...instance, InstanceId: instance.InstanceId ?? "?" } })));
}

/** One answer about each node: what is wrong with it, or what was seen. */
export type PerNode = (node: SeenNode) => Promise<{ readonly problem: string } | { readonly seen: string }>;

/** Asks about all nodes side by side; every problem is told, not the first alone. */
export async function eachNode(nodes: readonly SeenNode[], ask: PerNode): Promise<{ readonly problems: string[]; readonly seen: string[] }> {
  const answers = await Promise.all(nodes.map(async (node) => ({ node, answer: await ask(node).catch((error: unknown) => ({ problem: errorMessage(error) })) })));
  return {
    problems: answers.flatMap(({ node, answer }) => ("problem" in answer ? [`${node.name}: ${answer.problem}`] : [])),
    seen: answers.flatMap(({ node, answer }) => ("seen" in answer ? [`${node.name}: ${answer.seen}`] : [])),
  };
}
