import type { Subnet } from "@aws-sdk/client-ec2";
import { cidr, flag, text } from "../kinds.ts";
import { awsType, given, type Tags } from "./aws-type.ts";
import { type Aws, unlessGone } from "./clients.ts";
import { EC2_TAG_CALLS, tagMap, tagSpecification, updateEc2Tags } from "./tags.ts";

interface SubnetInputs {
  readonly vpcId: string;
  readonly cidrBlock: string;
  readonly availabilityZone?: string;
  readonly ipv6CidrBlock?: string;
  readonly assignIpv6AddressOnCreation: boolean;
  readonly mapPublicIpOnLaunch: boolean;
  readonly tags?: Tags;
}

export const subnet = awsType<SubnetInputs>(
  {
    token: "aws:ec2/subnet:Subnet",
    calls: [
      "ec2:CreateSubnet", "ec2:DescribeSubnets", "ec2:ModifySubnetAttribute", "ec2:DeleteSubnet",
      "ec2:AssociateSubnetCidrBlock", "ec2:DisassociateSubnetCidrBlock", ...EC2_TAG_CALLS,
    ],
    inputs: {
      vpcId: { kind: text, required: true, replaces: true },
      cidrBlock: { kind: cidr, required: "the stand-in has no address pools and no IPv6-only subnets", replaces: true },
      availabilityZone: { kind: text, computed: true, replaces: true },
      ipv6CidrBlock: { kind: cidr, computed: true, affects: ["ipv6CidrBlockAssociationId"] },
      assignIpv6AddressOnCreation: { kind: flag, default: false },
      mapPublicIpOnLaunch: { kind: flag, default: false },
    },
    outputs: ["arn", "availabilityZoneId", "ipv6CidrBlockAssociationId", "ownerId"],
    check: (inputs) =>
      inputs["assignIpv6AddressOnCreation"] === true && inputs["ipv6CidrBlock"] === undefined
        ? [{ property: "assignIpv6AddressOnCreation", reason: "needs 'ipv6CidrBlock': there is no block to assign from" }]
        : [],

    async create(aws, inputs, record) {
      const { Subnet: created } = await aws.ec2.createSubnet({
        VpcId: inputs.vpcId,
        CidrBlock: inputs.cidrBlock,
        AvailabilityZone: inputs.availabilityZone,
        Ipv6CidrBlock: inputs.ipv6CidrBlock,
        ...tagSpecification("subnet", inputs.tags),
      });
      const id = given(created?.SubnetId, "a subnet id");
      record(id);
      if (inputs.assignIpv6AddressOnCreation) await setAssignIpv6(aws, id, true);
      if (inputs.mapPublicIpOnLaunch) await setMapPublicIp(aws, id, true);
    },

    async read(aws, id) {
      const found = await unlessGone(aws.ec2.describeSubnets({ SubnetIds: [id] }));
      const live = found?.Subnets?.[0];
      if (!live) return undefined;
      const ipv6 = ipv6Association(live);
      return {
        id,
        inputs: {
          vpcId: given(live.VpcId, "the subnet's VPC"),
          cidrBlock: given(live.CidrBlock, "the subnet's address range"),
          availabilityZone: live.AvailabilityZone,
          ipv6CidrBlock: ipv6?.Ipv6CidrBlock,
          assignIpv6AddressOnCreation: live.AssignIpv6AddressOnCreation ?? false,
          mapPublicIpOnLaunch: live.MapPublicIpOnLaunch ?? false,
          tags: tagMap(live.Tags),
        },
        outputs: {
          arn: live.SubnetArn,
          availabilityZoneId: live.AvailabilityZoneId,
          ipv6CidrBlockAssociationId: ipv6?.AssociationId ?? "",
          ownerId: live.OwnerId,
        },
      };
    },

    async update(aws, id, { changed, inputs, state }) {
      if (changed.has("ipv6CidrBlock")) {
        const { Subnets } = await aws.ec2.describeSubnets({ SubnetIds: [id] });
        const before = Subnets?.[0] && ipv6Association(Subnets[0]);
        if (before) {
          // AWS keeps a block that addresses are assigned from.
          await setAssignIpv6(aws, id, false);
          await aws.ec2.disassociateSubnetCidrBlock({ AssociationId: given(before.AssociationId, "an association id") });
        }
        if (inputs.ipv6CidrBlock !== undefined) {
          await aws.ec2.associateSubnetCidrBlock({ SubnetId: id, Ipv6CidrBlock: inputs.ipv6CidrBlock });
          if (inputs.assignIpv6AddressOnCreation) await setAssignIpv6(aws, id, true);
        }
      } else if (changed.has("assignIpv6AddressOnCreation")) {
        await setAssignIpv6(aws, id, inputs.assignIpv6AddressOnCreation);
      }
      if (changed.has("mapPublicIpOnLaunch")) await setMapPublicIp(aws, id, inputs.mapPublicIpOnLaunch);
      if (changed.has("tags")) await updateEc2Tags(aws, id, state["tags"], inputs.tags);
    },

    async delete(aws, id) {
      await unlessGone(aws.ec2.deleteSubnet({ SubnetId: id }));
    },
  },
  { taggable: true },
);

// AWS takes one attribute a call.
async function setAssignIpv6(aws: Aws, id: string, value: boolean): Promise<void> {
  await aws.ec2.modifySubnetAttribute({ SubnetId: id, AssignIpv6AddressOnCreation: { Value: value } });
}

async function setMapPublicIp(aws: Aws, id: string, value: boolean): Promise<void> {
  await aws.ec2.modifySubnetAttribute({ SubnetId: id, MapPublicIpOnLaunch: { Value: value } });
}

/** The subnet's IPv6 block; former ones stay listed as disassociated. */
function ipv6Association(live: Subnet) {
  return live.Ipv6CidrBlockAssociationSet?.find(
    ({ Ipv6CidrBlockState: state }) => state?.State === "associated" || state?.State === "associating",
  );
}
