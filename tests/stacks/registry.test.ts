import { expect } from "chai";
import { output as pulumiOutput, type Output } from "@pulumi/pulumi";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { gates } from "../../gates/registry.ts";
import { loadEnvironment } from "../../stacks/config.ts";
import type { StageName, StageOutputs } from "../../stacks/outputs.ts";
import { project } from "../../stacks/project.ts";
import { stackName, stages } from "../../stacks/registry.ts";
import { declare, settled } from "../components/mocks.ts";

const checkout = join(import.meta.dirname, "..", "..");

describe("the registry of stages", function () {
  this.timeout(20_000);

  it("has stages, each once, with names that split from the environment's in one way only", () => {
    const names = stages.map(({ name }) => name);
    expect(names).to.not.be.empty;
    expect(new Set(names).size).to.equal(names.length);
    for (const name of names) expect(name).to.match(/^[a-z][a-z0-9]*$/);
  });

  it("lets a stage need only what comes before it", () => {
    stages.forEach(({ name, needs }, index) => {
      const earlier = stages.slice(0, index).map((stage) => stage.name);
      expect(earlier, `what ${name} needs`).to.include.members([...needs]);
      expect(new Set(needs).size, `needs of ${name}, each once`).to.equal(needs.length);
    });
  });

  it("has a gate for every stage, every gate exists, and no gate is without a stage", () => {
    const known = gates.map(({ number }) => number);
    for (const { name, gates: own } of stages) {
      expect(own, `gates of ${name}`).to.not.be.empty;
      expect(known, `gates of ${name}`).to.include.members([...own]);
    }
    expect([...new Set(stages.flatMap((stage) => stage.gates))].sort()).to.deep.equal([...known].sort());
  });

  it("has the gates in order, each check under its gate's number and once", () => {
    const numbers = gates.map(({ number }) => number);
    expect(numbers).to.deep.equal([...new Set(numbers)].sort());
    for (const { number, checks } of gates) {
      expect(number).to.match(/^\d\d$/);
      expect(checks).to.not.be.empty;
      for (const { id } of checks) expect(id).to.match(new RegExp(`^${number}\\.[a-z0-9.-]+$`));
    }
    const ids = gates.flatMap(({ checks }) => checks.map(({ id }) => id));
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it("names stacks <env>-<stage>, in the project of Pulumi.yaml", () => {
    expect(stackName("demo", "network")).to.equal("demo-network");
    expect((parse(readFileSync(join(checkout, "Pulumi.yaml"), "utf8")) as { name: string }).name).to.equal(project);
  });

  it("is the only list: every program in stacks/ that a stage could be is in it", () => {
    const isProgram = (file: string) => /^export function \w+\(.*: StageContext\)/m.test(readFileSync(join(checkout, "stacks", file), "utf8"));
    const programs = readdirSync(join(checkout, "stacks")).filter(isProgram);
    expect(programs.map((file) => file.replace(/\.ts$/, "")).sort()).to.deep.equal(stages.map(({ name }) => name).sort());
  });

  for (const stage of stages) {
    for (const environmentName of ["rehearsal", "demo"]) {
      it(`gives ${stage.name} a program that returns exactly its outputs in ${environmentName}`, async () => {
        const program = await stage.load();
        const environment = loadEnvironment(checkout, environmentName);
        const { result: outputs } = await declare(() => program({ environment, upstream: standIns }), { stack: stackName(environmentName, stage.name), preview: environmentName === "demo" });
        expect(Object.keys(outputs).sort()).to.deep.equal([...stage.outputs].sort());
        for (const [name, output] of Object.entries(outputs)) expect((await settled(output)).value, name).to.not.equal(undefined);
      });
    }
  }
});

/** What earlier stages hand on, of the shapes that programs take apart. */
const handedOn: Readonly<Record<string, unknown>> = {
  subnetId: "subnet-1",
  subnetIpv6Cidr: "2001:db8:0:1::/64",
  bastionSecurityGroupId: "sg-1",
  nodeSecurityGroupId: "sg-2",
  generation: "0123456789ab",
  talosconfig: "context: lab",
  macAddresses: { "talos-node-1": "02:00:00:00:00:01" },
  machineConfigs: { "talos-node-1": "version: v1alpha1" },
  ipv6Address: "2001:db8:0:1::100",
  user: "moonback",
  operatorPrivateKey: "key",
  hostPublicKey: "ssh-ed25519 AAAA",
};

function standIns<Name extends StageName>(name: Name): StageOutputs[Name] {
  return new Proxy({}, {
    get: (_target, output): Output<unknown> => {
      const value = handedOn[String(output)];
      if (value === undefined) throw new Error(`give the registry test a stand-in for ${name}.${String(output)}`);
      return pulumiOutput(value);
    },
  }) as StageOutputs[Name];
}
