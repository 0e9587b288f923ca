import { errorMessage } from "../common/errors.ts";
import type { Environment } from "../stacks/config.ts";
import { awsEndpointVariables, awsSources } from "./aws-sources.ts";
import { bastionSource, sshAddressItself } from "./bastion-source.ts";
import type { BastionAccessor, World } from "./world.ts";

/** The real thing: an AWS account, reached with the operator's own credentials. */
export function awsWorld(environment: Environment, access: BastionAccessor): World {
  const { region } = environment;
  const aws = awsSources({ region }, { via: "real", by: `AWS ${region}` });
  const { source: bastion, close } = bastionSource({ access, sshAddress: sshAddressItself, via: "real", by: "the bastion" });
  const sources = { ...aws, bastion };
  return {
    description: `AWS ${region}`,
    standIns: [],
    costsMoney: true,
    sources,
    nodes: { via: "real", by: "the nodes, through the bastion" },
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
    prepareMachines: () => Promise.resolve(),
    passTime: () => Promise.reject(new Error("only a rehearsal's clock can be told the time")),
    clock: "real",
    // EC2 is eventually consistent; its guide to API requests speaks of seconds.
    settleMs: 15_000,
    sshAddress: sshAddressItself,
    handTools: () => Promise.resolve([]),
    stop: () => Promise.resolve(),
    close,
  };
}
