import * as pulumi from "@pulumi/pulumi";
import { UserError } from "../common/errors.ts";
import type { Environment } from "./config.ts";
import { project } from "./project.ts";
import { stackName, stages } from "./registry.ts";
import type { Outputs, StageName, StageOutputs } from "./outputs.ts";
import type { Stage } from "./stage.ts";

/** Gives a stage the outputs of the ones it needs. */
type Supplier = (stage: Stage) => Outputs;

/** A real run: outputs come from the deployed stack; what is secret there stays secret here. */
function fromDeployedStacks(environment: Environment): Supplier {
  // A reference is a resource: asked for twice, it would be declared twice under one name.
  const references = new Map<string, pulumi.StackReference>();
  return ({ name, outputs }) => {
    const reference = references.get(name) ?? new pulumi.StackReference(`${pulumi.getOrganization()}/${project}/${stackName(environment.name, name)}`);
    references.set(name, reference);
    return Object.fromEntries(outputs.map((output) => [output, reference.requireOutput(output)]));
  };
}

/** Runs one stage on what `supply` gives it. */
async function runStage(stage: Stage, all: readonly Stage[], environment: Environment, supply: Supplier): Promise<Outputs> {
  const program = await stage.load();
  return inSentences(() => program({
    environment,
    upstream: <Name extends StageName>(name: Name) => {
      const found = new Map<string, Stage>(all.map((candidate) => [candidate.name, candidate])).get(name);
      if (found === undefined || !stage.needs.includes(name)) {
        throw new Error(`stage ${stage.name} reads ${name}, which its entry in stacks/registry.ts does not need`);
      }
      // A supplier hands on by name what the stage returned under that name, so the type is the stage's own.
      return supply(found) as unknown as StageOutputs[Name];
    },
  }));
}

/** What a person can act on reaches the engine as a sentence: anything else it would show with its stack. */
function inSentences<Result>(program: () => Result): Result {
  try {
    return program();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new pulumi.RunError([error.message, error.fix].filter(Boolean).join(" "));
  }
}

/** The program of one stage stack, fed by the stacks deployed before it. */
export function stageProgram(stage: Stage, environment: Environment, all: readonly Stage[] = stages): pulumi.automation.PulumiFn {
  return () => runStage(stage, all, environment, fromDeployedStacks(environment));
}

/**
 * All stages in one program, each fed by the outputs of the others in this same process: for plans of what is not deployed.
 * It refuses to create anything, since the stage stacks own the real resources.
 */
export function composedProgram(environment: Environment, all: readonly Stage[] = stages): pulumi.automation.PulumiFn {
  return async () => {
    if (!pulumi.runtime.isDryRun()) {
      throw new pulumi.RunError(`The stack ${environment.name} is a plan of all stages and is never deployed. Run \`npm run up -- ${environment.name}\`.`);
    }
    const done = new Map<string, Outputs>();
    for (const stage of all) {
      const outputs = await runStage(stage, all, environment, ({ name }) => {
        const earlier = done.get(name);
        if (earlier === undefined) throw new Error(`stage ${stage.name} needs ${name}, which comes later in stacks/registry.ts`);
        return earlier;
      });
      done.set(stage.name, outputs);
    }
    return Object.fromEntries([...done].map(([name, outputs]) => [name, outputs]));
  };
}
