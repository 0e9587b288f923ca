import { errorMessage } from "../common/errors.ts";
import type { Environment } from "../stacks/config.ts";
import { awsEndpointVariables, awsSources } from "./aws-sources.ts";
import type { World } from "./world.ts";

/** The real thing: an AWS account, reached with the operator's own credentials. */
export function awsWorld(environment: Environment): World {
  const { region } = environment;
  const sources = awsSources({ region }, { via: "real", by: `AWS ${region}` });
  return {
    description: `AWS ${region}`,
    standIns: [],
    costsMoney: true,
    sources,
    programFolders: [],
    // Nothing may answer in AWS's place here: what says "real" must be real.
    variables: { ...Object.fromEntries(awsEndpointVariables.map((name) => [name, undefined])), 
      // Profiles can name endpoints too.
      AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true",
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
    },
    missing: async () => {
      try {
        await (await sources.sts.client()).config.credentials();
        return undefined;
      } catch (error) {
        return `no AWS credentials were found: ${errorMessage(error)}`;
      }
    },
    stranger: () => Promise.resolve(undefined),
    state: () => Promise.resolve("running"),
    start: () => Promise.resolve("running"),
    stop: () => Promise.resolve(),
  };
}
