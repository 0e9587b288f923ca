import type { AutoScaling } from "@aws-sdk/client-auto-scaling";
import type { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import type { EC2 } from "@aws-sdk/client-ec2";
import type { IAM } from "@aws-sdk/client-iam";
import type { SSM } from "@aws-sdk/client-ssm";
import type { STS } from "@aws-sdk/client-sts";
import { UserError } from "../../../common/errors.ts";

/** The AWS clients of one region. Each is imported on its first call: loading one takes longer than most calls. */
export interface Aws {
  readonly region: string;
  readonly autoscaling: AutoScaling;
  readonly ec2: EC2;
  readonly iam: IAM;
  readonly logs: CloudWatchLogs;
  readonly ssm: SSM;
  readonly sts: STS;
}

/** Where calls go: always the environment, never the program, whose arguments would stay in state. */
export interface Access {
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };
}

/** Told of every call, `ec2:CreateVpc`; tests compare it with the types' lists. */
export type OnCall = (call: string) => void;

export function awsClients(region: string, access: Access, onCall: OnCall = () => undefined): Aws {
  const config = { region, ...access };
  return {
    region,
    autoscaling: lazy("autoscaling", access.endpoint, onCall, async () => new (await import("@aws-sdk/client-auto-scaling")).AutoScaling(config)),
    ec2: lazy("ec2", access.endpoint, onCall, async () => new (await import("@aws-sdk/client-ec2")).EC2(config)),
    iam: lazy("iam", access.endpoint, onCall, async () => new (await import("@aws-sdk/client-iam")).IAM(config)),
    logs: lazy("logs", access.endpoint, onCall, async () => new (await import("@aws-sdk/client-cloudwatch-logs")).CloudWatchLogs(config)),
    ssm: lazy("ssm", access.endpoint, onCall, async () => new (await import("@aws-sdk/client-ssm")).SSM(config)),
    sts: lazy("sts", access.endpoint, onCall, async () => new (await import("@aws-sdk/client-sts")).STS(config)),
  };
}

/**
 * Endpoint and credentials from the environment.
 * @throws UserError unless the endpoint is on loopback: the stand-in must never reach an account that costs money
 */
export function accessFromEnvironment(env: NodeJS.ProcessEnv): Access {
  const endpoint = env["AWS_ENDPOINT_URL"];
  if (endpoint === undefined || !isLoopback(endpoint)) {
    throw new UserError(
      `the stand-in aws provider speaks only to an emulator on loopback, but AWS_ENDPOINT_URL is ${endpoint === undefined ? "not set" : `'${endpoint}'`}`,
    );
  }
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = env;
  if (!accessKeyId || !secretAccessKey) throw new UserError("the stand-in aws provider needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  return { endpoint, credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } };
}

function isLoopback(url: string): boolean {
  const host = URL.canParse(url) ? new URL(url).hostname : "";
  return host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** An error that AWS answered, with the call that it answered. */
export class AwsError extends Error {
  override readonly name = "AwsError";
  readonly code: string;
  /** What AWS said, and to which call. */
  readonly answer: string;
  readonly call: string;

  constructor(code: string, answer: string, call: string, cause?: unknown) {
    super(`AWS ${code}: ${answer} (${call})`, { cause });
    this.code = code;
    this.answer = answer;
    this.call = call;
  }
}

/** Whether AWS says that the object does not exist: each service has its own words for it. */
export function isGone(error: unknown): boolean {
  if (!(error instanceof AwsError)) return false;
  // Auto Scaling has one code for everything that is wrong.
  return /NotFound|NoSuchEntity|ResourceNotFoundException/.test(error.code) || (error.code === "ValidationError" && /not found/i.test(error.message));
}

/** Runs a call on an object that may be gone. */
export async function unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

type AnyClient = Record<string, (input: unknown) => Promise<unknown>>;

/** A client that is made on its first call, and whose errors name the call. */
function lazy<T extends object>(service: string, endpoint: string, onCall: OnCall, make: () => Promise<T>): T {
  let client: Promise<AnyClient> | undefined;
  const method = (name: string) => async (input: unknown) => {
    const call = name.charAt(0).toUpperCase() + name.slice(1);
    onCall(`${service}:${call}`);
    client ??= make() as unknown as Promise<AnyClient>;
    const send = (await client)[name];
    if (!send) throw new Error(`the ${service} client has no call '${name}'`);
    try {
      return await send.call(await client, input);
    } catch (error) {
      throw named(error, call, endpoint);
    }
  };
  return new Proxy({} as T, { get: (_target, name) => method(String(name)) });
}

function named(error: unknown, call: string, endpoint: string): AwsError {
  if (!(error instanceof Error)) return new AwsError("Unknown", String(error), call, error);
  // The SDK gives codes as names; a refused connection has a code and often no message.
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  return new AwsError(code, error.message || `no answer from ${endpoint}`, call, error);
}
