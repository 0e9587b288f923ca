import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { stackName } from "../../stacks/registry.ts";
import { stagesThrough, Trial } from "../trial.ts";

/** Runs a script in a shell that has taken the environment's exports, as README says. */
async function inShell(trial: Trial, script: string) {
  const exports = await trial.must("env");
  const { exitCode, all } = await execa("sh", ["-c", `${exports.stdout}\ncd '${trial.directory}'\n${script}`], { all: true, reject: false, stdin: "ignore" });
  return { code: exitCode, output: all };
}

describe("the Pulumi CLI after eval of `env`", () => {
  let trial: Trial;
  before(async () => {
    trial = new Trial();
    trial.through = "cluster";
    await trial.must("up");
  });
  after(() => trial[Symbol.asyncDispose]());

  for (const { name } of stagesThrough("cluster")) {
    it(`previews the stack of stage ${name} and finds nothing to change`, async () => {
      const { code, output } = await inShell(trial, `pulumi preview --non-interactive --expect-no-changes -s ${stackName("trial", name)}`);
      expect(code, output).to.equal(0);
      expect(output).to.match(/\d+ unchanged/);
    });
  }

  it("plans all stages in the bare environment's stack, and refuses to deploy it", async () => {
    const kept = "cp Pulumi.trial.yaml kept.yaml; trap 'cp kept.yaml Pulumi.trial.yaml' EXIT";
    const planned = await inShell(trial, `${kept}; pulumi stack init trial --non-interactive && pulumi preview --non-interactive -s trial`);
    expect(planned.code, planned.output).to.equal(0);
    expect(planned.output).to.match(/\d+ to create/);
    const deployed = await inShell(trial, `${kept}; pulumi up --yes --non-interactive -s trial`);
    expect(deployed.code).to.not.equal(0);
    expect(deployed.output).to.include("is never deployed");
    expect(deployed.output).to.not.include("    at ");
  });

  it("gets a sentence for a stack that does not exist", async () => {
    const { code, output } = await inShell(trial, "pulumi stack init trial-nowhere --non-interactive && pulumi preview --non-interactive -s trial-nowhere");
    expect(code).to.not.equal(0);
    expect(output).to.include(`There is no stack "trial-nowhere"`).and.include("trial-network");
    expect(output).to.not.include("    at ");
  });

  it("is what `up` uses: the same provider folder comes first on PATH", async () => {
    const { output } = await inShell(trial, "command -v pulumi-resource-aws");
    expect(output).to.equal(join(import.meta.dirname, "../../rehearsal/providers/bin/pulumi-resource-aws"));
  });
});
