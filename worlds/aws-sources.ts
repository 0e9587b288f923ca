import type { Sources, Via } from "../gates/gate.ts";

/** Variables by which the AWS SDKs send calls elsewhere, for the services that are asked here. */
export const awsEndpointVariables = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"];

/** What the AWS SDK needs to know; left out, its own default chain finds it. */
export interface AwsAccess {
  readonly region: string;
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** AWS clients as sources: each SDK package is loaded when first asked, since together they take a second. */
export function awsSources(access: AwsAccess, answered: { readonly via: Via; readonly by: string }): Sources {
  const config = { ...access, maxAttempts: 3 };
  return {
    ec2: { ...answered, client: once(async () => new (await import("@aws-sdk/client-ec2")).EC2Client(config)) },
    iam: { ...answered, client: once(async () => new (await import("@aws-sdk/client-iam")).IAMClient(config)) },
    logs: { ...answered, client: once(async () => new (await import("@aws-sdk/client-cloudwatch-logs")).CloudWatchLogsClient(config)) },
    sts: { ...answered, client: once(async () => new (await import("@aws-sdk/client-sts")).STSClient(config)) },
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
