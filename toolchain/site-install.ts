/**
 * Installs the Pulumi CLI that fits the SDK into the folder given as argument, through the Automation API.
 * A process of its own: the Automation API's installation can be neither interrupted nor bounded from inside.
 */
import { errorMessage } from "../common/errors.ts";

const site = "https://get.pulumi.com/install.sh";
const answerWithinMs = 8_000;

const [root] = process.argv.slice(2);
if (root === undefined) throw new Error("usage: site-install.ts FOLDER");

try {
  // Asked first, because the SDK itself waits two minutes, and loading it costs a second.
  const answer = await fetch(site, { method: "HEAD", signal: AbortSignal.timeout(answerWithinMs) });
  if (!answer.ok) throw new Error(`${site} answered ${answer.status}`);
  const { PulumiCommand } = await import("@pulumi/pulumi/automation/index.js");
  // Without a version it takes the SDK's own, which a test holds equal to the pinned one.
  await PulumiCommand.install({ root });
} catch (error) {
  const cause = error instanceof Error && error.cause !== undefined ? ` (${errorMessage(error.cause)})` : "";
  console.error(`${errorMessage(error)}${cause}`);
  process.exitCode = 1;
}
