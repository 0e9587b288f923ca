import { UserError } from "../common/errors.ts";
import { ourFilters } from "../gates/ours.ts";
import type { Session } from "./session.ts";

/**
 * Lets an interface have a public IPv4 address while its machine runs, or takes it away: billed by the running hour only, where an
 * Elastic IP is billed around the clock. The provider's interface cannot say it (terraform-provider-aws#38275), so `up` does.
 */
export async function setPublicAddress({ address, wanted }: { readonly address: string; readonly wanted: boolean }, session: Session): Promise<void> {
  const { world, environment, console, signal } = session;
  const { DescribeNetworkInterfacesCommand, ModifyNetworkInterfaceAttributeCommand } = await import("@aws-sdk/client-ec2");
  const ec2 = await world.sources.ec2.client();
  const Filters = [...ourFilters(environment), { Name: "private-ip-address", Values: [address] }];
  const { NetworkInterfaces = [] } = await ec2.send(new DescribeNetworkInterfacesCommand({ Filters }), { abortSignal: signal });
  const [found] = NetworkInterfaces;
  if (found?.NetworkInterfaceId === undefined) throw new UserError(`There is no network interface of ours with the address ${address}.`, { fix: "Run `npm run up` again: it builds what is missing." });
  if ((found.Association?.PublicIp !== undefined) === wanted) return;
  const { NetworkInterfaceId } = found;
  await ec2.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, AssociatePublicIpAddress: wanted }), { abortSignal: signal });
  console.say("change", `interface ${NetworkInterfaceId}: ${wanted ? "a public IPv4 address while its machine runs" : "no public IPv4 address"}`);
}
