// One refused call for every rule of IAM and CloudWatch Logs.

import * as logs from "@aws-sdk/client-cloudwatch-logs";
import * as iam from "@aws-sdk/client-iam";
import { account, region, trust, unique, type Scenario, type Scenarios } from "../aws.ts";

const noRole = "nobody";
const policy = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "logs:PutLogEvents", Resource: "*" }] });

const roleWith = (input: Partial<iam.CreateRoleCommandInput>): Scenario =>
  () => new iam.CreateRoleCommand({ RoleName: unique("role"), AssumeRolePolicyDocument: trust, ...input });

export const roles: Scenarios = {
  "role-exists": async (aws) => new iam.CreateRoleCommand({ RoleName: await aws.role(), AssumeRolePolicyDocument: trust }),
  "role-name": roleWith({ RoleName: "no spaces" }),
  "role-trust-malformed": roleWith({ AssumeRolePolicyDocument: "{not json" }),
  "role-session-seconds": roleWith({ MaxSessionDuration: 60 }),
  "role-tag-value": roleWith({ Tags: [{ Key: "moonback:urn", Value: "urn:pulumi:demo::any$Foo::bar" }] }),
  "role-tag-value-length": roleWith({ Tags: [{ Key: "any", Value: "v".repeat(257) }] }),
  "role-tag-key": roleWith({ Tags: [{ Key: "any$", Value: "any" }] }),
  "role-tag-key-length": roleWith({ Tags: [{ Key: "k".repeat(129), Value: "any" }] }),
  "role-too-many-tags": roleWith({ Tags: Array.from({ length: 51 }, (_, n) => ({ Key: `key-${n}`, Value: "any" })) }),
  "role-repeated-tag-key": roleWith({ Tags: [{ Key: "any", Value: "one" }, { Key: "Any", Value: "two" }] }),
  "update-assume-role-policy-unknown-role": () => new iam.UpdateAssumeRolePolicyCommand({ RoleName: noRole, PolicyDocument: trust }),
  "update-trust-malformed": async (aws) => new iam.UpdateAssumeRolePolicyCommand({ RoleName: await aws.role(), PolicyDocument: "{not json" }),
  "update-role-unknown-role": () => new iam.UpdateRoleCommand({ RoleName: noRole, Description: "any" }),
  "update-role-session-seconds": async (aws) => new iam.UpdateRoleCommand({ RoleName: await aws.role(), MaxSessionDuration: 60 }),
  "delete-role-unknown-role": () => new iam.DeleteRoleCommand({ RoleName: noRole }),
  "role-has-inline-policies": async (aws) => {
    const RoleName = await aws.role();
    await aws.iam.send(new iam.PutRolePolicyCommand({ RoleName, PolicyName: "any", PolicyDocument: policy }));
    return new iam.DeleteRoleCommand({ RoleName });
  },
  "role-has-attached-policies": async (aws) => {
    const RoleName = await aws.role();
    const made = await aws.iam.send(new iam.CreatePolicyCommand({ PolicyName: unique("policy"), PolicyDocument: policy }));
    await aws.iam.send(new iam.AttachRolePolicyCommand({ RoleName, PolicyArn: made.Policy!.Arn! }));
    return new iam.DeleteRoleCommand({ RoleName });
  },
  "role-in-instance-profile": async (aws) => {
    const [RoleName, InstanceProfileName] = [await aws.role(), unique("profile")];
    await aws.iam.send(new iam.CreateInstanceProfileCommand({ InstanceProfileName }));
    await aws.iam.send(new iam.AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
    return new iam.DeleteRoleCommand({ RoleName });
  },
  "tag-role-unknown-role": () => new iam.TagRoleCommand({ RoleName: noRole, Tags: [{ Key: "any", Value: "any" }] }),
  "tag-role-value": async (aws) => new iam.TagRoleCommand({ RoleName: await aws.role(), Tags: [{ Key: "any", Value: "$any" }] }),
  "tag-role-key": async (aws) => new iam.TagRoleCommand({ RoleName: await aws.role(), Tags: [{ Key: "any$", Value: "any" }] }),
  "untag-role-unknown-role": () => new iam.UntagRoleCommand({ RoleName: noRole, TagKeys: ["any"] }),
  "put-role-policy-unknown-role": () => new iam.PutRolePolicyCommand({ RoleName: noRole, PolicyName: "any", PolicyDocument: policy }),
  "role-policy-malformed": async (aws) => new iam.PutRolePolicyCommand({ RoleName: await aws.role(), PolicyName: "any", PolicyDocument: "{not json" }),
  "delete-role-policy-unknown-role": () => new iam.DeleteRolePolicyCommand({ RoleName: noRole, PolicyName: "any" }),
  "delete-unknown-role-policy": async (aws) => new iam.DeleteRolePolicyCommand({ RoleName: await aws.role(), PolicyName: "nothing" }),
};

const noLogGroup = "/moonback/nothing";
const noLogArn = `arn:aws:logs:${region}:${account}:log-group:${noLogGroup}`;
const many = (count: number, stem = "key"): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`${stem}-${n}`, "any"]));

const badTags: Record<string, Record<string, string>> = {
  "tag-value": { any: "$any" },
  "tag-value-length": { any: "v".repeat(257) },
  "tag-key": { "any$": "any" },
  "tag-key-length": { ["k".repeat(129)]: "any" },
  "reserved-tag-key": { "aws:any": "any" },
};

function logTagScenarios(): Scenarios {
  const scenarios: Scenarios = {};
  for (const [rule, tags] of Object.entries(badTags)) {
    scenarios[`log-group-${rule}`] = () => new logs.CreateLogGroupCommand({ logGroupName: unique("/moonback/tagged"), tags });
    scenarios[`log-${rule}`] = async (aws) => new logs.TagResourceCommand({ resourceArn: (await aws.logGroup()).arn, tags });
  }
  return scenarios;
}

export const logGroups: Scenarios = {
  "log-group-exists": async (aws) => new logs.CreateLogGroupCommand({ logGroupName: (await aws.logGroup()).name }),
  "log-group-name": () => new logs.CreateLogGroupCommand({ logGroupName: "no spaces" }),
  "retention-unknown-group": () => new logs.PutRetentionPolicyCommand({ logGroupName: noLogGroup, retentionInDays: 7 }),
  "retention-days": async (aws) => new logs.PutRetentionPolicyCommand({ logGroupName: (await aws.logGroup()).name, retentionInDays: 8 }),
  "delete-retention-unknown-group": () => new logs.DeleteRetentionPolicyCommand({ logGroupName: noLogGroup }),
  "delete-unknown-log-group": () => new logs.DeleteLogGroupCommand({ logGroupName: noLogGroup }),
  ...logTagScenarios(),
  "log-group-too-many-tags": () => new logs.CreateLogGroupCommand({ logGroupName: unique("/moonback/tagged"), tags: many(51) }),
  "log-too-many-tags": async (aws) => new logs.TagResourceCommand({ resourceArn: (await aws.logGroup(many(50))).arn, tags: { more: "any" } }),
  "log-tag-unknown-group": () => new logs.TagResourceCommand({ resourceArn: noLogArn, tags: { any: "any" } }),
  "log-untag-unknown-group": () => new logs.UntagResourceCommand({ resourceArn: noLogArn, tagKeys: ["any"] }),
};
