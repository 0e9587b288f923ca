import type { InternetGateway } from "@aws-sdk/client-ec2";
import { text } from "../kinds.ts";
import { awsType, ec2Arn, given, type Tags } from "./aws-type.ts";
import { type Aws, unlessGone } from "./clients.ts";
import { EC2_TAG_CALLS, tagMap, tagSpecification, updateEc2Tags } from "./tags.ts";

interface InternetGatewayInputs {
  readonly vpcId?: string;
  readonly tags?: Tags;
}

export const internetGateway = awsType<InternetGatewayInputs>(
  {
    token: "aws:ec2/internetGateway:InternetGateway",
    calls: [
      "ec2:CreateInternetGateway", "ec2:AttachInternetGateway", "ec2:DescribeInternetGateways",
      "ec2:DetachInternetGateway", "ec2:DeleteInternetGateway", ...EC2_TAG_CALLS,
    ],
    // Unset, an attachment made elsewhere (`InternetGatewayAttachment`) is left alone.
    inputs: { vpcId: { kind: text, computed: true } },
    outputs: ["arn", "ownerId"],

    async create(aws, inputs, record) {
      const { InternetGateway: created } = await aws.ec2.createInternetGateway(tagSpecification("internet-gateway", inputs.tags));
      const id = given(created?.InternetGatewayId, "an internet gateway id");
      record(id);
      if (inputs.vpcId !== undefined) await aws.ec2.attachInternetGateway({ InternetGatewayId: id, VpcId: inputs.vpcId });
    },

    async read(aws, id) {
      const live = await describe(aws, id);
      if (!live) return undefined;
      return {
        id,
        inputs: { vpcId: attachedTo(live), tags: tagMap(live.Tags) },
        outputs: { arn: ec2Arn(aws, live.OwnerId, `internet-gateway/${id}`), ownerId: live.OwnerId },
      };
    },

    async update(aws, id, { changed, inputs, state }) {
      if (changed.has("vpcId")) {
        await detach(aws, id);
        if (inputs.vpcId !== undefined) await aws.ec2.attachInternetGateway({ InternetGatewayId: id, VpcId: inputs.vpcId });
      }
      if (changed.has("tags")) await updateEc2Tags(aws, id, state["tags"], inputs.tags);
    },

    async delete(aws, id) {
      await detach(aws, id);
      await unlessGone(aws.ec2.deleteInternetGateway({ InternetGatewayId: id }));
    },
  },
  { taggable: true },
);

async function describe(aws: Aws, id: string): Promise<InternetGateway | undefined> {
  const found = await unlessGone(aws.ec2.describeInternetGateways({ InternetGatewayIds: [id] }));
  return found?.InternetGateways?.[0];
}

/** A gateway has one attachment at most; for gateways AWS calls the attached state `available`. */
function attachedTo(live: InternetGateway): string | undefined {
  const states: readonly (string | undefined)[] = ["available", "attached", "attaching"];
  return live.Attachments?.find((attachment) => states.includes(attachment.State))?.VpcId;
}

/** What it is attached to is asked, not remembered: it may have been moved behind our back. */
async function detach(aws: Aws, id: string): Promise<void> {
  const live = await describe(aws, id);
  const vpcId = live && attachedTo(live);
  if (vpcId !== undefined) await aws.ec2.detachInternetGateway({ InternetGatewayId: id, VpcId: vpcId });
}
