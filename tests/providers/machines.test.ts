import type { ServiceError } from "@grpc/grpc-js";
import { expect } from "chai";
import { setOrder } from "../../rehearsal/providers/aws/network-interface.ts";
import { isSecret, type Properties, UNKNOWN, unwrapSecrets } from "../../rehearsal/providers/values.ts";
import { readInitFailed } from "../../rehearsal/providers/wire.ts";
import { fixtures } from "./fixtures.ts";
import { INTERFACE, TEMPLATE } from "./fixtures-instances.ts";
import { GROUP } from "./fixtures-scaling.ts";
import type { Recorded } from "./harness.ts";
import { Lab } from "./lab.ts";

const PARAMETER = "aws:ssm/parameter:Parameter";
const SUBNET = "aws:ec2/subnet:Subnet";

describe("what machines are made of", function () {
  this.timeout(30_000);
  let lab: Lab;
  before(async () => (lab = await Lab.open(fixtures)));
  after(() => lab.close());

  const failureOf = (call: Promise<unknown>): Promise<ServiceError> =>
    call.then(() => { throw new Error("the call did not fail"); }, (error: unknown) => error as ServiceError);

  /** A group of one whose instance takes the interface, as the bastion's does. */
  async function groupWith(eni: Recorded, more: Properties = {}): Promise<Recorded> {
    const template = await lab.make(TEMPLATE, { networkInterfaces: [{ networkInterfaceId: eni.id, deviceIndex: 0 }], iamInstanceProfile: undefined });
    const { Subnets: [subnet] = [] } = await lab.aws.ec2.describeSubnets({ SubnetIds: [String(eni.inputs["subnetId"])] });
    return lab.make(GROUP, { availabilityZones: [subnet?.AvailabilityZone], maxSize: 1, launchTemplate: { id: template.id, version: "$Latest" }, ...more });
  }

  describe("a network interface", () => {
    it("needs a new one for another primary address, and not for more addresses", async () => {
      const eni = await lab.make(INTERFACE);
      const [primary] = eni.inputs["privateIps"] as string[];
      const other = primary?.replace(/100$/, "120");
      expect(await lab.provider.diff(eni, { ...eni.inputs, privateIps: [other] })).to.deep.include({ replaces: ["privateIps"], updates: [] });
      expect(await lab.provider.diff(eni, { ...eni.inputs, privateIps: UNKNOWN })).to.deep.include({ replaces: ["privateIps"] });
      expect(await lab.provider.diff(eni, { ...eni.inputs, privateIps: [other, primary] })).to.deep.include({ replaces: [], updates: ["privateIps"] });
    });

    it("takes as primary address the one that the official provider takes, not the first", async () => {
      // Their CRC-32 is 563283338, 3097121840 and 3483198630: the second comes first, and the smallest number last.
      expect(setOrder(["10.0.0.5", "10.0.0.6", "10.0.0.7"])).to.deep.equal(["10.0.0.6", "10.0.0.7", "10.0.0.5"]);
      const subnet = await lab.make(SUBNET);
      const address = (host: number): string => String(subnet.inputs["cidrBlock"]).replace("0/24", String(host));
      const given = [11, 12, 13, 14].map(address);
      for (const privateIps of [given, [...given].reverse()]) {
        const eni = await lab.make(INTERFACE, { subnetId: subnet.id, privateIps, ipv6Addresses: [], securityGroups: undefined });
        expect(eni.state["privateIp"]).to.equal(setOrder(given)[0]);
        await lab.provider.delete(eni);
      }
    });

    it("is made with what is not the default", async () => {
      const eni = await lab.make(INTERFACE, { sourceDestCheck: false, description: "router" });
      expect(eni.state).to.include({ sourceDestCheck: false, description: "router" });
      expect((await lab.provider.refresh(eni)).state).to.deep.equal(eni.state);
    });

    it("wants an address where it gives a list", async () => {
      const { failures } = await lab.provider.check(INTERFACE, { subnetId: "subnet-1", privateIps: [] });
      expect(failures).to.deep.equal(["privateIps: needs an address, or leave it out"]);
    });

    it("shows who took it, and is not otherwise for that", async () => {
      const eni = await lab.make(INTERFACE);
      const group = await groupWith(eni);
      const live = await lab.provider.refresh(eni);
      expect(live.state["attachments"]).to.have.lengthOf(1);
      expect((live.state["attachments"] as Properties[])[0]).to.deep.include({ deviceIndex: 0 }).and.to.have.property("instance").that.match(/^i-/);
      expect(live.inputs).to.deep.equal(eni.inputs);
      expect(await lab.provider.diff(live, eni.inputs)).to.deep.include({ changes: false });

      const { instance } = (live.state["attachments"] as [{ instance: string }])[0];
      const { outputs } = await lab.provider.invoke("aws:ec2/getInstances:getInstances", { filters: [{ name: "instance-id", values: [instance] }] });
      const { NetworkInterfaces: [taken] = [] } = await lab.aws.ec2.describeNetworkInterfaces({ NetworkInterfaceIds: [eni.id] });
      expect(outputs, "found with the interface's addresses").to.deep.include({
        ids: [instance], privateIps: eni.inputs["privateIps"], ipv6Addresses: [taken?.Ipv6Addresses?.[0]?.Ipv6Address], publicIps: [],
      });

      const error = await failureOf(lab.provider.delete(live));
      expect(error.details, "nothing is torn off").to.match(/^AWS InvalidParameterValue: .*in use.*\(DeleteNetworkInterface\)$/);
      await lab.provider.delete(group);
      await lab.provider.delete(live);
      expect(await lab.provider.read(INTERFACE, eni.id, live)).to.be.undefined;
    });
  });

  describe("a launch template", () => {
    const versions = ({ state }: Recorded) => ({ latest: state["latestVersion"], default: state["defaultVersion"] });

    it("gets a new version for a change, which is not known before", async () => {
      const template = await lab.make(TEMPLATE);
      expect(versions(template)).to.deep.equal({ latest: 1, default: 1 });
      const wanted = { ...template.inputs, instanceType: "t4g.medium" };
      expect(versions(await lab.provider.update(template, wanted, true))).to.deep.equal({ latest: UNKNOWN, default: UNKNOWN });
      expect(versions(await lab.provider.update(template, wanted))).to.deep.equal({ latest: 2, default: 2 });
    });

    it("keeps its default version where the program does not move it", async () => {
      const template = await lab.make(TEMPLATE, { updateDefaultVersion: undefined });
      const wanted = { ...template.inputs, description: "second" };
      expect(versions(await lab.provider.update(template, wanted, true))).to.deep.equal({ latest: UNKNOWN, default: 1 });
      const second = { ...(await lab.provider.update(template, wanted)), inputs: wanted };
      expect(versions(second)).to.deep.equal({ latest: 2, default: 1 });
      const moving = { ...wanted, updateDefaultVersion: true };
      expect(versions(await lab.provider.update(second, moving, true))).to.deep.equal({ latest: 2, default: UNKNOWN });
      expect(versions(await lab.provider.update(second, moving))).to.deep.equal({ latest: 2, default: 2 });
    });

    it("gets no new version for other tags", async () => {
      const template = await lab.make(TEMPLATE);
      const wanted = { ...template.inputs, tags: {} };
      expect(versions(await lab.provider.update(template, wanted, true))).to.deep.equal({ latest: 1, default: 1 });
      expect(versions(await lab.provider.update(template, wanted))).to.deep.equal({ latest: 1, default: 1 });
    });

    it("leaves to AWS what the program leaves out inside a block", async () => {
      const template = await lab.make(TEMPLATE);
      const { LaunchTemplateVersions: [version] = [] } = await lab.aws.ec2.describeLaunchTemplateVersions({ LaunchTemplateId: template.id, Versions: ["1"] });
      // AWS fills these in; the emulator does not.
      const filled = { ...version?.LaunchTemplateData?.MetadataOptions, HttpEndpoint: "enabled", HttpProtocolIpv6: "disabled" } as const;
      await lab.aws.ec2.createLaunchTemplateVersion({
        LaunchTemplateId: template.id, VersionDescription: "first",
        LaunchTemplateData: { ...(version?.LaunchTemplateData as object), MetadataOptions: { ...filled, State: undefined } as Properties },
      });
      const live = await lab.provider.refresh(template);
      expect((await lab.provider.diff(live, template.inputs)).updates).to.deep.equal([]);
    });

    it("names what it does not support, inside blocks too", async () => {
      const { failures } = await lab.provider.check(TEMPLATE, {
        name: "template", keyName: "key", userData: "not base64!", metadataOptions: { httpTokens: "sometimes" }, networkInterfaces: [{ associatePublicIpAddress: "true" }],
        blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { encrypted: true } }], creditSpecification: { cpuCredits: "standard" },
      });
      const said = failures.join("\n");
      expect(said).to.match(/^keyName: the stand-in aws:ec2\/launchTemplate:LaunchTemplate does not support 'keyName'; it supports: blockDeviceMappings, /m);
      expect(said).to.include("userData: 'userData' of aws:ec2/launchTemplate:LaunchTemplate must be base64 text").and.not.to.include("not base64!");
      expect(said).to.include("has a wrong 'httpTokens' in metadataOptions: it must be one of optional, required");
      expect(said).to.include("has 'associatePublicIpAddress', which the stand-in does not support in networkInterfaces: networkInterfaceId, deviceIndex, deleteOnTermination");
      expect(said).to.include("has a wrong 'ebs' in blockDeviceMappings: it has a wrong 'encrypted' in ebs: it must be one of true, false");
    });

    it("wants the instance type with the credits", async () => {
      const { failures } = await lab.provider.check(TEMPLATE, { name: "template", creditSpecification: { cpuCredits: "standard" } });
      expect(failures.join()).to.match(/^creditSpecification: needs 'instanceType'/);
    });

  });

  describe("an Auto Scaling group", () => {
    it("is recorded when its instances do not come in time, and says how many there are", async () => {
      const eni = await lab.make(INTERFACE);
      const holder = await groupWith(eni);
      // The interface is taken, so the second group's instance never comes.
      const half = readInitFailed(await failureOf(groupWith(eni, { waitForCapacityTimeout: "300ms" })));
      expect(half?.reasons.join()).to.match(/^Auto Scaling group group-\d+ has 0 healthy instances, and is to have 1 \(waited \d\.\d s\)$/);
      expect(half?.state).to.include({ minSize: 0, desiredCapacity: 1 });
      await lab.provider.delete({ ...holder, id: half?.id ?? "", state: half?.state ?? {} });
      await lab.provider.delete(holder);
      await lab.provider.delete(eni);
    });

    it("is made with what is not the default", async () => {
      const group = await lab.make(GROUP, { healthCheckType: "ELB", healthCheckGracePeriod: 20, terminationPolicies: ["NewestInstance"] });
      expect(group.state).to.deep.include({ healthCheckType: "ELB", healthCheckGracePeriod: 20, terminationPolicies: ["NewestInstance"] });
    });

    it("waits for a new size, and says when it does not come", async () => {
      const eni = await lab.make(INTERFACE);
      const group = await groupWith(eni, { waitForCapacityTimeout: "300ms" });
      // One interface, so there is never a second instance.
      const half = readInitFailed(await failureOf(lab.provider.update(group, { ...group.inputs, maxSize: 2, desiredCapacity: 2 })));
      expect(half?.reasons.join()).to.match(/has 1 healthy instances, and is to have 2 \(waited/);
      await lab.provider.delete(group);
    });

    it("does not wait when it is told so", async () => {
      const eni = await lab.make(INTERFACE);
      const holder = await groupWith(eni);
      const waiting = await groupWith(eni, { waitForCapacityTimeout: "0" });
      expect(waiting.state).to.include({ desiredCapacity: 1 });
      for (const group of [waiting, holder]) await lab.provider.delete(group);
    });

    it("is not otherwise when its schedule has sized it, if the program does not mind", async () => {
      const group = await lab.make(GROUP);
      await lab.aws.autoscaling.updateAutoScalingGroup({ AutoScalingGroupName: group.id, MinSize: 2, MaxSize: 3, DesiredCapacity: 2 });
      const live = await lab.provider.refresh(group);
      const ignored = ["minSize", "maxSize", "desiredCapacity"];
      expect(await lab.provider.diff(live, group.inputs)).to.deep.include({ updates: [...ignored].sort() });
      expect(await lab.provider.diff(live, group.inputs, ignored)).to.deep.include({ changes: false });
    });

    it("leaves sizes alone when something else changes", async () => {
      const group = await lab.make(GROUP);
      // Nobody has refreshed since the schedule, so the record still has the old sizes.
      await lab.aws.autoscaling.updateAutoScalingGroup({ AutoScalingGroupName: group.id, MinSize: 2, MaxSize: 2, DesiredCapacity: 2 });
      await lab.provider.update(group, { ...group.inputs, healthCheckGracePeriod: 30, tags: [] });
      const { AutoScalingGroups: [live] = [] } = await lab.aws.autoscaling.describeAutoScalingGroups({ AutoScalingGroupNames: [group.id] });
      expect(live).to.deep.include({ MinSize: 2, MaxSize: 2, DesiredCapacity: 2, HealthCheckGracePeriod: 30, Tags: [] });
    });

    for (const forceDelete of [false, true]) {
      it(`leaves no instance when it is deleted${forceDelete ? " by force" : ""}`, async () => {
        const group = await lab.make(GROUP, { forceDelete });
        const { AutoScalingGroups: [live] = [] } = await lab.aws.autoscaling.describeAutoScalingGroups({ AutoScalingGroupNames: [group.id] });
        const InstanceIds = live?.Instances?.map((each) => each.InstanceId ?? "") ?? [];
        expect(InstanceIds).to.have.lengthOf(1);
        await lab.provider.delete(group);
        const { Reservations } = await lab.aws.ec2.describeInstances({ InstanceIds });
        expect(Reservations?.[0]?.Instances?.[0]?.State?.Name).to.match(/terminated|shutting-down/);
      });
    }

    it("must have sizes in order, and tags with one key each", async () => {
      const { inputs } = await lab.make(GROUP);
      const check = async (more: Properties) => (await lab.provider.check(GROUP, { ...inputs, ...more })).failures;
      expect(await check({ minSize: 3 })).to.deep.equal(["minSize: is 3, more than maxSize 2"]);
      expect(await check({ desiredCapacity: 5 })).to.deep.equal(["desiredCapacity: is 5, not between minSize 0 and maxSize 2"]);
      expect(await check({ maxSize: UNKNOWN, desiredCapacity: 5 })).to.deep.equal([]);
      expect((await check({ waitForCapacityTimeout: "ten minutes" })).join()).to.include("must be a duration such as 10m, or 0");
      const tag = { key: "a", value: "b", propagateAtLaunch: true };
      expect((await check({ tags: [tag, tag] })).join()).to.include("has the key 'a' twice");
      expect((await check({ tags: [{ ...tag, key: "aws:a" }] })).join()).to.include("reserved prefix aws: ('aws:a')");
      expect((await check({ tags: { a: "b" } })).join()).to.include("must be a list of tags");
      expect((await check({ tags: [{ key: "a", value: "b" }] })).join()).to.include("needs 'propagateAtLaunch' in tags");
    });
  });

  describe("a parameter", () => {
    it("repeats no value when it is refused", async () => {
      const { failures } = await lab.provider.check(PARAMETER, { name: "a", type: "secret4711", value: ["secret4711"] });
      expect(failures).to.have.length(2);
      expect(failures.join()).not.to.include("secret4711");
    });

    it("hides its value whatever the program says", async () => {
      const { inputs, failures } = await lab.provider.check(PARAMETER, { name: "/a", type: "String", value: "plain" });
      expect(failures).to.deep.equal([]);
      expect(isSecret(inputs["value"])).to.be.true;
      expect(isSecret((await lab.provider.previewCreate(PARAMETER, { name: "/a", type: "String", value: UNKNOWN }))["value"]), "not known yet").to.be.true;
    });

    it("hides its value in what a failed update leaves behind", async () => {
      const parameter = await lab.make(PARAMETER);
      const wanted = { ...parameter.inputs, value: "other", tags: { "bad\u0000key": "x" } };
      const half = readInitFailed(await failureOf(lab.provider.update(parameter, wanted)));
      expect(isSecret(half?.state["value"]), "state").to.be.true;
      expect(isSecret(half?.inputs["value"]), "inputs").to.be.true;
    });

    it("takes an advanced one back to standard only by a new one", async () => {
      const advanced = await lab.make(PARAMETER);
      expect(await lab.provider.diff(advanced, { ...advanced.inputs, tier: "Standard" })).to.deep.include({ replaces: ["tier"], deleteBeforeReplace: true });
      const standard = await lab.make(PARAMETER, { tier: "Standard" });
      expect(await lab.provider.diff(standard, { ...standard.inputs, tier: "Advanced" })).to.deep.include({ replaces: [], updates: ["tier"] });
      const upgraded = await lab.provider.update(standard, { ...standard.inputs, tier: "Advanced" });
      expect(unwrapSecrets(upgraded.state)).to.deep.include({ tier: "Advanced", version: 2, value: "opensesame" });
    });

    it("supports no other key, and says so", async () => {
      expect((await lab.provider.check(PARAMETER, { name: "/a", type: "String", value: "a", keyId: "alias/mine" })).failures.join()).to.include("does not support 'keyId'");
    });
  });
});
