import type { Vpc } from "@aws-sdk/client-ec2";
import { cidr, flag } from "../kinds.ts";
import { awsType, ec2Arn, given, type Tags } from "./aws-type.ts";
import { type Aws, unlessGone } from "./clients.ts";
import { EC2_TAG_CALLS, tagMap, tagSpecification, updateEc2Tags } from "./tags.ts";

interface VpcInputs {
  readonly cidrBlock: string;
  readonly enableDnsSupport: boolean;
  readonly enableDnsHostnames: boolean;
  readonly assignGeneratedIpv6CidrBlock: boolean;
  readonly tags?: Tags;
}

export const vpc = awsType<VpcInputs>(
  {
    token: "aws:ec2/vpc:Vpc",
    calls: [
      "ec2:CreateVpc", "ec2:DescribeVpcs", "ec2:DescribeVpcAttribute", "ec2:ModifyVpcAttribute", "ec2:DeleteVpc",
      "ec2:AssociateVpcCidrBlock", "ec2:DisassociateVpcCidrBlock",
      "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups", "ec2:DescribeNetworkAcls", ...EC2_TAG_CALLS,
    ],
    inputs: {
      cidrBlock: { kind: cidr, required: "the stand-in has no address pools", replaces: true },
      enableDnsSupport: { kind: flag, default: true },
      enableDnsHostnames: { kind: flag, default: false },
      assignGeneratedIpv6CidrBlock: { kind: flag, default: false, affects: ["ipv6CidrBlock", "ipv6AssociationId"] },
    },
    outputs: [
      "arn", "ipv6CidrBlock", "ipv6AssociationId", "mainRouteTableId", "defaultRouteTableId", "defaultSecurityGroupId",
      "defaultNetworkAclId", "dhcpOptionsId", "ownerId",
    ],

    async create(aws, inputs, record) {
      const { Vpc: created } = await aws.ec2.createVpc({
        CidrBlock: inputs.cidrBlock,
        AmazonProvidedIpv6CidrBlock: inputs.assignGeneratedIpv6CidrBlock,
        ...tagSpecification("vpc", inputs.tags),
      });
      const id = given(created?.VpcId, "a VPC id");
      record(id);
      if (!inputs.enableDnsSupport) await setDns(aws, id, { EnableDnsSupport: { Value: false } });
      if (inputs.enableDnsHostnames) await setDns(aws, id, { EnableDnsHostnames: { Value: true } });
    },

    async read(aws, id, state) {
      const found = await unlessGone(aws.ec2.describeVpcs({ VpcIds: [id] }));
      const live = found?.Vpcs?.[0];
      if (!live) return undefined;
      const ofVpc = { Name: "vpc-id", Values: [id] };
      const [support, hostnames, main, group, acl] = await Promise.all([
        aws.ec2.describeVpcAttribute({ VpcId: id, Attribute: "enableDnsSupport" }),
        aws.ec2.describeVpcAttribute({ VpcId: id, Attribute: "enableDnsHostnames" }),
        aws.ec2.describeRouteTables({ Filters: [ofVpc, { Name: "association.main", Values: ["true"] }] }),
        aws.ec2.describeSecurityGroups({ Filters: [ofVpc, { Name: "group-name", Values: ["default"] }] }),
        aws.ec2.describeNetworkAcls({ Filters: [ofVpc, { Name: "default", Values: ["true"] }] }),
      ]);
      const ipv6 = ipv6Association(live);
      const mainRouteTableId = main.RouteTables?.[0]?.RouteTableId;
      return {
        id,
        inputs: {
          cidrBlock: given(live.CidrBlock, "the VPC's address range"),
          enableDnsSupport: support.EnableDnsSupport?.Value ?? false,
          enableDnsHostnames: hostnames.EnableDnsHostnames?.Value ?? false,
          assignGeneratedIpv6CidrBlock: ipv6 !== undefined,
          tags: tagMap(live.Tags),
        },
        outputs: {
          arn: ec2Arn(aws, live.OwnerId, `vpc/${id}`),
          ipv6CidrBlock: ipv6?.Ipv6CidrBlock ?? "",
          ipv6AssociationId: ipv6?.AssociationId ?? "",
          mainRouteTableId,
          // The table that was made with the VPC stays the default one, even when another becomes the main one.
          defaultRouteTableId: state["defaultRouteTableId"] ?? mainRouteTableId,
          defaultSecurityGroupId: group.SecurityGroups?.[0]?.GroupId,
          defaultNetworkAclId: acl.NetworkAcls?.[0]?.NetworkAclId,
          dhcpOptionsId: live.DhcpOptionsId,
          ownerId: live.OwnerId,
        },
      };
    },

    async update(aws, id, { changed, inputs, state }) {
      // Host names need DNS support, so support comes first when it is switched on and last when it is switched off.
      if (changed.has("enableDnsSupport") && inputs.enableDnsSupport) await setDns(aws, id, { EnableDnsSupport: { Value: true } });
      if (changed.has("enableDnsHostnames")) await setDns(aws, id, { EnableDnsHostnames: { Value: inputs.enableDnsHostnames } });
      if (changed.has("enableDnsSupport") && !inputs.enableDnsSupport) await setDns(aws, id, { EnableDnsSupport: { Value: false } });
      if (changed.has("assignGeneratedIpv6CidrBlock")) {
        const { Vpcs } = await aws.ec2.describeVpcs({ VpcIds: [id] });
        const association = ipv6Association(Vpcs?.[0]);
        if (inputs.assignGeneratedIpv6CidrBlock && !association) {
          await aws.ec2.associateVpcCidrBlock({ VpcId: id, AmazonProvidedIpv6CidrBlock: true });
        } else if (!inputs.assignGeneratedIpv6CidrBlock && association) {
          await aws.ec2.disassociateVpcCidrBlock({ AssociationId: given(association.AssociationId, "an association id") });
        }
      }
      if (changed.has("tags")) await updateEc2Tags(aws, id, state["tags"], inputs.tags);
    },

    async delete(aws, id) {
      await unlessGone(aws.ec2.deleteVpc({ VpcId: id }));
    },
  },
  { taggable: true },
);

/** AWS takes one attribute a call. */
async function setDns(aws: Aws, id: string, attribute: { EnableDnsSupport: { Value: boolean } } | { EnableDnsHostnames: { Value: boolean } }) {
  await aws.ec2.modifyVpcAttribute({ VpcId: id, ...attribute });
}

/** The VPC's IPv6 block; former ones stay listed as disassociated. */
function ipv6Association(live: Vpc | undefined) {
  return live?.Ipv6CidrBlockAssociationSet?.find(
    ({ Ipv6CidrBlockState: state }) => state?.State === "associated" || state?.State === "associating",
  );
}
