// One refused call for every rule of IAM's instance profiles and of SSM's parameters.

import * as iam from "@aws-sdk/client-iam";
import * as ssm from "@aws-sdk/client-ssm";
import { unique, type Aws, type Scenario, type Scenarios } from "../aws.ts";

const noProfile = "nothing";
const tag = { Key: "any", Value: "any" };

const profileWith = (input: Partial<iam.CreateInstanceProfileCommandInput>): Scenario =>
  () => new iam.CreateInstanceProfileCommand({ InstanceProfileName: unique("profile"), ...input });

export const profiles: Scenarios = {
  "profile-exists": async (aws) => new iam.CreateInstanceProfileCommand({ InstanceProfileName: await aws.profile() }),
  "profile-name": profileWith({ InstanceProfileName: "no spaces" }),
  "profile-tag-value": profileWith({ Tags: [{ Key: "moonback:urn", Value: "urn:pulumi:demo::any$Foo::bar" }] }),
  "profile-tag-key": profileWith({ Tags: [{ Key: "any$", Value: "any" }] }),
  "profile-second-role": async (aws) =>
    new iam.AddRoleToInstanceProfileCommand({ InstanceProfileName: await aws.profile(await aws.role()), RoleName: await aws.role() }),
  "profile-unknown-role": async (aws) => new iam.AddRoleToInstanceProfileCommand({ InstanceProfileName: await aws.profile(), RoleName: "nobody" }),
  "profile-without-that-role": async (aws) =>
    new iam.RemoveRoleFromInstanceProfileCommand({ InstanceProfileName: await aws.profile(), RoleName: await aws.role() }),
  "profile-holds-role": async (aws) => new iam.DeleteInstanceProfileCommand({ InstanceProfileName: await aws.profile(await aws.role()) }),
  "add-role-to-instance-profile-unknown-profile": async (aws) => new iam.AddRoleToInstanceProfileCommand({ InstanceProfileName: noProfile, RoleName: await aws.role() }),
  "remove-role-from-instance-profile-unknown-profile": async (aws) =>
    new iam.RemoveRoleFromInstanceProfileCommand({ InstanceProfileName: noProfile, RoleName: await aws.role() }),
  "get-instance-profile-unknown-profile": () => new iam.GetInstanceProfileCommand({ InstanceProfileName: noProfile }),
  "delete-instance-profile-unknown-profile": () => new iam.DeleteInstanceProfileCommand({ InstanceProfileName: noProfile }),
  "tag-instance-profile-unknown-profile": () => new iam.TagInstanceProfileCommand({ InstanceProfileName: noProfile, Tags: [tag] }),
  "untag-instance-profile-unknown-profile": () => new iam.UntagInstanceProfileCommand({ InstanceProfileName: noProfile, TagKeys: ["any"] }),
  "tag-profile-value": async (aws) => new iam.TagInstanceProfileCommand({ InstanceProfileName: await aws.profile(), Tags: [{ Key: "any", Value: "$any" }] }),
  "tag-profile-key": async (aws) => new iam.TagInstanceProfileCommand({ InstanceProfileName: await aws.profile(), Tags: [{ Key: "any$", Value: "any" }] }),
};

const ofParameter = { ResourceType: "Parameter" } as const;
const noParameter = "/moonback/nothing";

const putting = (input: Partial<ssm.PutParameterCommandInput>): Scenario =>
  () => new ssm.PutParameterCommand({ Name: unique("/moonback/test/parameter"), Value: "any", Type: "SecureString", ...input });

async function parameter(aws: Aws): Promise<string> {
  const Name = unique("/moonback/test/parameter");
  await aws.ssm.send(new ssm.PutParameterCommand({ Name, Value: "any", Type: "SecureString" }));
  return Name;
}

export const parameters: Scenarios = {
  "parameter-exists": async (aws) => new ssm.PutParameterCommand({ Name: await parameter(aws), Value: "other", Type: "SecureString" }),
  "parameter-overwrite-with-tags": async (aws) => new ssm.PutParameterCommand({ Name: await parameter(aws), Value: "other", Overwrite: true, Tags: [tag] }),
  "parameter-without-type": putting({ Type: undefined }),
  "parameter-empty": putting({ Value: "" }),
  "parameter-name-reserved": putting({ Name: "/ssm/any" }),
  "parameter-name-characters": putting({ Name: "/moonback/no spaces" }),
  "parameter-name-relative": putting({ Name: "moonback/any" }),
  "parameter-name-ends-with-slash": putting({ Name: "/moonback/any/" }),
  "parameter-name-levels": putting({ Name: "/a".repeat(16) }),
  "parameter-name-length": putting({ Name: `/moonback/${"n".repeat(1002)}` }),
  "parameter-value-size": putting({ Value: "v".repeat(4097) }),
  "parameter-tag-value": putting({ Tags: [{ Key: "any", Value: "$any" }] }),
  "parameter-tag-key": putting({ Tags: [{ Key: "any$", Value: "any" }] }),
  "parameter-too-many-tags": putting({ Tags: Array.from({ length: 51 }, (_, n) => ({ Key: `key-${n}`, Value: "any" })) }),
  "get-unknown-parameter": () => new ssm.GetParameterCommand({ Name: noParameter }),
  "delete-unknown-parameter": () => new ssm.DeleteParameterCommand({ Name: noParameter }),
  "add-tags-to-resource-unknown-parameter": () => new ssm.AddTagsToResourceCommand({ ...ofParameter, ResourceId: noParameter, Tags: [tag] }),
  "remove-tags-from-resource-unknown-parameter": () => new ssm.RemoveTagsFromResourceCommand({ ...ofParameter, ResourceId: noParameter, TagKeys: ["any"] }),
  "list-tags-for-resource-unknown-parameter": () => new ssm.ListTagsForResourceCommand({ ...ofParameter, ResourceId: noParameter }),
  "add-tags-value": async (aws) => new ssm.AddTagsToResourceCommand({ ...ofParameter, ResourceId: await parameter(aws), Tags: [{ Key: "any", Value: "$any" }] }),
  "add-tags-key": async (aws) => new ssm.AddTagsToResourceCommand({ ...ofParameter, ResourceId: await parameter(aws), Tags: [{ Key: "any$", Value: "any" }] }),
};
