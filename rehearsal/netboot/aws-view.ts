import {
  DescribeImagesCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  EC2Client,
  StopInstancesCommand,
  type Filter,
  type Instance,
  type IpPermission,
  type NetworkInterface,
} from "@aws-sdk/client-ec2";
import { cidrContains } from "../../common/cidr.ts";
import type { MachinesPlan } from "./plan.ts";

/** One instance as the AWS API tells it. */
export interface SeenInstance {
  readonly id: string;
  readonly state: "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped";
  readonly hasProfile: boolean;
  readonly privateAddresses: readonly string[];
  readonly ipv6Addresses: readonly string[];
  readonly hasPublicIpv4: boolean;
}

/** What a machine is made of, which does not change in its life. */
export interface SeenHardware {
  readonly image: SeenImage;
  /** Of its first interface, with colons. */
  readonly mac: string;
  readonly subnetCidr: string;
  readonly cpus: number;
  readonly memoryMiB: number;
}

export interface SeenImage {
  readonly name: string;
}

/** What the machine room knows of AWS: only what its API says. */
export class AwsView {
  readonly #ec2: EC2Client;

  constructor({ endpoint, region, credentials }: Pick<MachinesPlan, "endpoint" | "region" | "credentials">) {
    const requestHandler = { connectionTimeout: 5_000, requestTimeout: 20_000, throwOnRequestTimeout: true };
    this.#ec2 = new EC2Client({ endpoint, region, credentials, maxAttempts: 3, requestHandler });
  }

  async instances(signal: AbortSignal): Promise<SeenInstance[]> {
    const found: Instance[] = [];
    let NextToken: string | undefined;
    do {
      const page = await this.#ec2.send(new DescribeInstancesCommand({ NextToken }), { abortSignal: signal });
      found.push(...(page.Reservations ?? []).flatMap(({ Instances = [] }) => Instances));
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    // One question for all: with a hundred instances a hundred would be asked after every change.
    const interfaces = found.some(({ State }) => State?.Name === "running") ? await this.#interfaces([], signal) : [];
    return found.flatMap((instance) => seenInstance(instance, interfaces));
  }

  /** Base64, as it was given; undefined for none. */
  async userData(id: string, signal: AbortSignal): Promise<string | undefined> {
    const answer = await this.#ec2.send(new DescribeInstanceAttributeCommand({ InstanceId: id, Attribute: "userData" }), { abortSignal: signal });
    return answer.UserData?.Value;
  }

  async hardware(id: string, signal: AbortSignal): Promise<SeenHardware> {
    const options = { abortSignal: signal };
    const { Reservations = [] } = await this.#ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }), options);
    const instance = Reservations[0]?.Instances?.[0];
    const [type, imageId] = [instance?.InstanceType, instance?.ImageId];
    const first = (await this.#interfaces([{ Name: "attachment.instance-id", Values: [id] }], signal)).find(({ Attachment }) => Attachment?.DeviceIndex === 0);
    if (type === undefined || imageId === undefined || first?.MacAddress === undefined || first.SubnetId === undefined) throw new Error(`${id} has no type, image or interface`);
    const [images, types, subnets] = await Promise.all([
      this.#ec2.send(new DescribeImagesCommand({ ImageIds: [imageId] }), options),
      this.#ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: [type] }), options),
      this.#ec2.send(new DescribeSubnetsCommand({ SubnetIds: [first.SubnetId] }), options),
    ]);
    const [size] = types.InstanceTypes ?? [];
    return {
      image: { name: images.Images?.[0]?.Name ?? "" },
      mac: first.MacAddress,
      subnetCidr: subnets.Subnets?.[0]?.CidrBlock ?? "",
      cpus: size?.VCpuInfo?.DefaultVCpus ?? 0,
      memoryMiB: size?.MemoryInfo?.SizeInMiB ?? 0,
    };
  }

  /** What EC2 does when a machine switches itself off (instance-initiated shutdown, by default a stop). */
  async switchedOff(id: string): Promise<void> {
    await this.#ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
  }

  /** Whether a rule of the security groups on the instance's interfaces admits this source to a TCP port now. */
  async admits(id: string, source: string, port: number): Promise<boolean> {
    const interfaces = await this.#interfaces([{ Name: "attachment.instance-id", Values: [id] }]);
    const GroupIds = [...new Set(interfaces.flatMap(({ Groups }) => Groups ?? []).flatMap(({ GroupId }) => GroupId ?? []))];
    if (GroupIds.length === 0) return false;
    const { SecurityGroups = [] } = await this.#ec2.send(new DescribeSecurityGroupsCommand({ GroupIds }));
    return SecurityGroups.flatMap(({ IpPermissions = [] }) => IpPermissions).some((rule) => ruleAdmits(rule, source, port));
  }

  close(): void {
    this.#ec2.destroy();
  }

  async #interfaces(Filters: Filter[], signal?: AbortSignal): Promise<NetworkInterface[]> {
    const found: NetworkInterface[] = [];
    let NextToken: string | undefined;
    do {
      const page = await this.#ec2.send(new DescribeNetworkInterfacesCommand({ Filters, NextToken }), signal ? { abortSignal: signal } : {});
      found.push(...(page.NetworkInterfaces ?? []));
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    return found;
  }
}

function seenInstance({ InstanceId: id, State, IamInstanceProfile }: Instance, interfaces: readonly NetworkInterface[]): SeenInstance[] {
  if (id === undefined) return [];
  const own = interfaces.filter(({ Attachment }) => Attachment?.InstanceId === id);
  return [
    {
      id,
      state: State?.Name ?? "pending",
      hasProfile: IamInstanceProfile !== undefined,
      privateAddresses: own.flatMap(({ PrivateIpAddresses = [] }) => PrivateIpAddresses.flatMap(({ PrivateIpAddress }) => PrivateIpAddress ?? [])),
      ipv6Addresses: own.flatMap(({ Ipv6Addresses = [] }) => Ipv6Addresses.flatMap(({ Ipv6Address }) => Ipv6Address ?? [])),
      hasPublicIpv4: own.some(({ Association }) => Association?.PublicIp !== undefined),
    },
  ];
}

/** As EC2 reads a rule: protocol -1 is every protocol and port; an IPv4 source never matches an IPv6 range. */
export function ruleAdmits(rule: IpPermission, source: string, port: number): boolean {
  const everything = rule.IpProtocol === "-1";
  const tcp = rule.IpProtocol === "tcp" && (rule.FromPort ?? 0) <= port && port <= (rule.ToPort ?? 65_535);
  if (!everything && !tcp) return false;
  const host = source.includes(":") ? `${source}/128` : `${source}/32`;
  const ranges = [...(rule.IpRanges ?? []).map(({ CidrIp }) => CidrIp), ...(rule.Ipv6Ranges ?? []).map(({ CidrIpv6 }) => CidrIpv6)];
  return ranges.some((range) => range !== undefined && cidrContains(range, host));
}
