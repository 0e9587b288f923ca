import type { Environment } from "../stacks/config.ts";
import { awsSources } from "./aws-sources.ts";
import type { World } from "./world.ts";

/** The real thing: an AWS account, reached with the operator's own credentials. */
export function awsWorld(environment: Environment): World {
  const { region } = environment;
  return {
    description: `AWS ${region}`,
    costsMoney: true,
    sources: awsSources({ region }, { via: "real", by: `AWS ${region}` }),
    programFolders: [],
    variables: { AWS_REGION: region },
    state: () => Promise.resolve("running"),
    start: () => Promise.resolve("running"),
    stop: () => Promise.resolve(),
  };
}
