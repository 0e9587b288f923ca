import { otherRegion, otherTags, TAGS } from "./fixtures-network.ts";
import type { Recorded } from "./harness.ts";
import type { Fixture, Lab } from "./lab.ts";

const ROLE = "aws:iam/role:Role";

const instanceProfile: Fixture = {
  token: "aws:iam/instanceProfile:InstanceProfile",
  secret: "tags",
  outputs: ["arn", "createDate", "uniqueId", "tagsAll"],
  inputs: async (lab) => ({ name: `profile-${String(lab.next())}`, role: (await lab.make(ROLE)).id, tags: TAGS }),
  changes: {
    name: { to: "another", expect: "replace" },
    path: { to: "/another/", expect: "replace" },
    role: { to: async (lab: Lab) => (await lab.make(ROLE)).id, expect: "update" },
    tags: otherTags,
  },
  behindTheBack: {
    role: (lab, { id, inputs }) => lab.aws.iam.removeRoleFromInstanceProfile({ InstanceProfileName: id, RoleName: String(inputs["role"]) }),
    tags: (lab, { id }) => lab.aws.iam.tagInstanceProfile({ InstanceProfileName: id, Tags: [{ Key: "Name", Value: "someone-else" }] }),
  },
  async observe(lab, id) {
    const { InstanceProfile: live } = await lab.aws.iam.getInstanceProfile({ InstanceProfileName: id });
    return { role: live?.Roles?.[0]?.RoleName, tags: Object.fromEntries((live?.Tags ?? []).map((tag) => [tag.Key, tag.Value])) };
  },
};

const put = (change: { Type?: "String"; Value?: string; Description?: string }) => (lab: Lab, { id }: Recorded) =>
  lab.aws.ssm.putParameter({ Name: id, Type: "SecureString", Value: "opensesame", Tier: "Advanced", Description: "", Overwrite: true, ...change });

const parameter: Fixture = {
  token: "aws:ssm/parameter:Parameter",
  secret: "value",
  outputs: ["arn", "dataType", "keyId", "version", "region", "tagsAll"],
  inputs: (lab) => Promise.resolve({
    name: `/moonback/parameter-${String(lab.next())}`, type: "SecureString", value: "opensesame", tier: "Advanced", tags: TAGS,
  }),
  changes: {
    name: { to: "/moonback/another", expect: "replace" },
    type: { to: "StringList", expect: "update" },
    value: { to: "sesame, open", expect: "update" },
    description: { to: "another", expect: "update" },
    tier: { to: "Standard", expect: "replace" },
    region: otherRegion,
    tags: otherTags,
  },
  behindTheBack: {
    type: put({ Type: "String" }),
    value: put({ Value: "someone else" }),
    description: put({ Description: "someone else" }),
    // AWS takes no advanced parameter back: someone made a new one.
    async tier(lab, { id }) {
      await lab.aws.ssm.deleteParameter({ Name: id });
      const Tags = Object.entries(TAGS).map(([Key, Value]) => ({ Key, Value }));
      await lab.aws.ssm.putParameter({ Name: id, Type: "SecureString", Value: "opensesame", Tier: "Standard", Tags });
    },
    tags: (lab, { id }) => lab.aws.ssm.addTagsToResource({ ResourceType: "Parameter", ResourceId: id, Tags: [{ Key: "Name", Value: "someone-else" }] }),
  },
  async observe(lab, id) {
    const { Parameter: live } = await lab.aws.ssm.getParameter({ Name: id, WithDecryption: true });
    const { Parameters: [about] = [] } = await lab.aws.ssm.describeParameters({ ParameterFilters: [{ Key: "Name", Option: "Equals", Values: [id] }] });
    const { TagList } = await lab.aws.ssm.listTagsForResource({ ResourceType: "Parameter", ResourceId: id });
    return {
      type: live?.Type, value: live?.Value, description: about?.Description ?? "", tier: about?.Tier,
      tags: Object.fromEntries((TagList ?? []).map((tag) => [tag.Key, tag.Value])),
    };
  },
};

export const accessFixtures: readonly Fixture[] = [instanceProfile, parameter];
