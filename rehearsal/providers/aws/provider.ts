import { UserError } from "../../../common/errors.ts";
import { refuseArguments } from "../arguments.ts";
import type { Provider } from "../resource-type.ts";
import { containsUnknown, type Properties } from "../values.ts";
import { type Access, accessFromEnvironment, type Aws, awsClients, type OnCall } from "./clients.ts";
import { awsFunctions, awsTypes } from "./types.ts";

/** Checks that the official provider makes and the stand-in does not need, since it never leaves loopback. */
const SKIPS = ["skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId"];
const SUPPORTED = ["region", "allowedAccountIds", ...SKIPS];
const HINT = "Endpoint and credentials come from AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";

/**
 * The stand-in for the official `aws` provider.
 * @param env endpoint, credentials and the default region
 */
export function awsProvider(env: NodeJS.ProcessEnv = process.env, onCall?: OnCall): Provider<Aws> {
  const clients = new Map<string, Aws>();
  let access: Access | undefined;
  let region: string | undefined;

  const inRegion = (name: string): Aws => {
    if (!access) throw new Error("the provider was called before it was configured");
    const known = clients.get(name) ?? awsClients(name, access, onCall);
    clients.set(name, known);
    return known;
  };

  return {
    name: "aws",
    // The version whose names and semantics the types speak: that of the @pulumi/aws package.
    version: "7.48.0",
    typesFile: "rehearsal/providers/aws/types.ts",
    types: awsTypes,
    functions: awsFunctions,
    configReplaces: ["region"],

    checkConfig(args) {
      const failures = refuseArguments("aws", args, SUPPORTED, HINT);
      if (args["region"] === undefined && regionOf(args, env) === undefined) {
        failures.push({ property: "region", reason: "set the provider's region, or AWS_REGION" });
      }
      return failures;
    },

    async configure(args) {
      access = accessFromEnvironment(env);
      region = regionOf(args, env);
      if (region === undefined) throw new UserError("the stand-in aws provider has no region: set the provider's region, or AWS_REGION");
      const allowed = parsed(args["allowedAccountIds"]);
      if (!Array.isArray(allowed) || allowed.length === 0) return;
      const { Account } = await inRegion(region).sts.getCallerIdentity({});
      if (!allowed.includes(Account)) {
        throw new UserError(`the credentials belong to account ${Account ?? "?"}, but the program allows only ${allowed.join(", ")} (allowedAccountIds)`);
      }
    },

    cloud(values) {
      const own = values["region"];
      return inRegion(typeof own === "string" && !containsUnknown(own) ? own : (region ?? ""));
    },
  };
}

function regionOf(args: Properties, env: NodeJS.ProcessEnv): string | undefined {
  const own = args["region"];
  return typeof own === "string" && own !== "" ? own : (env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"]);
}

/** The SDK sends everything that is not a string as JSON text. */
function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}
