import type { UnsuccessfulItem } from "@aws-sdk/client-ec2";
import { number, text } from "../kinds.ts";
import { awsType, ec2Arn, given, type Tags } from "./aws-type.ts";
import { AwsError, unlessGone } from "./clients.ts";
import { trimArn } from "./log-group.ts";
import { EC2_TAG_CALLS, tagMap, tagSpecification, updateEc2Tags } from "./tags.ts";

interface FlowLogInputs {
  readonly vpcId: string;
  readonly trafficType: "ACCEPT" | "REJECT" | "ALL";
  readonly logDestinationType: "cloud-watch-logs" | "s3" | "kinesis-data-firehose";
  readonly logDestination: string;
  readonly iamRoleArn?: string;
  readonly maxAggregationInterval: number;
  readonly tags?: Tags;
}

/** AWS has no call to change a flow log. */
export const flowLog = awsType<FlowLogInputs>(
  {
    token: "aws:ec2/flowLog:FlowLog",
    calls: ["ec2:CreateFlowLogs", "ec2:DescribeFlowLogs", "ec2:DeleteFlowLogs", ...EC2_TAG_CALLS],
    inputs: {
      vpcId: { kind: text, required: "the stand-in logs whole VPCs only", replaces: true },
      trafficType: { kind: text, required: true, replaces: true },
      logDestinationType: { kind: text, default: "cloud-watch-logs", replaces: true },
      logDestination: { kind: { ...text, equal: (a, b) => trimArn(String(a)) === trimArn(String(b)) }, required: true, replaces: true },
      iamRoleArn: { kind: text, replaces: true },
      maxAggregationInterval: { kind: number, default: 600, replaces: true },
    },
    outputs: ["arn", "logFormat"],

    async create(aws, inputs, record) {
      const { FlowLogIds, Unsuccessful } = await aws.ec2.createFlowLogs({
        ResourceType: "VPC",
        ResourceIds: [inputs.vpcId],
        TrafficType: inputs.trafficType,
        LogDestinationType: inputs.logDestinationType,
        LogDestination: inputs.logDestination,
        DeliverLogsPermissionArn: inputs.iamRoleArn,
        MaxAggregationInterval: inputs.maxAggregationInterval,
        ...tagSpecification("vpc-flow-log", inputs.tags),
      });
      refuseUnsuccessful(Unsuccessful, "CreateFlowLogs");
      record(given(FlowLogIds?.[0], "a flow log id"));
    },

    async read(aws, id) {
      const found = await unlessGone(aws.ec2.describeFlowLogs({ FlowLogIds: [id] }));
      const live = found?.FlowLogs?.[0];
      if (!live) return undefined;
      return {
        id,
        inputs: {
          vpcId: given(live.ResourceId, "the flow log's VPC"),
          trafficType: live.TrafficType,
          logDestinationType: live.LogDestinationType,
          logDestination: live.LogDestination,
          iamRoleArn: live.DeliverLogsPermissionArn,
          maxAggregationInterval: live.MaxAggregationInterval,
          tags: tagMap(live.Tags),
        },
        // Flow logs do not tell their owner; the destination is of the same account.
        outputs: { arn: ec2Arn(aws, live.LogDestination?.split(":")[4], `vpc-flow-log/${id}`), logFormat: live.LogFormat },
      };
    },

    async update(aws, id, { changed, inputs, state }) {
      if (changed.has("tags")) await updateEc2Tags(aws, id, state["tags"], inputs.tags);
    },

    async delete(aws, id) {
      const answer = await unlessGone(aws.ec2.deleteFlowLogs({ FlowLogIds: [id] }));
      refuseUnsuccessful(answer?.Unsuccessful?.filter((item) => !/NotFound/.test(item.Error?.Code ?? "")), "DeleteFlowLogs");
    },
  },
  { taggable: true },
);

/** These calls answer 200 with the failures in the body. */
function refuseUnsuccessful(items: readonly UnsuccessfulItem[] | undefined, call: string): void {
  const error = items?.[0]?.Error;
  if (error) throw new AwsError(error.Code ?? "Unknown", error.Message ?? "no message", call);
}
