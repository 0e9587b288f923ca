import type { ParameterMetadata } from "@aws-sdk/client-ssm";
import { oneOf, text } from "../kinds.ts";
import { awsType, given, type Tags } from "./aws-type.ts";
import { type Aws, unlessGone } from "./clients.ts";
import { withoutRepeating } from "./hidden.ts";
import { tagChanges, tagList, tagMap } from "./tags.ts";

interface ParameterInputs {
  readonly name: string;
  readonly type: "String" | "StringList" | "SecureString";
  readonly value: string;
  readonly description: string;
  readonly tier?: "Standard" | "Advanced";
  readonly tags?: Tags;
}

/** Every call that puts a parameter makes a new version of it. */
const affects = ["version"] as const;

export const parameter = awsType<ParameterInputs>(
  {
    token: "aws:ssm/parameter:Parameter",
    calls: [
      "ssm:PutParameter", "ssm:GetParameter", "ssm:DescribeParameters", "ssm:DeleteParameter",
      "ssm:ListTagsForResource", "ssm:AddTagsToResource", "ssm:RemoveTagsFromResource",
    ],
    inputs: {
      name: { kind: text, required: "the stand-in invents no names", replaces: true },
      type: { kind: oneOf("String", "StringList", "SecureString"), required: true, affects },
      // The official provider hides the value of every type, and takes it in clear under another name, which is not supported.
      value: { kind: text, required: "the stand-in takes the value by no other name", secret: true, affects },
      description: { kind: text, default: "", affects },
      // AWS does not take an advanced parameter back to standard.
      tier: { kind: oneOf("Standard", "Advanced"), computed: true, replaces: (wanted, state) => state["tier"] === "Advanced" && wanted === "Standard", affects },
    },
    // Another key than the account's own costs a dollar a month, so none can be asked for.
    outputs: ["arn", "dataType", "keyId", "version"],
    autoNamed: "name",

    async create(aws, inputs, record) {
      const tags = tagList(inputs.tags);
      await put(aws, inputs, tags.length > 0 ? { Tags: tags } : {});
      record(inputs.name);
    },

    async read(aws, id) {
      const live = (await unlessGone(aws.ssm.getParameter({ Name: id, WithDecryption: true })))?.Parameter;
      const about = live && (await describe(aws, id));
      if (!live || !about) return undefined;
      return {
        id,
        inputs: {
          name: given(live.Name, "the parameter's name"),
          type: given(live.Type, "the parameter's type"),
          value: given(live.Value, "the parameter's value"),
          description: about.Description ?? "",
          tier: about.Tier as ParameterInputs["tier"],
          tags: await tagsOf(aws, id),
        },
        outputs: { arn: live.ARN, dataType: live.DataType ?? "text", keyId: about.KeyId ?? "", version: live.Version },
      };
    },

    async update(aws, id, { changed, inputs, state }) {
      if ([...changed].some((property) => property !== "tags")) await put(aws, inputs, { Overwrite: true });
      if (changed.has("tags")) {
        const { set, remove } = tagChanges(state["tags"], inputs.tags);
        const resource = { ResourceType: "Parameter", ResourceId: id } as const;
        if (remove.length > 0) await aws.ssm.removeTagsFromResource({ ...resource, TagKeys: remove });
        if (Object.keys(set).length > 0) await aws.ssm.addTagsToResource({ ...resource, Tags: tagList(set) });
      }
    },

    async delete(aws, id) {
      await unlessGone(aws.ssm.deleteParameter({ Name: id }));
    },
  },
  { taggable: true },
);

async function put(aws: Aws, inputs: ParameterInputs, more: { Overwrite?: true; Tags?: { Key: string; Value: string }[] }): Promise<void> {
  await withoutRepeating(inputs.value, aws.ssm.putParameter({
    Name: inputs.name, Type: inputs.type, Value: inputs.value, Description: inputs.description, Tier: inputs.tier, ...more,
  }));
}

/** What AWS does not tell together with the value. */
async function describe(aws: Aws, name: string): Promise<ParameterMetadata | undefined> {
  const { Parameters } = await aws.ssm.describeParameters({ ParameterFilters: [{ Key: "Name", Option: "Equals", Values: [name] }] });
  return Parameters?.find((each) => each.Name === name);
}

async function tagsOf(aws: Aws, name: string): Promise<Tags> {
  return tagMap((await aws.ssm.listTagsForResource({ ResourceType: "Parameter", ResourceId: name })).TagList);
}
