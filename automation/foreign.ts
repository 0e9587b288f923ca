import { ExitCode, UserError } from "../common/errors.ts";
import { isOurs } from "../gates/ours.ts";
import type { Claim, Stage } from "../stacks/stage.ts";
import { findGroups } from "./groups.ts";
import type { Session } from "./session.ts";

/** Something that has a name of ours and none of our tags: somebody else made it. */
export interface Foreign {
  readonly stage: Stage;
  readonly claim: Claim;
  /** The id that it is imported by. */
  readonly id: string;
  /** What it is, in words. */
  readonly description: string;
}

interface Named {
  readonly id: string;
  readonly description: string;
  readonly ours: boolean;
}

/** How to find what has a name, by the type of what a stage declares under it. */
const lookups: Readonly<Record<Claim["type"], (name: string, session: Session) => Promise<readonly Named[]>>> = {
  "aws:ec2/vpc:Vpc": async (name, { environment, world, signal }) => {
    const { DescribeVpcsCommand } = await import("@aws-sdk/client-ec2");
    const ec2 = await world.sources.ec2.client();
    const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: "tag:Name", Values: [name] }] }), { abortSignal: signal });
    return Vpcs.map(({ VpcId = "?", CidrBlock = "?", Tags }) => ({ id: VpcId, description: `VPC ${VpcId} (${CidrBlock}) named ${name}`, ours: isOurs(environment, Tags) }));
  },
  "aws:autoscaling/group:Group": async (name, session) =>
    (await findGroups([name], session)).map(({ AutoScalingGroupName = name, Instances = [], Tags }) => ({
      id: AutoScalingGroupName,
      description: `Auto Scaling group ${AutoScalingGroupName} (${Instances.length === 1 ? "1 instance" : `${Instances.length} instances`})`,
      ours: isOurs(session.environment, Tags),
    })),
};

/** What stands under the names that these stages claim and is not ours. */
export async function findForeign(stages: readonly Stage[], session: Session): Promise<readonly Foreign[]> {
  const claims = stages.flatMap((stage) => (stage.claims?.(session.environment) ?? []).map((claim) => ({ stage, claim })));
  const found = await Promise.all(
    claims.map(async ({ stage, claim }) => (await lookups[claim.type](claim.name, session)).filter(({ ours }) => !ours).map(({ id, description }) => ({ stage, claim, id, description }))),
  );
  return found.flat();
}

/** Refuses, before anything is made, to go on beside or over what somebody else made under a name of ours. */
export async function refuseForeign(stages: readonly Stage[], session: Session): Promise<void> {
  const foreign = await findForeign(stages, session);
  if (foreign.length === 0) return;
  const { name } = session.environment;
  throw new UserError(`There is ${foreign.map(({ description }) => description).join(" and ")}, which is not ours: it carries none of our tags. It was not touched.`, {
    exitCode: ExitCode.usage,
    fix: `If it shall become ${name}'s, \`npm run adopt -- ${name}\`; else give it or this environment another name (moon-and-back:names in Pulumi.${name}.yaml).`,
  });
}
