import { DescribeInstancesCommand, DescribeNetworkInterfacesCommand, DescribeVpcsCommand, type EC2Client, type Filter, type Instance, type NetworkInterface, type Tag, type Vpc } from "@aws-sdk/client-ec2";
import type { Environment } from "../stacks/config.ts";
import { project } from "../stacks/project.ts";

/** The tags that make something this environment's, as a filter. */
export function ourFilters({ name }: Environment): Filter[] {
  return [
    { Name: "tag:project", Values: [project] },
    { Name: "tag:env", Values: [name] },
  ];
}

/** Whether something carries those tags. */
export function isOurs({ name }: Environment, tags: readonly Tag[] = []): boolean {
  const value = (key: string): string | undefined => tags.find(({ Key }) => Key === key)?.Value;
  return value("project") === project && value("env") === name;
}

/** A finding that ends a look: what it says is the check's error. */
export class Missing extends Error {}

export type OurVpc = Vpc & { readonly VpcId: string };

/** The one VPC of this environment. */
export async function ourVpc(ec2: EC2Client, environment: Environment): Promise<OurVpc> {
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({ Filters: ourFilters(environment) }));
  const [vpc] = Vpcs;
  if (vpc?.VpcId === undefined) throw new Missing(`there is no VPC tagged project=${project}, env=${environment.name}`);
  if (Vpcs.length > 1) throw new Missing(`there are ${Vpcs.length} VPCs of ours: ${Vpcs.map((one) => one.VpcId).join(", ")}`);
  return { ...vpc, VpcId: vpc.VpcId };
}

const bastionName = "tf-bastion";

/** The one running instance that is the bastion. */
export async function ourBastion(ec2: EC2Client, environment: Environment): Promise<Instance & { readonly InstanceId: string }> {
  const Filters = [...ourFilters(environment), { Name: "tag:Name", Values: [bastionName] }];
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters }));
  const all = Reservations.flatMap(({ Instances = [] }) => Instances).filter(({ State }) => State?.Name !== "terminated");
  const running = all.filter(({ State }) => State?.Name === "running");
  const [bastion] = running;
  if (bastion?.InstanceId === undefined) {
    const others = all.map(({ InstanceId, State }) => `${InstanceId ?? "?"} is ${State?.Name ?? "in no state"}`).join(", ");
    throw new Missing(others === "" ? `no instance of ours is tagged Name=${bastionName}` : others);
  }
  if (running.length > 1) throw new Missing(`${running.length} instances of ours are tagged Name=${bastionName}: ${running.map(({ InstanceId }) => InstanceId).join(", ")}`);
  return { ...bastion, InstanceId: bastion.InstanceId };
}

/** The interfaces of an instance, as EC2 lists them. */
export async function interfacesOf(ec2: EC2Client, { InstanceId }: Instance): Promise<NetworkInterface[]> {
  const Filters = [{ Name: "attachment.instance-id", Values: [InstanceId ?? "?"] }];
  return (await ec2.send(new DescribeNetworkInterfacesCommand({ Filters }))).NetworkInterfaces ?? [];
}
