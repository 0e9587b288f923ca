// The entry for the Pulumi CLI: the selected stack's name decides which program runs.
// `npm run up` does not come through here; it runs the same programs inline.
import * as pulumi from "@pulumi/pulumi";
import { UserError } from "./common/errors.ts";
import { loadEnvironment } from "./stacks/config.ts";
import { stackName, stages } from "./stacks/registry.ts";
import { composedProgram, stageProgram } from "./stacks/suppliers.ts";

/** `<env>-<stage>` is that stage; `<env>` alone is the plan of all of them. */
function program(stack: string): pulumi.automation.PulumiFn {
  const [name = "", ...rest] = stack.split("-");
  const stageName = rest.length > 0 ? rest.join("-") : undefined;
  const environment = loadEnvironment(process.env["MOONBACK_DIR"] ?? import.meta.dirname, name);
  if (stageName === undefined) return composedProgram(environment);
  const stage = stages.find((candidate) => candidate.name === stageName);
  if (stage === undefined) {
    const known = stages.map((candidate) => stackName(name, candidate.name)).join(", ");
    throw new UserError(`There is no stack "${stack}".`, { fix: `Stacks of ${name}: ${known}.` });
  }
  return stageProgram(stage, environment);
}

export default async (): Promise<unknown> => {
  try {
    return await program(pulumi.getStack())();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new pulumi.RunError([error.message, error.fix].filter(Boolean).join("\n"));
  }
};
