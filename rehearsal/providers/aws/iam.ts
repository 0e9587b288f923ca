import { json, number, text } from "../kinds.ts";
import { awsType, given, type Tags } from "./aws-type.ts";
import { type Aws, unlessGone } from "./clients.ts";
import { tagChanges, tagList, tagMap } from "./tags.ts";

interface RoleInputs {
  readonly name: string;
  readonly path: string;
  readonly assumeRolePolicy: string;
  readonly description: string;
  readonly maxSessionDuration: number;
  readonly tags?: Tags;
}

export const role = awsType<RoleInputs>(
  {
    token: "aws:iam/role:Role",
    global: true,
    calls: [
      "iam:CreateRole", "iam:GetRole", "iam:UpdateRole", "iam:UpdateAssumeRolePolicy", "iam:DeleteRole",
      "iam:TagRole", "iam:UntagRole",
    ],
    inputs: {
      name: { kind: text, required: "the stand-in invents no names", replaces: true },
      path: { kind: text, default: "/", replaces: true },
      assumeRolePolicy: { kind: json, required: true },
      description: { kind: text, default: "" },
      maxSessionDuration: { kind: number, default: 3600 },
    },
    outputs: ["arn", "createDate", "uniqueId"],
    autoNamed: "name",

    async create(aws, inputs, record) {
      const tags = tagList(inputs.tags);
      await aws.iam.createRole({
        RoleName: inputs.name,
        Path: inputs.path,
        AssumeRolePolicyDocument: inputs.assumeRolePolicy,
        MaxSessionDuration: inputs.maxSessionDuration,
        ...(inputs.description ? { Description: inputs.description } : {}),
        ...(tags.length > 0 ? { Tags: tags } : {}),
      });
      record(inputs.name);
    },

    async read(aws, id) {
      const live = (await unlessGone(aws.iam.getRole({ RoleName: id })))?.Role;
      if (!live) return undefined;
      return {
        id,
        inputs: {
          name: given(live.RoleName, "the role's name"),
          path: given(live.Path, "the role's path"),
          assumeRolePolicy: decodeURIComponent(given(live.AssumeRolePolicyDocument, "the role's trust policy")),
          description: live.Description ?? "",
          maxSessionDuration: live.MaxSessionDuration ?? 3600,
          tags: tagMap(live.Tags),
        },
        outputs: { arn: live.Arn, createDate: live.CreateDate?.toISOString(), uniqueId: live.RoleId },
      };
    },

    async update(aws, id, { changed, inputs, state }) {
      if (changed.has("assumeRolePolicy")) {
        await aws.iam.updateAssumeRolePolicy({ RoleName: id, PolicyDocument: inputs.assumeRolePolicy });
      }
      if (changed.has("description") || changed.has("maxSessionDuration")) {
        await aws.iam.updateRole({ RoleName: id, Description: inputs.description, MaxSessionDuration: inputs.maxSessionDuration });
      }
      if (changed.has("tags")) {
        const { set, remove } = tagChanges(state["tags"], inputs.tags);
        if (remove.length > 0) await aws.iam.untagRole({ RoleName: id, TagKeys: remove });
        if (Object.keys(set).length > 0) await aws.iam.tagRole({ RoleName: id, Tags: tagList(set) });
      }
    },

    async delete(aws, id) {
      await unlessGone(aws.iam.deleteRole({ RoleName: id }));
    },
  },
  { taggable: true },
);

interface RolePolicyInputs {
  readonly role: string;
  readonly name: string;
  readonly policy: string;
}

export const rolePolicy = awsType<RolePolicyInputs>(
  {
    token: "aws:iam/rolePolicy:RolePolicy",
    global: true,
    calls: ["iam:PutRolePolicy", "iam:GetRolePolicy", "iam:DeleteRolePolicy"],
    inputs: {
      role: { kind: text, required: true, replaces: true },
      name: { kind: text, required: "the stand-in invents no names", replaces: true },
      policy: { kind: json, required: true },
    },
    outputs: [],
    autoNamed: "name",

    async create(aws, inputs, record) {
      await put(aws, inputs);
      record(`${inputs.role}:${inputs.name}`);
    },

    async read(aws, id) {
      const key = keyOf(id);
      const live = await unlessGone(aws.iam.getRolePolicy({ RoleName: key.role, PolicyName: key.name }));
      if (!live) return undefined;
      return { id, inputs: { ...key, policy: decodeURIComponent(given(live.PolicyDocument, "the policy")) }, outputs: {} };
    },

    update: (aws, id, { inputs }) => put(aws, { ...keyOf(id), policy: inputs.policy }),

    async delete(aws, id) {
      const key = keyOf(id);
      await unlessGone(aws.iam.deleteRolePolicy({ RoleName: key.role, PolicyName: key.name }));
    },
  },
  { taggable: false },
);

async function put(aws: Aws, { role: RoleName, name: PolicyName, policy }: RolePolicyInputs): Promise<void> {
  await aws.iam.putRolePolicy({ RoleName, PolicyName, PolicyDocument: policy });
}

/** `role:name`; neither may contain a colon. */
function keyOf(id: string): { role: string; name: string } {
  const [roleName, name, ...rest] = id.split(":");
  if (!roleName || !name || rest.length > 0) throw new Error(`'${id}' is no role policy id: role:name`);
  return { role: roleName, name };
}
