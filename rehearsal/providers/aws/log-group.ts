import type { LogGroup } from "@aws-sdk/client-cloudwatch-logs";
import { number, text } from "../kinds.ts";
import { awsType, given, type Tags } from "./aws-type.ts";
import { type Aws, unlessGone } from "./clients.ts";
import { tagChanges } from "./tags.ts";

interface LogGroupInputs {
  readonly name: string;
  readonly retentionInDays: number;
  readonly tags?: Tags;
}

export const logGroup = awsType<LogGroupInputs>(
  {
    token: "aws:cloudwatch/logGroup:LogGroup",
    calls: [
      "logs:CreateLogGroup", "logs:DescribeLogGroups", "logs:PutRetentionPolicy", "logs:DeleteRetentionPolicy",
      "logs:DeleteLogGroup", "logs:ListTagsForResource", "logs:TagResource", "logs:UntagResource",
    ],
    inputs: {
      name: { kind: text, required: "the stand-in invents no names", replaces: true },
      // 0 keeps events for ever.
      retentionInDays: { kind: number, default: 0 },
    },
    outputs: ["arn"],
    autoNamed: "name",

    async create(aws, inputs, record) {
      const tags = inputs.tags ?? {};
      await aws.logs.createLogGroup({ logGroupName: inputs.name, ...(Object.keys(tags).length > 0 ? { tags } : {}) });
      record(inputs.name);
      if (inputs.retentionInDays > 0) {
        await aws.logs.putRetentionPolicy({ logGroupName: inputs.name, retentionInDays: inputs.retentionInDays });
      }
    },

    async read(aws, id) {
      const live = await describe(aws, id);
      if (!live) return undefined;
      const resourceArn = arnOf(live);
      return {
        id,
        inputs: {
          name: id,
          retentionInDays: live.retentionInDays ?? 0,
          tags: (await aws.logs.listTagsForResource({ resourceArn })).tags ?? {},
        },
        outputs: { arn: resourceArn },
      };
    },

    async update(aws, id, { changed, inputs, state }) {
      if (changed.has("retentionInDays")) {
        if (inputs.retentionInDays > 0) await aws.logs.putRetentionPolicy({ logGroupName: id, retentionInDays: inputs.retentionInDays });
        else await aws.logs.deleteRetentionPolicy({ logGroupName: id });
      }
      if (changed.has("tags")) {
        const resourceArn = arnOf(given(await describe(aws, id), `log group ${id}`));
        const { set, remove } = tagChanges(state["tags"], inputs.tags);
        if (remove.length > 0) await aws.logs.untagResource({ resourceArn, tagKeys: remove });
        if (Object.keys(set).length > 0) await aws.logs.tagResource({ resourceArn, tags: set });
      }
    },

    async delete(aws, id) {
      await unlessGone(aws.logs.deleteLogGroup({ logGroupName: id }));
    },
  },
  { taggable: true },
);

/** The group of exactly this name: AWS looks up by prefix, page by page. */
async function describe(aws: Aws, name: string): Promise<LogGroup | undefined> {
  let nextToken: string | undefined;
  do {
    const page = await aws.logs.describeLogGroups({ logGroupNamePrefix: name, nextToken });
    const exact = page.logGroups?.find((group) => group.logGroupName === name);
    if (exact) return exact;
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return undefined;
}

/** AWS writes the ARN with `:*` for "and its streams"; the official provider shows it without. */
export function trimArn(arn: string): string {
  return arn.replace(/:\*$/, "");
}

function arnOf(group: LogGroup): string {
  return trimArn(given(group.arn, "the log group's ARN"));
}
