import * as aws from "@pulumi/aws";
import { output, secret } from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import { expect } from "chai";
import { execa } from "execa";
import { type Aws, awsClients } from "../../rehearsal/providers/aws/clients.ts";
import { pulumiCli } from "../pulumi-tool.ts";
import { engineEnvironment, filesWith, nameOf, recorded, Steps, withStack } from "./engine.ts";
import { type Emulator, REGION, startEmulator } from "./start-emulator.ts";

const DEBIAN = { owners: ["136693071363"], filters: [{ name: "name", values: ["debian-13-arm64-20251117-2299"] }] };

/** What the program below can be told to do differently. */
interface Machine {
  readonly userData?: string;
  readonly environment?: string;
}

/** A group of one that is made at size 0 and sized by others, as the bastion's is. */
const machine = ({ userData = "first", environment = "test" }: Machine = {}): PulumiFn => () => {
  const provider = new aws.Provider("aws", { region: REGION });
  const vpc = new aws.ec2.Vpc("vpc", { cidrBlock: "10.10.0.0/16" }, { provider });
  const subnet = new aws.ec2.Subnet("subnet", { vpcId: vpc.id, cidrBlock: "10.10.0.0/24", availabilityZone: `${REGION}a` }, { provider });
  const eni = new aws.ec2.NetworkInterface("interface", { subnetId: subnet.id, privateIps: ["10.10.0.100"] }, { provider });
  const image = aws.ec2.getAmiOutput(DEBIAN, { provider });
  const template = new aws.ec2.LaunchTemplate("template", {
    name: "bastion", imageId: image.id, instanceType: "t4g.small", updateDefaultVersion: true,
    userData: Buffer.from(userData).toString("base64"), networkInterfaces: [{ networkInterfaceId: eni.id }],
  }, { provider });
  const group = new aws.autoscaling.Group("group", {
    name: "bastion", availabilityZones: [`${REGION}a`], minSize: 0, maxSize: 0, desiredCapacity: 0,
    launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
    tags: [{ key: "env", value: environment, propagateAtLaunch: true }],
  }, { provider, ignoreChanges: ["minSize", "maxSize", "desiredCapacity"] });
  new aws.autoscaling.Schedule("start", {
    autoscalingGroupName: group.name, scheduledActionName: "start", minSize: 1, maxSize: 1, desiredCapacity: 1, recurrence: "0 18 * * *", timeZone: "Europe/Dublin",
  }, { provider });
  const running = aws.ec2.getInstancesOutput({ instanceTags: { env: "test" } }, { provider });
  return Promise.resolve({ image: image.name, running: running.ids, version: template.latestVersion, interface: eni.id });
};

const said = (call: Promise<unknown>): Promise<string> => call.then(() => "", (error: unknown) => String(error));

describe("machines under the real Pulumi engine", function () {
  this.timeout(180_000);
  let emulator: Emulator;
  let cloud: Aws;
  before(async () => {
    emulator = await startEmulator();
    cloud = awsClients(REGION, { endpoint: emulator.endpoint, credentials: { accessKeyId: "test", secretAccessKey: "test" } });
  });
  after(() => emulator.stop());

  it("are sized by others without a difference, and replaced by a new version when the program changes", async () => {
    const wanted: Machine[] = [{}];
    await withStack(emulator, () => machine(wanted.at(-1))(), async (stack) => {
      const { outputs } = await stack.up();
      expect(outputs["image"]?.value).to.equal(DEBIAN.filters[0]?.values[0]);
      expect(outputs["running"]?.value).to.deep.equal([]);

      // The schedule starts it: the sizes change, and the instance takes the interface.
      await cloud.autoscaling.updateAutoScalingGroup({ AutoScalingGroupName: "bastion", MinSize: 1, MaxSize: 1, DesiredCapacity: 1 });
      const { NetworkInterfaces: [taken] = [] } = await cloud.ec2.describeNetworkInterfaces({ NetworkInterfaceIds: [String(outputs["interface"]?.value)] });
      expect(taken?.Attachment?.InstanceId, "the interface is taken").to.match(/^i-/);
      const steps = new Steps();
      await stack.preview({ refresh: true, onEvent: steps.onEvent });
      expect(steps.done).to.deep.equal([]);

      wanted.push({ userData: "second", environment: "other" });
      const planned = new Steps();
      await stack.preview({ refresh: true, onEvent: planned.onEvent });
      expect(planned.done).to.deep.equal(["update group", "update template"]);
      expect(planned.diffs.get("template")).to.deep.equal(["userData"]);
      expect(planned.diffs.get("group")).to.have.members(["launchTemplate", "tags"]);
      const second = await stack.up();
      expect(second.outputs["version"]?.value).to.equal(2);
      expect(second.outputs["running"]?.value, "found while it runs").to.deep.equal([taken?.Attachment?.InstanceId]);
      const { AutoScalingGroups: [live] = [] } = await cloud.autoscaling.describeAutoScalingGroups({ AutoScalingGroupNames: ["bastion"] });
      expect(live, "the sizes stay as they are").to.deep.include({ MinSize: 1, MaxSize: 1, DesiredCapacity: 1 });
      expect(live?.LaunchTemplate?.Version).to.equal("2");
    });
    const { Vpcs } = await cloud.ec2.describeVpcs({ Filters: [{ Name: "cidr", Values: ["10.10.0.0/16"] }] });
    expect(Vpcs, "the instance left its interface before that and the network were deleted").to.deep.equal([]);
  });

  it("are looked up in previews, keep secret what is asked with a secret, and say why they are not found", async () => {
    let filters: { name: string; values: string[] }[] = [];
    let values: unknown;
    const program: PulumiFn = () => {
      const provider = new aws.Provider("aws", { region: REGION });
      const image = aws.ec2.getAmiOutput({ owners: DEBIAN.owners, filters, mostRecent: true }, { provider });
      const hidden = aws.ec2.getAmiOutput({ owners: secret(DEBIAN.owners), mostRecent: true }, { provider });
      const vpc = new aws.ec2.Vpc("vpc", { cidrBlock: "10.11.0.0/16" }, { provider });
      const later = aws.ec2.getInstancesOutput({ filters: [{ name: "vpc-id", values: [vpc.id] }] }, { provider });
      values = undefined;
      image.name.apply((name) => (values = name));
      return Promise.resolve({ image: image.name, hidden: hidden.name, later: output(later.ids).apply((ids) => ids.length) });
    };
    await withStack(emulator, program, async (stack) => {
      const steps = new Steps();
      await stack.preview({ onEvent: steps.onEvent });
      expect(values, "asked in the preview").to.equal(DEBIAN.filters[0]?.values[0]);
      const { outputs } = await stack.up();
      expect(outputs["image"]).to.deep.equal({ value: values, secret: false });
      expect(outputs["hidden"]).to.deep.equal({ value: values, secret: true });
      expect(outputs["later"]?.value).to.equal(0);
      filters = [{ name: "name", values: ["debian-99"] }];
      expect(await said(stack.preview())).to.include("no image is there of owner 136693071363 with name debian-99");
    });
  });

  it("keep a parameter's value out of the state when it changes behind our back, and when it is imported", () =>
    withStack(emulator, () => {
      const provider = new aws.Provider("aws", { region: REGION });
      new aws.ssm.Parameter("parameter", { name: "/moonback/ours", type: "SecureString", value: "canary4711" }, { provider });
      return Promise.resolve();
    }, async (stack, folder) => {
      await stack.up();
      await cloud.ssm.putParameter({ Name: "/moonback/ours", Type: "SecureString", Value: "canary4712", Overwrite: true });
      await stack.refresh();
      await cloud.ssm.putParameter({ Name: "/moonback/found", Type: "String", Value: "canary4713" });
      const options = ["--stack", "test-network", "--yes", "--protect=false", "--generate-code=false"];
      await execa(pulumiCli, ["import", "aws:ssm/parameter:Parameter", "found", "/moonback/found", ...options], {
        cwd: stack.workspace.workDir, env: engineEnvironment(folder, emulator),
      });
      for (const name of ["parameter", "found"]) {
        const written = recorded(folder).find((each) => nameOf(each) === name);
        expect(JSON.stringify(written?.inputs?.["value"]), `${name} inputs`).to.include("ciphertext");
        expect(JSON.stringify(written?.outputs?.["value"]), `${name} outputs`).to.include("ciphertext");
      }
      expect(filesWith(folder, "canary471")).to.deep.equal([]);
      const steps = new Steps();
      await stack.preview({ onEvent: steps.onEvent, target: ["urn:pulumi:test-network::moon-and-back::aws:ssm/parameter:Parameter::parameter"] });
      expect(steps.done, "the refresh saw the other value").to.deep.equal(["update parameter"]);
      expect(steps.diffs.get("parameter")).to.deep.equal(["value"]);
    }));
});
