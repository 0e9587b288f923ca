// Owns the record of who talked to whom in the VPC: log group, the role that writes it, and the flow log.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export interface FlowLogArgs {
  readonly vpc: { readonly id: pulumi.Input<string>; readonly ownerId: pulumi.Input<string> };
  /** Environment name: log group and role names are unique per account, so they carry it. */
  readonly environment: string;
  /** Days until CloudWatch Logs drops a record. Addresses are personal data, so keep it short. */
  readonly retentionDays: number;
}

export class FlowLog extends pulumi.ComponentResource {
  readonly logGroupName: pulumi.Output<string>;

  constructor(name: string, args: FlowLogArgs, opts?: pulumi.ComponentResourceOptions) {
    super("moonback:network:FlowLog", name, {}, opts);
    const parent = { parent: this };

    const logGroup = new aws.cloudwatch.LogGroup(
      `${name}-group`,
      { name: `/moonback/${args.environment}/flow-log`, retentionInDays: args.retentionDays },
      parent,
    );
    const role = new aws.iam.Role(
      `${name}-role`,
      {
        name: `moonback-${args.environment}-flow-log`,
        path: "/moonback/",
        description: "Lets VPC flow logs write to their log group",
        assumeRolePolicy: pulumi.output(args.vpc.ownerId).apply(trustPolicy),
      },
      parent,
    );
    const policy = new aws.iam.RolePolicy(
      `${name}-policy`,
      { name: "write-flow-log", role: role.name, policy: logGroup.arn.apply(writePolicy) },
      parent,
    );
    new aws.ec2.FlowLog(
      name,
      {
        vpcId: args.vpc.id,
        trafficType: "ALL",
        logDestinationType: "cloud-watch-logs",
        logDestination: logGroup.arn,
        iamRoleArn: role.arn,
        // The default is 600 s: too coarse to tell what happened in a five-hour window.
        maxAggregationInterval: 60,
      },
      // The role must be able to write before the log starts; no property carries that.
      { ...parent, dependsOn: [policy] },
    );

    this.logGroupName = logGroup.name;
    this.registerOutputs({ logGroupName: this.logGroupName });
  }
}

/** Only this account's flow logs may take the role: the confused-deputy guard of the VPC user guide. */
function trustPolicy(accountId: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "vpc-flow-logs.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: { StringEquals: { "aws:SourceAccount": accountId } },
      },
    ],
  });
}

function writePolicy(logGroupArn: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
        Resource: [logGroupArn, `${logGroupArn}:*`],
      },
    ],
  });
}
