import { join } from "node:path";
import type { MachinesPlan } from "./plan.ts";

/**
 * What a process of a machine is told of the world: AWS, with the role of the instance's profile if it has one, and nothing
 * of the environment of whoever runs the rehearsal.
 */
export function guestVariables({ endpoint, region, credentials }: MachinesPlan, folder: string, hasProfile: boolean): NodeJS.ProcessEnv {
  return {
    PATH: `${join(folder, "root/usr/bin")}:/usr/local/bin:/usr/bin:/bin`,
    LANG: "C.UTF-8",
    TMPDIR: join(folder, "tmp"),
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    ...(hasProfile ? { AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey } : {}),
    // What comes late on AWS is there at once here, or never.
    FETCH_SECRETS_TRIES: "5",
    FETCH_SECRETS_PAUSE_SECONDS: "0.2",
  };
}
