import { crc32 } from "node:zlib";
import type { NetworkInterface, NetworkInterfaceAttachment } from "@aws-sdk/client-ec2";
import { addressSet, flag, normaliseAddress, text, textSet } from "../kinds.ts";
import { awsType, ec2Arn, given, type Tags } from "./aws-type.ts";
import { type Aws, unlessGone } from "./clients.ts";
import { EC2_TAG_CALLS, tagMap, tagSpecification, updateEc2Tags } from "./tags.ts";

interface NetworkInterfaceInputs {
  readonly subnetId: string;
  readonly description: string;
  readonly privateIps?: readonly string[];
  readonly ipv6Addresses?: readonly string[];
  readonly securityGroups?: readonly string[];
  readonly sourceDestCheck: boolean;
  readonly tags?: Tags;
}

export const networkInterface = awsType<NetworkInterfaceInputs>(
  {
    token: "aws:ec2/networkInterface:NetworkInterface",
    calls: [
      "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:ModifyNetworkInterfaceAttribute", "ec2:DeleteNetworkInterface",
      "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses", "ec2:AssignIpv6Addresses", "ec2:UnassignIpv6Addresses",
      ...EC2_TAG_CALLS,
    ],
    inputs: {
      subnetId: { kind: text, required: true, replaces: true },
      description: { kind: text, default: "" },
      // The primary address stays with its interface for good.
      privateIps: { kind: addressSet, computed: true, replaces: (wanted, state) => !Array.isArray(wanted) || !wanted.includes(state["privateIp"]) },
      ipv6Addresses: { kind: addressSet, computed: true },
      securityGroups: { kind: textSet, computed: true },
      sourceDestCheck: { kind: flag, default: true },
    },
    // Who attached it (a group of instances, as a rule) is not the program's business, so `attachments` is no input.
    outputs: ["arn", "attachments", "interfaceType", "macAddress", "ownerId", "privateDnsName", "privateIp"],
    check: ({ privateIps }) =>
      Array.isArray(privateIps) && privateIps.length === 0 ? [{ property: "privateIps", reason: "needs an address, or leave it out" }] : [],

    async create(aws, inputs, record) {
      const { NetworkInterface: created } = await aws.ec2.createNetworkInterface({
        SubnetId: inputs.subnetId,
        Groups: copied(inputs.securityGroups),
        ...(inputs.description ? { Description: inputs.description } : {}),
        PrivateIpAddresses: inputs.privateIps && setOrder(inputs.privateIps).map((PrivateIpAddress, index) => ({ PrivateIpAddress, Primary: index === 0 })),
        Ipv6Addresses: inputs.ipv6Addresses?.map((Ipv6Address) => ({ Ipv6Address })),
        ...tagSpecification("network-interface", inputs.tags),
      });
      const id = given(created?.NetworkInterfaceId, "a network interface id");
      record(id);
      if (!inputs.sourceDestCheck) await modify(aws, id, { SourceDestCheck: { Value: false } });
    },

    async read(aws, id) {
      const live = await describe(aws, id);
      if (!live) return undefined;
      return {
        id,
        inputs: {
          subnetId: given(live.SubnetId, "the interface's subnet"),
          description: live.Description ?? "",
          privateIps: privateIpsOf(live),
          ipv6Addresses: ipv6Of(live),
          securityGroups: (live.Groups ?? []).map((group) => given(group.GroupId, "a security group id")),
          sourceDestCheck: live.SourceDestCheck ?? true,
          tags: tagMap(live.TagSet),
        },
        outputs: {
          arn: ec2Arn(aws, live.OwnerId, `network-interface/${id}`),
          attachments: live.Attachment?.AttachmentId === undefined ? [] : [shown(live.Attachment)],
          interfaceType: live.InterfaceType,
          macAddress: live.MacAddress,
          ownerId: live.OwnerId,
          privateDnsName: live.PrivateDnsName ?? "",
          privateIp: live.PrivateIpAddress,
        },
      };
    },

    async update(aws, id, { changed, inputs, state }) {
      const live = given(await describe(aws, id), `network interface ${id}`);
      if (changed.has("privateIps")) {
        const { excess, missing } = difference(privateIpsOf(live), inputs.privateIps);
        if (excess.length > 0) await aws.ec2.unassignPrivateIpAddresses({ NetworkInterfaceId: id, PrivateIpAddresses: excess });
        if (missing.length > 0) await aws.ec2.assignPrivateIpAddresses({ NetworkInterfaceId: id, PrivateIpAddresses: missing });
      }
      if (changed.has("ipv6Addresses")) {
        const { excess, missing } = difference(ipv6Of(live), inputs.ipv6Addresses);
        if (excess.length > 0) await aws.ec2.unassignIpv6Addresses({ NetworkInterfaceId: id, Ipv6Addresses: excess });
        if (missing.length > 0) await aws.ec2.assignIpv6Addresses({ NetworkInterfaceId: id, Ipv6Addresses: missing });
      }
      if (changed.has("securityGroups")) await modify(aws, id, { Groups: copied(inputs.securityGroups) });
      if (changed.has("sourceDestCheck")) await modify(aws, id, { SourceDestCheck: { Value: inputs.sourceDestCheck } });
      if (changed.has("description")) await modify(aws, id, { Description: { Value: inputs.description } });
      if (changed.has("tags")) await updateEc2Tags(aws, id, state["tags"], inputs.tags);
    },

    // Nothing is detached: an interface that an instance still uses is refused, and the program's order is wrong.
    async delete(aws, id) {
      await unlessGone(aws.ec2.deleteNetworkInterface({ NetworkInterfaceId: id }));
    },
  },
  { taggable: true },
);

async function describe(aws: Aws, id: string): Promise<NetworkInterface | undefined> {
  const found = await unlessGone(aws.ec2.describeNetworkInterfaces({ NetworkInterfaceIds: [id] }));
  return found?.NetworkInterfaces?.[0];
}

// AWS takes one attribute a call.
async function modify(aws: Aws, id: string, attribute: Omit<Parameters<Aws["ec2"]["modifyNetworkInterfaceAttribute"]>[0], "NetworkInterfaceId">): Promise<void> {
  await aws.ec2.modifyNetworkInterfaceAttribute({ NetworkInterfaceId: id, ...attribute });
}

/** The SDK wants lists that it could write to. */
function copied(list: readonly string[] | undefined): string[] | undefined {
  return list && [...list];
}

/** All private addresses, the primary one first. */
function privateIpsOf(live: NetworkInterface): string[] {
  const others = (live.PrivateIpAddresses ?? []).flatMap(({ PrivateIpAddress: ip }) => (ip === undefined || ip === live.PrivateIpAddress ? [] : [ip]));
  return [...(live.PrivateIpAddress === undefined ? [] : [live.PrivateIpAddress]), ...others];
}

function ipv6Of(live: NetworkInterface): string[] {
  return (live.Ipv6Addresses ?? []).flatMap(({ Ipv6Address: ip }) => (ip === undefined ? [] : [ip]));
}

function difference(live: readonly string[], wanted: readonly string[] | undefined): { excess: string[]; missing: string[] } {
  const [before, after] = [live.map(normaliseAddress), (wanted ?? []).map(normaliseAddress)];
  return {
    excess: live.filter((_ip, index) => !after.includes(before[index])),
    missing: (wanted ?? []).filter((_ip, index) => !before.includes(after[index])),
  };
}

/**
 * The order in which the official provider hands over a set of texts: by CRC-32, as decimal text (Terraform's plugin
 * SDK v2, schema.HashString and Set.List). The first one becomes the primary address, whatever the program's order.
 */
export function setOrder(addresses: readonly string[]): string[] {
  const key = (address: string): string => String(crc32(address));
  return [...addresses].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function shown({ AttachmentId, DeviceIndex, InstanceId, NetworkCardIndex }: NetworkInterfaceAttachment) {
  return { attachmentId: AttachmentId, deviceIndex: DeviceIndex, instance: InstanceId ?? "", networkCardIndex: NetworkCardIndex ?? 0 };
}
