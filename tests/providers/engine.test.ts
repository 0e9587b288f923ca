import * as aws from "@pulumi/aws";
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import { expect } from "chai";
import { execa } from "execa";
import { awsTypes } from "../../rehearsal/providers/aws/types.ts";
import { type Aws, awsClients } from "../../rehearsal/providers/aws/clients.ts";
import { pulumiCli } from "../pulumi-tool.ts";
import { engineEnvironment, filesWith, nameOf, recorded, resources, Steps, withStack } from "./engine.ts";
import { everyType, userData, type Variation } from "./program.ts";
import { type Emulator, REGION, startEmulator } from "./start-emulator.ts";

const program = (variation: Variation = {}): PulumiFn => () => Promise.resolve(
  Object.fromEntries(Object.entries(everyType(variation)).map(([name, resource]) => [name, resource.id])),
);

describe("the stand-in aws provider under the real Pulumi engine", function () {
  this.timeout(120_000);
  let emulator: Emulator;
  let cloud: Aws;
  beforeEach(async () => {
    emulator = await startEmulator();
    cloud = awsClients(REGION, { endpoint: emulator.endpoint, credentials: { accessKeyId: "test", secretAccessKey: "test" } });
  });
  afterEach(() => emulator.stop());

  it("plans, makes, refreshes and destroys one of every type", () =>
    withStack(emulator, program(), async (stack) => {
      const planned = new Steps();
      await stack.preview({ onEvent: planned.onEvent });
      const types = awsTypes.length;
      expect(planned.done.filter((step) => step.startsWith("create "))).to.have.length(types + 2); // stack and provider

      const { outputs } = await stack.up();
      for (const [name, { value }] of Object.entries(outputs)) expect(value, name).to.be.a("string").that.is.not.empty;
      const made = resources((await stack.exportStack()).deployment);
      expect(new Set(made.map((each) => each.type))).to.include.all.keys(awsTypes.map((type) => type.token));

      await stack.preview({ refresh: true, expectNoChanges: true });
      await stack.refresh({ expectNoChanges: true });
      await stack.up({ expectNoChanges: true });

      await stack.destroy();
      expect(resources((await stack.exportStack()).deployment)).to.deep.equal([]);
      const { Vpcs } = await cloud.ec2.describeVpcs({ Filters: [{ Name: "tag:Name", Values: ["vpc"] }] });
      expect(Vpcs).to.deep.equal([]);
    }));

  it("keeps secrets out of everything that is written, after up and after refresh", async () => {
    const canary = "canary4711";
    await withStack(emulator, program({ canary }), async (stack, folder) => {
      await stack.up();
      for (const step of ["up", "refresh"]) {
        if (step === "refresh") await stack.refresh({ expectNoChanges: true });
        expect(filesWith(folder, canary, userData(canary)), `after ${step}`).to.deep.equal([]);
        const written = recorded(folder);
        // Without this, a type that lost its secret input altogether would pass.
        for (const { token } of awsTypes) {
          const resource = written.find((each) => each.type === token);
          expect(JSON.stringify(resource?.inputs), `inputs of ${token} after ${step}`).to.include("ciphertext");
          expect(JSON.stringify(resource?.outputs), `outputs of ${token} after ${step}`).to.include("ciphertext");
        }
      }
      const { Vpcs: [vpc] = [] } = await cloud.ec2.describeVpcs({ Filters: [{ Name: "tag:Name", Values: ["vpc"] }] });
      expect(vpc?.Tags?.find((tag) => tag.Key === "canary")?.Value, "AWS got the value itself").to.equal(canary);
      const { Parameter } = await cloud.ssm.getParameter({ Name: "/moonback/test", WithDecryption: true });
      expect(Parameter?.Value, "and this one").to.equal(canary);
      const { LaunchTemplateVersions: [version] = [] } = await cloud.ec2.describeLaunchTemplateVersions({ LaunchTemplateName: "bastion", Versions: ["$Latest"] });
      expect(version?.LaunchTemplateData?.UserData, "and user data").to.equal(userData(canary));
    });
  });

  it("imports what exists without a difference", async () => {
    let ids: Record<string, string> = {};
    await withStack(emulator, program(), async (first) => {
      await first.up();
      ids = Object.fromEntries(resources((await first.exportStack()).deployment).map((each) => [nameOf(each), each.id ?? ""]));
      ids["schedule"] = `${ids["machines"] ?? ""}/${ids["schedule"] ?? ""}`;
      await withStack(emulator, program({ imports: ids }), async (second) => {
        const steps = new Steps();
        await second.up({ onEvent: steps.onEvent });
        expect(steps.done.filter((step) => step.startsWith("import "))).to.have.length(awsTypes.length);
        expect(steps.done.filter((step) => /^(update|replace|delete)/.test(step))).to.deep.equal([]);
        await second.preview({ refresh: true, expectNoChanges: true });
      });
      // The second stack's destroy took everything away: this one's must find that in order.
    });
  });

  it("plans to make again exactly what was deleted behind our back", () =>
    withStack(emulator, program(), async (stack) => {
      const { outputs } = await stack.up();
      await cloud.ec2.deleteFlowLogs({ FlowLogIds: [String(outputs["flow-log"]?.value)] });
      const steps = new Steps();
      await stack.preview({ refresh: true, onEvent: steps.onEvent });
      expect(steps.done).to.deep.equal(["create flow-log"]);
    }));

  it("shows a detached gateway as drift of its vpcId, and heals it", () =>
    withStack(emulator, program(), async (stack) => {
      const { outputs } = await stack.up();
      const [InternetGatewayId, VpcId] = [String(outputs["gateway"]?.value), String(outputs["vpc"]?.value)];
      await cloud.ec2.detachInternetGateway({ InternetGatewayId, VpcId });
      const steps = new Steps();
      await stack.preview({ refresh: true, onEvent: steps.onEvent });
      expect(steps.done).to.deep.equal(["update gateway"]);
      expect(steps.diffs.get("gateway")).to.deep.equal(["vpcId"]);
      await stack.up({ refresh: true });
      const { InternetGateways: [healed] = [] } = await cloud.ec2.describeInternetGateways({ InternetGatewayIds: [InternetGatewayId] });
      expect(healed?.Attachments?.[0]?.VpcId).to.equal(VpcId);
      await stack.preview({ refresh: true, expectNoChanges: true });
    }));

  it("records what was half made, and finishes it with the next update", async () => {
    let gatewayId = "igw-0missing";
    const half: PulumiFn = () => {
      const vpc = new aws.ec2.Vpc("vpc", { cidrBlock: "10.10.0.0/16" });
      new aws.ec2.RouteTable("table", { vpcId: vpc.id, routes: [{ cidrBlock: "0.0.0.0/0", gatewayId }] });
      return Promise.resolve();
    };
    await withStack(emulator, half, async (stack) => {
      const failure = await stack.up().then(() => "", (error: unknown) => String(error));
      expect(failure).to.match(/AWS Invalid\w+\.NotFound: .*\(CreateRoute\)/);
      const table = resources((await stack.exportStack()).deployment).find((each) => nameOf(each) === "table");
      expect(table?.id).to.match(/^rtb-/);
      expect(table?.initErrors?.join()).to.match(/Invalid\w+\.NotFound/);

      const { InternetGateway } = await cloud.ec2.createInternetGateway({});
      gatewayId = InternetGateway?.InternetGatewayId ?? "";
      const { Vpcs } = await cloud.ec2.describeVpcs({ Filters: [{ Name: "cidr", Values: ["10.10.0.0/16"] }] });
      await cloud.ec2.attachInternetGateway({ InternetGatewayId: gatewayId, VpcId: Vpcs?.[0]?.VpcId });
      await stack.up();
      const { RouteTables: [live] = [] } = await cloud.ec2.describeRouteTables({ RouteTableIds: [table?.id ?? ""] });
      expect(live?.Routes?.map((route) => route.GatewayId)).to.include(gatewayId);
      await stack.preview({ refresh: true, expectNoChanges: true });
      await cloud.ec2.detachInternetGateway({ InternetGatewayId: gatewayId, VpcId: Vpcs?.[0]?.VpcId });
    });
  });

  it("is imported from by the command line", () =>
    withStack(emulator, () => Promise.resolve(), async (stack, folder) => {
      await stack.up();
      const { Vpc: vpc } = await cloud.ec2.createVpc({ CidrBlock: "10.9.0.0/16", TagSpecifications: [{ ResourceType: "vpc", Tags: [{ Key: "Name", Value: "found" }] }] });
      // Without code: the language host of the rehearsal's toolchain cannot write any.
      const options = ["--stack", "test-network", "--yes", "--protect=false", "--generate-code=false"];
      await execa(pulumiCli, ["import", "aws:ec2/vpc:Vpc", "found", vpc?.VpcId ?? "", ...options], {
        cwd: stack.workspace.workDir, env: engineEnvironment(folder, emulator),
      });
      const found = resources((await stack.exportStack()).deployment).find((each) => nameOf(each) === "found");
      expect(found?.inputs).to.deep.equal({ cidrBlock: "10.9.0.0/16", region: REGION, tags: { Name: "found" } });
      await stack.refresh({ expectNoChanges: true });
    }));

  it("says in a preview that it does not know a type", () =>
    withStack(emulator, () => { new aws.s3.Bucket("bucket"); return Promise.resolve(); }, async (stack) => {
      const failure = await stack.preview().then(() => "", (error: unknown) => String(error));
      expect(failure).to.include("the stand-in aws provider does not know aws:s3/bucket:Bucket; the list is rehearsal/providers/aws/types.ts");
    }));

  it("refuses another account than the program allows", () =>
    withStack(emulator, () => {
      const provider = new aws.Provider("aws", { region: REGION, allowedAccountIds: ["999999999999"] });
      new aws.ec2.Vpc("vpc", { cidrBlock: "10.10.0.0/16" }, { provider });
      return Promise.resolve();
    }, async (stack) => {
      const failure = await stack.preview().then(() => "", (error: unknown) => String(error));
      expect(failure).to.match(/account 123456789012, but the program allows only 999999999999/);
    }));
});
