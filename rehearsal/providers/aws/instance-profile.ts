import { text } from "../kinds.ts";
import { awsType, given, type Tags } from "./aws-type.ts";
import { type Aws, unlessGone } from "./clients.ts";
import { tagChanges, tagList, tagMap } from "./tags.ts";

interface InstanceProfileInputs {
  readonly name: string;
  readonly path: string;
  readonly role?: string;
  readonly tags?: Tags;
}

/** What an instance carries to act as a role. AWS allows one role at most. */
export const instanceProfile = awsType<InstanceProfileInputs>(
  {
    token: "aws:iam/instanceProfile:InstanceProfile",
    global: true,
    calls: [
      "iam:CreateInstanceProfile", "iam:GetInstanceProfile", "iam:AddRoleToInstanceProfile", "iam:RemoveRoleFromInstanceProfile",
      "iam:DeleteInstanceProfile", "iam:TagInstanceProfile", "iam:UntagInstanceProfile",
    ],
    inputs: {
      name: { kind: text, required: "the stand-in invents no names", replaces: true },
      path: { kind: text, default: "/", replaces: true },
      role: { kind: text },
    },
    outputs: ["arn", "createDate", "uniqueId"],
    autoNamed: "name",

    async create(aws, inputs, record) {
      const tags = tagList(inputs.tags);
      await aws.iam.createInstanceProfile({ InstanceProfileName: inputs.name, Path: inputs.path, ...(tags.length > 0 ? { Tags: tags } : {}) });
      record(inputs.name);
      if (inputs.role !== undefined) await addRole(aws, inputs.name, inputs.role);
    },

    async read(aws, id) {
      const live = await get(aws, id);
      if (!live) return undefined;
      return {
        id,
        inputs: {
          name: given(live.InstanceProfileName, "the profile's name"),
          path: given(live.Path, "the profile's path"),
          role: live.Roles?.[0]?.RoleName,
          tags: tagMap(live.Tags),
        },
        outputs: { arn: live.Arn, createDate: live.CreateDate?.toISOString(), uniqueId: live.InstanceProfileId },
      };
    },

    async update(aws, id, { changed, inputs, state }) {
      if (changed.has("role")) {
        await removeRoles(aws, id);
        if (inputs.role !== undefined) await addRole(aws, id, inputs.role);
      }
      if (changed.has("tags")) {
        const { set, remove } = tagChanges(state["tags"], inputs.tags);
        if (remove.length > 0) await aws.iam.untagInstanceProfile({ InstanceProfileName: id, TagKeys: remove });
        if (Object.keys(set).length > 0) await aws.iam.tagInstanceProfile({ InstanceProfileName: id, Tags: tagList(set) });
      }
    },

    async delete(aws, id) {
      // AWS keeps a profile that has a role.
      await removeRoles(aws, id);
      await unlessGone(aws.iam.deleteInstanceProfile({ InstanceProfileName: id }));
    },
  },
  { taggable: true },
);

async function get(aws: Aws, InstanceProfileName: string) {
  return (await unlessGone(aws.iam.getInstanceProfile({ InstanceProfileName })))?.InstanceProfile;
}

async function addRole(aws: Aws, InstanceProfileName: string, RoleName: string): Promise<void> {
  await aws.iam.addRoleToInstanceProfile({ InstanceProfileName, RoleName });
}

async function removeRoles(aws: Aws, InstanceProfileName: string): Promise<void> {
  for (const { RoleName } of (await get(aws, InstanceProfileName))?.Roles ?? []) {
    await unlessGone(aws.iam.removeRoleFromInstanceProfile({ InstanceProfileName, RoleName }));
  }
}
