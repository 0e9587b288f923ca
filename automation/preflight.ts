import { ExitCode, UserError, errorMessage } from "../common/errors.ts";
import { ConfigError } from "../stacks/config-problems.ts";
import { missingForUp, settingsFile } from "../stacks/config.ts";
import { causeOfError } from "./failures.ts";
import type { Session } from "./session.ts";
import { timeOf } from "./window.ts";

const credentialsFix = "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (with AWS_SESSION_TOKEN for a session), or run `aws sso login`.";

/** Refuses what is not complete enough to be built, settings and credentials in one list, before anything is touched. */
export async function refuseIncomplete({ environment, world }: Session): Promise<void> {
  const missing = [...missingForUp(environment)];
  const problem = await world.missing();
  if (problem !== undefined) missing.push({ key: "(this machine)", problem, allowed: `what ${world.description} needs`, fix: world.costsMoney ? credentialsFix : "use such a machine" });
  if (missing.length > 0) throw new ConfigError(settingsFile(environment.name), missing);
}

/** Asks AWS whose credentials these are, before any other call: the wrong account is refused, not tried. */
export async function confirmAccount({ environment, world, console, signal }: Session): Promise<void> {
  const { client, by } = world.sources.sts;
  const { GetCallerIdentityCommand } = await import("@aws-sdk/client-sts");
  let account: string | undefined;
  try {
    const sts = await client();
    ({ Account: account } = await console.during(`credentials for ${by}`, () => sts.send(new GetCallerIdentityCommand({}), { abortSignal: signal })));
  } catch (error) {
    signal.throwIfAborted();
    const known = causeOfError(error);
    throw new UserError(known === undefined ? `There are no usable AWS credentials for ${by}: ${errorMessage(error)}` : `${known.means} Asked whose they are, ${by} says: ${errorMessage(error)}`, {
      exitCode: known === undefined ? ExitCode.usage : (known.exitCode ?? ExitCode.failed),
      fix: known?.fix ?? credentialsFix,
      cause: error,
    });
  }
  if (environment.awsAccountId !== undefined && account !== environment.awsAccountId) {
    throw new UserError(`These credentials belong to account ${account ?? "?"}, but ${settingsFile(environment.name)} allows only ${environment.awsAccountId}.`, {
      exitCode: ExitCode.usage,
      fix: "Use that account's credentials, or change awsAccountId if you mean the other one.",
    });
  }
  console.say("good", `account ${account ?? "?"} at ${by}`);
}

/** Starts the world and says how it was found: what died took everything in it along. */
export async function startWorld({ world, console, signal: interrupt }: Session, signal = interrupt): Promise<void> {
  const found = await console.during(world.description, () => world.start({ progress: (line) => console.say("wait", line), signal }));
  if (found === "died") console.say("warn", `the local world had died and was started anew, empty: what was built in it is gone and will be built again`);
  console.say("good", `${found === "running" ? "using" : "started"} ${world.description}`);
  const now = world.clock === "rehearsed" ? timeOf(world) : undefined;
  if (now !== undefined) await world.passTime(now, { progress: (line) => console.say("change", line), signal });
  if (world.standIns.length > 0) console.say("wait", `stand-ins here, the rest is real: ${world.standIns.join(", ")}`);
}
