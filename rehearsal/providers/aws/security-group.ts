import type { SecurityGroup } from "@aws-sdk/client-ec2";
import { text } from "../kinds.ts";
import type { Failure } from "../resource-type.ts";
import { containsUnknown, type Properties } from "../values.ts";
import { type AwsChange, type AwsLive, awsType, ec2Arn, given, type Tags } from "./aws-type.ts";
import { type Aws, unlessGone } from "./clients.ts";
import { type InlineRule, reconcileRules, ruleProblem, rulesKind, rulesOf } from "./rules.ts";
import { EC2_TAG_CALLS, tagMap, tagSpecification, updateEc2Tags } from "./tags.ts";

interface Rules {
  readonly ingress: readonly InlineRule[];
  readonly egress: readonly InlineRule[];
}

interface SecurityGroupInputs extends Rules {
  readonly name: string;
  readonly description: string;
  readonly vpcId: string;
  readonly tags?: Tags;
}

const RULE_CALLS = [
  "ec2:DescribeSecurityGroups", "ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress",
  "ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress",
] as const;

const EXPLICIT = "the stand-in leaves no rules alone; give [] for none";

export const securityGroup = awsType<SecurityGroupInputs>(
  {
    token: "aws:ec2/securityGroup:SecurityGroup",
    calls: ["ec2:CreateSecurityGroup", "ec2:DeleteSecurityGroup", ...RULE_CALLS, ...EC2_TAG_CALLS],
    inputs: {
      name: { kind: text, required: "the stand-in invents no names", replaces: true },
      description: { kind: text, default: "Managed by Pulumi", replaces: true },
      vpcId: { kind: text, required: "the stand-in uses no default VPC", replaces: true },
      ingress: { kind: rulesKind, required: EXPLICIT },
      egress: { kind: rulesKind, required: EXPLICIT },
    },
    outputs: ["arn", "ownerId"],
    autoNamed: "name",
    check: checkRules,

    async create(aws, inputs, record) {
      const { GroupId } = await aws.ec2.createSecurityGroup({
        GroupName: inputs.name,
        Description: inputs.description,
        VpcId: inputs.vpcId,
        ...tagSpecification("security-group", inputs.tags),
      });
      const id = given(GroupId, "a security group id");
      record(id);
      // AWS gives a new group an egress rule that allows everything; the wanted rules replace it.
      await setRules(aws, given(await describe(aws, id), `security group ${id}`), inputs);
    },

    async read(aws, id) {
      const live = await describe(aws, id);
      return live && liveGroup(aws, live, { name: live.GroupName, description: live.Description });
    },

    update,
    async delete(aws, id) {
      await unlessGone(aws.ec2.deleteSecurityGroup({ GroupId: id }));
    },
  },
  { taggable: true },
);

interface DefaultSecurityGroupInputs extends Rules {
  readonly vpcId: string;
  readonly tags?: Tags;
}

/** Adopts the group that AWS makes with every VPC. It cannot be deleted, so destroying it only forgets it. */
export const defaultSecurityGroup = awsType<DefaultSecurityGroupInputs>(
  {
    token: "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    calls: [...RULE_CALLS, ...EC2_TAG_CALLS],
    inputs: {
      vpcId: { kind: text, required: "the stand-in uses no default VPC", replaces: true },
      // Rules that are not listed are removed: that is what this resource is for.
      ingress: { kind: rulesKind, default: [] },
      egress: { kind: rulesKind, default: [] },
    },
    outputs: ["arn", "description", "name", "ownerId"],
    check: checkRules,

    async create(aws, inputs, record) {
      const live = given(await defaultGroupOf(aws, inputs.vpcId), `a default security group in ${inputs.vpcId}`);
      const id = given(live.GroupId, "a security group id");
      record(id);
      await setRules(aws, live, inputs);
      await updateEc2Tags(aws, id, tagMap(live.Tags), inputs.tags);
    },

    async read(aws, id) {
      const live = await describe(aws, id);
      if (!live) return undefined;
      const { outputs, ...rest } = liveGroup<DefaultSecurityGroupInputs>(aws, live, {});
      return { ...rest, outputs: { ...outputs, description: live.Description, name: live.GroupName } };
    },

    update,
    delete: () => Promise.resolve(),
  },
  { taggable: true },
);

async function describe(aws: Aws, id: string): Promise<SecurityGroup | undefined> {
  const found = await unlessGone(aws.ec2.describeSecurityGroups({ GroupIds: [id] }));
  return found?.SecurityGroups?.[0];
}

async function defaultGroupOf(aws: Aws, vpcId: string): Promise<SecurityGroup | undefined> {
  const { SecurityGroups } = await aws.ec2.describeSecurityGroups({
    Filters: [{ Name: "vpc-id", Values: [vpcId] }, { Name: "group-name", Values: ["default"] }],
  });
  return SecurityGroups?.[0];
}

function liveGroup<I extends Rules>(aws: Aws, live: SecurityGroup, more: Properties): AwsLive<I> {
  const id = given(live.GroupId, "a security group id");
  const inputs = { vpcId: live.VpcId, ingress: rulesOf(live, "ingress"), egress: rulesOf(live, "egress"), tags: tagMap(live.Tags), ...more };
  return {
    id,
    // A type of its own adds the rest.
    inputs: inputs as unknown as AwsLive<I>["inputs"],
    outputs: { arn: ec2Arn(aws, live.OwnerId, `security-group/${id}`), ownerId: live.OwnerId },
  };
}

async function setRules(aws: Aws, live: SecurityGroup, rules: Rules): Promise<void> {
  await reconcileRules(aws, live, "ingress", rules.ingress);
  await reconcileRules(aws, live, "egress", rules.egress);
}

async function update<I extends Rules & { readonly tags?: Tags }>(aws: Aws, id: string, change: AwsChange<I>): Promise<void> {
  const { changed, inputs, state } = change;
  if (changed.has("ingress") || changed.has("egress")) {
    const live = given(await describe(aws, id), `security group ${id}`);
    if (changed.has("ingress")) await reconcileRules(aws, live, "ingress", inputs.ingress);
    if (changed.has("egress")) await reconcileRules(aws, live, "egress", inputs.egress);
  }
  if (changed.has("tags")) await updateEc2Tags(aws, id, state["tags"], inputs.tags);
}

function checkRules(inputs: Properties): Failure[] {
  return (["ingress", "egress"] as const).flatMap((direction) => {
    const rules = inputs[direction];
    if (!Array.isArray(rules)) return [];
    return (rules as Partial<InlineRule>[]).flatMap((rule, index) => {
      const problem = containsUnknown(rule) ? undefined : ruleProblem(rule);
      return problem === undefined ? [] : [{ property: direction, reason: `${direction} rule ${index} ${problem}` }];
    });
  });
}
