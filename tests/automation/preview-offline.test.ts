import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { DeclaredResource } from "../../automation/engine-events.ts";
import { Journal } from "../../automation/journal.ts";
import { Ledger } from "../../automation/ledger.ts";
import type { Session } from "../../automation/session.ts";
import { onlyReads, showPlan } from "../../automation/verbs/preview-offline.ts";
import { ExitCode } from "../../common/errors.ts";
import { loadEnvironment } from "../../stacks/config.ts";
import { stages } from "../../stacks/registry.ts";
import { captured } from "./capture.ts";
import { ndjson } from "./project.ts";

describe("the calls of a plan", () => {
  const line = (action: string, more: object): string => JSON.stringify({ at: "2026-01-01T00:00:00Z", service: "ec2", action, status: 200, ...more });

  it("are counted where all of them are reads", () => {
    expect(onlyReads([line("DescribeImages", { write: false }), line("DescribeInstances", { write: false }), ""].join("\n"))).to.equal(2);
    expect(onlyReads("")).to.equal(0);
  });

  it("are refused with one write among them, named, and a refused one is one too", () => {
    const log = [line("DescribeImages", { write: false }), line("CreateVpc", { write: true, status: 400 }), line("RunInstances", { write: true })].join("\n");
    expect(() => onlyReads(log)).to.throw(Error, "called ec2:CreateVpc, ec2:RunInstances");
  });

  it("are writes unless they are said to be reads", () => expect(() => onlyReads(line("Any", {}))).to.throw("called ec2:Any"));
  it("cannot be counted in what is no log", () => expect(() => onlyReads("{")).to.throw(SyntaxError));
});

describe("a plan offline, shown", () => {
  const folder = mkdtempSync(join(tmpdir(), "moonback-offline-test-"));
  after(() => rmSync(folder, { recursive: true }));

  const urn = (name: string): string => `urn:pulumi:demo::moon-and-back::any::${name}`;
  const resource = (type: string, name: string, inputs: Record<string, unknown>, stage: string): DeclaredResource => ({ type, name, inputs, unknown: [], urn: urn(name), parent: urn(stage), provider: undefined, component: false, marked: inputs });
  const root = (stage: string): DeclaredResource => ({ ...resource("moonback:any:Thing", stage, {}, ""), parent: undefined, component: true });
  const group = (source: string) => resource("aws:ec2/securityGroup:SecurityGroup", "network-door", { ingress: [{ cidrBlocks: [source] }] }, "network");
  const template = resource("aws:ec2/launchTemplate:LaunchTemplate", "bastion-template", { imageId: "ami-1", metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 }, blockDeviceMappings: [{ ebs: { encrypted: "true" } }] }, "bastion");

  async function show(planned: readonly DeclaredResource[], { json = false, only }: { json?: boolean; only?: string } = {}) {
    const { console, clock, stdout, stderr } = captured({ json });
    const environment = loadEnvironment(join(import.meta.dirname, "../.."), "demo");
    const session = { console, clock, environment, journal: new Journal(new Ledger(join(folder, "ledger.ndjson")), console, clock), signal: new AbortController().signal, world: { sources: {} } } as unknown as Session;
    const code = await showPlan(session, [root("network"), root("bastion"), ...planned], stages.filter(({ name }) => only === undefined || name === only));
    return { code, stdout: stdout(), stderr: stderr() };
  }

  it("is done where no policy is violated, and says whose the image is", async () => {
    const { code, stdout, stderr } = await show([group("10.10.0.0/24"), template]);
    expect(code, stderr).to.equal(ExitCode.done);
    expect(stdout).to.match(/^network: 1 resource \(SecurityGroup\)\n {2}\+ aws:ec2\/securityGroup:SecurityGroup network-door\n/).and.include("\nbastion: 1 resource").and.include("\nnetboot: 0 resources\n");
    expect(stderr).to.include("image ids are the emulator's, ami-1");
  });

  it("exits 3 for one violation, after the whole plan, and names what violates which policy", async () => {
    const { code, stdout, stderr } = await show([group("0.0.0.0/0"), template]);
    expect(code).to.equal(ExitCode.gateRed);
    expect(stdout).to.include("netboot: 0 resources");
    expect(stderr).to.include("09.plan-closed-to-the-world").and.include("network-door admits 0.0.0.0/0");
  });

  it("shows and judges the one stage that is asked for", async () => {
    const { code, stdout, stderr } = await show([group("0.0.0.0/0"), template], { only: "bastion" });
    expect(code).to.equal(ExitCode.done);
    expect(stdout).to.match(/^bastion: /).and.not.include("network-door");
    expect((await show([group("10.0.0.0/8"), template], { only: "network" })).stderr).to.not.include("image ids");
    expect(stderr).to.not.include("network");
  });

  it("is a line a stage for programs, each with what the policies found", async () => {
    const { stdout } = await show([group("0.0.0.0/0")], { json: true });
    const lines = ndjson(stdout);
    expect(lines.filter(({ kind }) => kind === "plan").map(({ stage }) => stage)).to.deep.equal(stages.map(({ name }) => name));
    expect(lines.filter(({ status }) => status === "red").map(({ stage, check }) => [stage, check])).to.deep.equal([["network", "09.plan-closed-to-the-world"]]);
  });
});
