import { startEmulator as start } from "../emulator/start.ts";

export interface Emulator {
  readonly endpoint: string;
  /** What a process needs to reach it, and nothing that reaches anything else. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<unknown>;
}

export const REGION = "eu-west-1";
export const ACCOUNT = "123456789012";

/** An AWS emulator of the test's own, and the variables that lead to it. */
export async function startEmulator(): Promise<Emulator> {
  const { endpoint, ...emulator } = await start();
  const env = {
    AWS_ENDPOINT_URL: endpoint, AWS_REGION: REGION, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test",
    // No file of the developer's may have a say.
    AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null", AWS_EC2_METADATA_DISABLED: "true",
  };
  return { endpoint, env, stop: () => emulator.stop() };
}
