import type { Source, Via, WorldSources } from "../gates/gate.ts";

/** Variables by which the AWS SDKs send calls elsewhere, for the services that are asked here. */
export const awsEndpointVariables = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "AWS_ENDPOINT_URL_AUTO_SCALING", "AWS_ENDPOINT_URL_SSM"];

/** What the AWS SDK needs to know; left out, its own default chain finds it. */
export interface AwsAccess {
  readonly region: string;
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Who answers, and how to make sure of it before anything is asked. */
export interface Answered {
  readonly via: Via;
  readonly by: string;
  /** Throws when it is not the one it should be. */
  readonly confirm?: () => Promise<void>;
}

/** What is asked of AWS itself. */
export type AwsSources = Omit<WorldSources, "bastion">;

/** AWS clients as sources: each SDK package is loaded when first asked, since together they take a second. */
export function awsSources(access: AwsAccess, { via, by, confirm }: Answered): AwsSources {
  // The SDK waits for ever by default; a check or a Ctrl-C must not.
  const requestHandler = { connectionTimeout: 5_000, requestTimeout: 20_000, throwOnRequestTimeout: true };
  const config = { ...access, maxAttempts: 3, requestHandler };
  const source = <Client>(make: () => Promise<Client>): Source<Client> => {
    let made: Promise<Client> | undefined;
    const client = async (): Promise<Client> => {
      await confirm?.();
      return (made ??= make());
    };
    return { via, by, client };
  };
  return {
    autoscaling: source(async () => new (await import("@aws-sdk/client-auto-scaling")).AutoScalingClient(config)),
    ec2: source(async () => new (await import("@aws-sdk/client-ec2")).EC2Client(config)),
    iam: source(async () => new (await import("@aws-sdk/client-iam")).IAMClient(config)),
    logs: source(async () => new (await import("@aws-sdk/client-cloudwatch-logs")).CloudWatchLogsClient(config)),
    ssm: source(async () => new (await import("@aws-sdk/client-ssm")).SSMClient(config)),
    sts: source(async () => new (await import("@aws-sdk/client-sts")).STSClient(config)),
  };
}
