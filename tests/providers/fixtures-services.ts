import { ec2Tags, otherRegion, otherTags, retagEc2, TAGS, VPC } from "./fixtures-network.ts";
import type { Fixture } from "./lab.ts";

const LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup";
const ROLE = "aws:iam/role:Role";

const trust = (service: string) => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
});
const allow = (action: string) => ({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: action, Resource: "*" }] });

const logGroup: Fixture = {
  token: LOG_GROUP,
  secret: "tags",
  outputs: ["arn", "region", "tagsAll"],
  inputs: (lab) => Promise.resolve({ name: `/moonback/group-${String(lab.next())}`, retentionInDays: 1, tags: TAGS }),
  changes: {
    name: { to: "/moonback/another", expect: "replace" },
    retentionInDays: { to: 3, expect: "update" },
    region: otherRegion,
    tags: otherTags,
  },
  behindTheBack: {
    retentionInDays: (lab, { id }) => lab.aws.logs.deleteRetentionPolicy({ logGroupName: id }),
    tags: (lab, { state }) => lab.aws.logs.tagResource({ resourceArn: String(state["arn"]), tags: { Name: "someone-else" } }),
  },
  async observe(lab, id) {
    const { logGroups: [live] = [] } = await lab.aws.logs.describeLogGroups({ logGroupNamePrefix: id });
    const { tags } = await lab.aws.logs.listTagsForResource({ resourceArn: live?.arn?.replace(":*", "") });
    return { retentionInDays: live?.retentionInDays, tags };
  },
};

const role: Fixture = {
  token: ROLE,
  secret: "tags",
  outputs: ["arn", "createDate", "uniqueId", "tagsAll"],
  inputs: (lab) => Promise.resolve({
    name: `role-${String(lab.next())}`, assumeRolePolicy: JSON.stringify(trust("ec2.amazonaws.com"), null, 2), tags: TAGS,
  }),
  changes: {
    name: { to: "another", expect: "replace" },
    path: { to: "/another/", expect: "replace" },
    assumeRolePolicy: { to: JSON.stringify(trust("vpc-flow-logs.amazonaws.com")), expect: "update", observed: trust("vpc-flow-logs.amazonaws.com") },
    description: { to: "another", expect: "update" },
    maxSessionDuration: { to: 7200, expect: "update" },
    tags: otherTags,
  },
  behindTheBack: {
    assumeRolePolicy: (lab, { id }) =>
      lab.aws.iam.updateAssumeRolePolicy({ RoleName: id, PolicyDocument: JSON.stringify(trust("lambda.amazonaws.com")) }),
    description: (lab, { id }) => lab.aws.iam.updateRole({ RoleName: id, Description: "someone-else" }),
    maxSessionDuration: (lab, { id }) => lab.aws.iam.updateRole({ RoleName: id, MaxSessionDuration: 43_200 }),
    tags: (lab, { id }) => lab.aws.iam.tagRole({ RoleName: id, Tags: [{ Key: "Name", Value: "someone-else" }] }),
  },
  async observe(lab, id) {
    const { Role } = await lab.aws.iam.getRole({ RoleName: id });
    return {
      assumeRolePolicy: JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? "")) as unknown,
      description: Role?.Description ?? "",
      maxSessionDuration: Role?.MaxSessionDuration,
      tags: Object.fromEntries((Role?.Tags ?? []).map((tag) => [tag.Key, tag.Value])),
    };
  },
};

const rolePolicy: Fixture = {
  token: "aws:iam/rolePolicy:RolePolicy",
  secret: "policy",
  outputs: [],
  inputs: async (lab) => ({ role: (await lab.make(ROLE)).id, name: "logs", policy: JSON.stringify(allow("logs:PutLogEvents")) }),
  changes: {
    role: { to: "another", expect: "replace" },
    name: { to: "another", expect: "replace" },
    policy: { to: JSON.stringify(allow("logs:CreateLogStream")), expect: "update", observed: allow("logs:CreateLogStream") },
  },
  behindTheBack: {
    policy: (lab, { inputs }) =>
      lab.aws.iam.putRolePolicy({ RoleName: String(inputs["role"]), PolicyName: "logs", PolicyDocument: JSON.stringify(allow("*")) }),
  },
  async observe(lab, id) {
    const { PolicyDocument } = await lab.aws.iam.getRolePolicy({ RoleName: id.split(":")[0], PolicyName: "logs" });
    return { policy: JSON.parse(decodeURIComponent(PolicyDocument ?? "")) as unknown };
  },
};

const flowLog: Fixture = {
  token: "aws:ec2/flowLog:FlowLog",
  secret: "tags",
  outputs: ["arn", "logFormat", "region", "tagsAll"],
  inputs: async (lab) => ({
    vpcId: (await lab.make(VPC)).id,
    trafficType: "ALL",
    logDestination: (await lab.make(LOG_GROUP)).state["arn"],
    iamRoleArn: (await lab.make(ROLE)).state["arn"],
    tags: TAGS,
  }),
  changes: {
    vpcId: { to: "vpc-0other", expect: "replace" },
    trafficType: { to: "REJECT", expect: "replace" },
    logDestination: { to: "arn:aws:logs:eu-west-1:123456789012:log-group:another", expect: "replace" },
    logDestinationType: { to: "s3", expect: "replace" },
    iamRoleArn: { to: "arn:aws:iam::123456789012:role/another", expect: "replace" },
    maxAggregationInterval: { to: 60, expect: "replace" },
    region: otherRegion,
    tags: otherTags,
  },
  behindTheBack: { tags: retagEc2 },
  observe: async (lab, id) => ({ tags: await ec2Tags(lab, id) }),
};

export const serviceFixtures: readonly Fixture[] = [logGroup, role, rolePolicy, flowLog];
