// The yardstick: the same stage programs through the same preview and update on the bare Automation API,
// with no gates, no ledger and no preflight. Started by bench/run.ts with the environment of a trial.
import { AutoScalingClient, UpdateAutoScalingGroupCommand } from "@aws-sdk/client-auto-scaling";
import { LocalWorkspace } from "@pulumi/pulumi/automation/index.js";
import { loadEnvironment } from "../stacks/config.ts";
import { project } from "../stacks/project.ts";
import { stackName, stages } from "../stacks/registry.ts";
import { stageProgram } from "../stacks/suppliers.ts";

const [directory = "", name = ""] = process.argv.slice(2);
const environment = loadEnvironment(directory, name);
for (const stage of stages) {
  const stack = await LocalWorkspace.createOrSelectStack(
    { stackName: stackName(name, stage.name), projectName: project, program: stageProgram(stage, environment) },
    { workDir: directory },
  );
  const { changeSummary } = await stack.preview({ refresh: true });
  const unchanged = Object.entries(changeSummary).every(([op, count]) => op === "same" || count === 0);
  if (!unchanged) await stack.up({ refresh: true });
  // A machine has to run before a later stage can put anything on it; the machine room is there from an earlier round.
  for (const AutoScalingGroupName of stage.groups?.(environment) ?? []) {
    await new AutoScalingClient({}).send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName, MinSize: 0, MaxSize: 1, DesiredCapacity: 1 }));
  }
}
