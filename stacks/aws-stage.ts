import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { tagging } from "../components/tagging.ts";
import type { Environment } from "./config.ts";
import { project } from "./project.ts";

export type AwsStageOptions = pulumi.ComponentResourceOptions & { readonly providers: { readonly aws: aws.Provider } };

/**
 * The options of a stage's component: its explicit AWS provider, and the tags for everything below it.
 * Endpoint and credentials come from the process environment: arguments would persist in the state.
 */
export function awsStage(stage: string, environment: Environment): AwsStageOptions {
  const provider = new aws.Provider(`aws-${stage}`, {
    region: environment.region as aws.Region,
    // The second lock on the wrong account; the first is preflight's.
    ...(environment.awsAccountId === undefined ? {} : { allowedAccountIds: [environment.awsAccountId] }),
  });
  return { providers: { aws: provider }, transformations: [tagging({ project, environment: environment.name, stage })] };
}
