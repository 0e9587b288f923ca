import { expect } from "chai";
import * as pulumi from "@pulumi/pulumi";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import entry from "../../index.ts";
import { declare } from "../components/mocks.ts";

describe("the entry for the Pulumi CLI", function () {
  this.timeout(20_000);
  let folder: string;
  let before: string | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "moonback-entry-"));
    copyFileSync(join(import.meta.dirname, "..", "config", "valid", "local-world.yaml"), join(folder, "Pulumi.lab.yaml"));
    before = process.env["MOONBACK_DIR"];
    process.env["MOONBACK_DIR"] = folder;
  });
  afterEach(() => {
    if (before === undefined) delete process.env["MOONBACK_DIR"];
    else process.env["MOONBACK_DIR"] = before;
    rmSync(folder, { recursive: true });
  });

  const refusal = async (stack: string, preview = true): Promise<string> => {
    const error = await declare(entry, { stack, preview }).then(() => undefined, (thrown: unknown) => thrown);
    expect(pulumi.RunError.isInstance(error), "is shown without a stack").to.equal(true);
    return (error as Error).message;
  };

  it("runs a stage's program for its stack", async () => {
    const { result, resources } = await declare(entry, { stack: "lab-network" });
    expect(result).to.have.property("vpcId");
    expect(resources.some(({ type }) => type === "aws:ec2/vpc:Vpc")).to.equal(true);
  });

  it("plans all stages for a bare environment", async () => {
    const { result } = await declare(entry, { stack: "lab", preview: true });
    expect(result).to.have.nested.property("network.vpcId");
  });

  it("never deploys a bare environment", async () => {
    expect(await refusal("lab", false)).to.include("is a plan of all stages and is never deployed");
  });

  it("names the stacks there are when asked for another", async () => {
    expect(await refusal("lab-roof")).to.match(/^There is no stack "lab-roof"\.\nStacks of lab: lab-network\b/);
    expect(await refusal("lab-network-2"), "a stage's name and more").to.include('There is no stack "lab-network-2"');
    expect(await refusal("lab-"), "a name with an empty part").to.include('There is no stack "lab-"');
  });

  it("names the environments there are when asked for another", async () => {
    expect(await refusal("lap-network")).to.include('There is no environment "lap"').and.include('Did you mean "lab"?');
  });

  it("says every problem of the settings file", async () => {
    writeFileSync(join(folder, "Pulumi.lab.yaml"), "config: {}\n");
    expect(await refusal("lab-network")).to.match(/^Pulumi\.lab\.yaml has 7 problems/);
  });
});
