// Faults on demand: what they refuse and hold, whom they leave alone, and what a group makes of a launch that fails.

import * as autoscaling from "@aws-sdk/client-auto-scaling";
import { DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { CreateSubnetCommand, CreateVpcCommand, DescribeInstancesCommand, DescribeVpcsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { CreateRoleCommand, GetRoleCommand } from "@aws-sdk/client-iam";
import { PutParameterCommand } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { expect } from "chai";
import { setTimeout as delay } from "node:timers/promises";
import { poll } from "../../common/poll.ts";
import { injectFault, liftAll, type Fault } from "../../rehearsal/faults.ts";
import { Aws, credentials, refused, region, trust, unique, zone } from "./aws.ts";
import { startEmulator, type Emulator } from "./start.ts";

const throttled: Fault["effect"] = { kind: "refuse", code: "RequestLimitExceeded" };
const hold: Fault["effect"] = { kind: "hold" };

describe("faults on demand in the rehearsal's AWS", function () {
  this.timeout(30_000);
  let emulator: Emulator;
  let aws: Aws;

  before(async () => {
    emulator = await startEmulator();
    aws = new Aws(emulator.endpoint);
  });
  afterEach(() => liftAll(emulator.endpoint));
  after(async () => {
    aws.destroy();
    await emulator.stop();
  });

  const inject = (fault: Fault, at = emulator): ReturnType<typeof injectFault> => injectFault(at.endpoint, fault);
  const vpcs = async (): Promise<number> => (await aws.ec2.send(new DescribeVpcsCommand({}))).Vpcs!.length;
  const soon = (pending: Promise<unknown>): Promise<string> => Promise.race([pending.then(() => "answered"), delay(300).then(() => "waiting")]);
  const since = async (start: number): Promise<string[]> =>
    (await emulator.log()).slice(start).map(({ service, action, status }) => `${service}:${action} ${status}`);
  const changes = async (): Promise<number> => ((await (await fetch(`${emulator.endpoint}/moonback/changes`)).json()) as { changes: number }).changes;
  const raw = async (method: string, query = "", body?: string): Promise<{ status: number; answer: Record<string, unknown> }> => {
    const answer = await fetch(`${emulator.endpoint}/moonback/faults${query}`, { method, ...(body === undefined ? {} : { body }) });
    return { status: answer.status, answer: (await answer.json()) as Record<string, unknown> };
  };

  describe("that refuse", () => {
    it("answer in the wire format of each service, and do nothing", async () => {
      const [before, start] = [await vpcs(), (await emulator.log()).length];
      const RoleName = unique("role");
      const calls = [
        ["ec2:CreateVpc", () => aws.vpc()],
        ["iam:CreateRole", () => aws.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }))],
        ["autoscaling:DescribeAutoScalingGroups", () => aws.autoscaling.send(new autoscaling.DescribeAutoScalingGroupsCommand({}))],
        ["sts:GetCallerIdentity", () => aws.sts.send(new GetCallerIdentityCommand({}))],
        ["logs:DescribeLogGroups", () => aws.logs.send(new DescribeLogGroupsCommand({}))],
        ["ssm:PutParameter", () => aws.ssm.send(new PutParameterCommand({ Name: unique("/test"), Value: "any", Type: "String" }))],
      ] as const;
      for (const [call, send] of calls) {
        const fault = await inject({ call, effect: { kind: "refuse", code: "ServiceUnavailable", message: "Out for <lunch>.", status: 503 } });
        expect(await refused(send()), call).to.deep.equal({ code: "ServiceUnavailable", status: 503, rule: `fault-${fault.id}`, message: "Out for <lunch>." });
        await send().catch((error: unknown) => expect.fail(`${call} is refused once only: ${String(error)}`));
      }
      expect(await vpcs()).to.equal(before + 1);
      expect((await since(start)).filter((line) => line.startsWith("ec2:CreateVpc") || line.startsWith("iam"))).to.deep.equal([
        "ec2:CreateVpc 503", "ec2:CreateVpc 200", "iam:CreateRole 503", "iam:CreateRole 200",
      ]);
    });

    it("leave retries of an SDK a chance", async () => {
      const start = (await emulator.log()).length;
      const fault = await inject({ call: "ec2:CreateVpc", effect: throttled, times: 2 });
      const client = new EC2Client({ endpoint: emulator.endpoint, region, credentials, maxAttempts: 3 });
      const made = await client.send(new CreateVpcCommand({ CidrBlock: "10.10.0.0/16" }));
      client.destroy();
      expect(made.$metadata.attempts).to.equal(3);
      expect(await fault.look()).to.deep.equal({ met: 2, holding: 0 });
      expect(await since(start)).to.deep.equal(["ec2:CreateVpc 503", "ec2:CreateVpc 503", "ec2:CreateVpc 200"]);
    });

    it("have AWS's status and words for the codes they know", async () => {
      const said = async (code: string): Promise<unknown[]> => {
        await inject({ call: "ec2:DescribeVpcs", effect: { kind: "refuse", code } });
        const { status, message } = await refused(vpcs());
        return [status, message];
      };
      expect(await said("RequestLimitExceeded")).to.deep.equal([503, "Request limit exceeded."]);
      expect(await said("Throttling")).to.deep.equal([400, "Rate exceeded"]);
      expect(await said("Nonsense.Code")).to.deep.equal([400, "An injected fault refuses ec2:DescribeVpcs."]);
      await inject({ call: "ec2:RunInstances", effect: { kind: "refuse", code: "InsufficientInstanceCapacity" } });
      const LaunchTemplate = { LaunchTemplateId: await aws.template({ InstanceType: "t4g.medium" }) };
      const { status, message } = await refused(aws.instance({ LaunchTemplate, InstanceType: undefined }));
      expect([status, message.split(". ")[0]]).to.deep.equal([500, `We currently do not have sufficient t4g.medium capacity in the Availability Zone you requested (${zone})`]);
    });

    it("meet what they name: a call, a service's calls, or all", async () => {
      const describeRole = (): Promise<unknown> => aws.iam.send(new GetRoleCommand({ RoleName: "nobody" }));
      const outcome = async (send: () => Promise<unknown>): Promise<string> => send().then(() => "done", (error: unknown) => (error as Error).name);
      const under = async (call: string): Promise<string[]> => {
        const fault = await inject({ call, effect: throttled, times: null });
        const seen = [await outcome(() => aws.vpc()), await outcome(vpcs), await outcome(describeRole)];
        await fault.lift();
        return seen;
      };
      const other = "NoSuchEntityException";
      expect(await under("ec2:CreateVpc")).to.deep.equal(["RequestLimitExceeded", "done", other]);
      expect(await under("ec2:*")).to.deep.equal(["RequestLimitExceeded", "RequestLimitExceeded", other]);
      expect(await under("*")).to.deep.equal(["RequestLimitExceeded", "RequestLimitExceeded", "RequestLimitExceeded"]);
      expect(await under("iam:CreateVpc")).to.deep.equal(["done", "done", other]);
    });

    it("let the first calls pass and stop after theirs, the older one first", async () => {
      const code = (name: string): Fault["effect"] => ({ kind: "refuse", code: name });
      const older = await inject({ call: "ec2:DescribeVpcs", effect: code("Older"), skip: 1, times: 2 });
      const younger = await inject({ call: "ec2:*", effect: code("Younger"), skip: 1 });
      const seen: string[] = [];
      for (let call = 0; call < 5; call += 1) seen.push(await vpcs().then(() => "done", (error: unknown) => (error as Error).name));
      // The first passes both; the fourth is the second that the younger one sees.
      expect(seen).to.deep.equal(["done", "Older", "Older", "Younger", "done"]);
      expect([await older.look(), await younger.look()]).to.deep.equal([{ met: 2, holding: 0 }, { met: 1, holding: 0 }]);
    });
  });

  describe("that hold an answer", () => {
    it("perform the call, write it down, and hold up nobody else", async () => {
      const [before, start] = [await vpcs(), (await emulator.log()).length];
      const fault = await inject({ call: "ec2:CreateVpc", effect: hold });
      const held = aws.vpc();
      expect(await fault.met(1, 10_000)).to.deep.equal({ met: 1, holding: 1 });
      expect(await vpcs()).to.equal(before + 1);
      const { id: other } = await aws.vpc();
      expect(await since(start)).to.deep.equal(["ec2:CreateVpc 200", "ec2:DescribeVpcs 200", "ec2:CreateVpc 200"]);
      expect(await soon(held)).to.equal("waiting");
      await fault.lift();
      expect((await held).id).to.match(/^vpc-/).and.not.equal(other);
    });

    it("count the change at once, for those who watch", async () => {
      const before = await changes();
      const fault = await inject({ call: "ec2:CreateVpc", effect: hold });
      const held = aws.vpc();
      await fault.met(1, 10_000);
      expect(await changes()).to.equal(before + 1);
      await fault.lift();
      await held;
    });

    it("hold a refusal too, and several answers until all are lifted", async () => {
      const fault = await inject({ call: "ec2:*", effect: hold, times: null });
      const held = [aws.vpc(), refused(aws.subnet("vpc-00000000000000000")), vpcs()];
      expect(await fault.met(3, 10_000)).to.deep.equal({ met: 3, holding: 3 });
      expect(await soon(Promise.any(held))).to.equal("waiting");
      await liftAll(emulator.endpoint);
      expect((await Promise.all(held))[1]).to.include({ code: "InvalidVpcID.NotFound" });
      expect((await raw("GET")).answer).to.deep.equal({ faults: [] });
    });

    it("let a caller die without a trace, and the emulator end at once", async () => {
      const other = await startEmulator();
      const fault = await inject({ call: "*", effect: hold, times: null }, other);
      const clients = Array.from({ length: 5 }, () => new Aws(other.endpoint));
      const gone = new AbortController();
      const calls = clients.map((one) => one.ec2.send(new CreateVpcCommand({ CidrBlock: "10.10.0.0/16" }), { abortSignal: gone.signal }).catch(() => "cut off"));
      await fault.met(5, 10_000);
      gone.abort();
      expect(new Set(await Promise.all(calls))).to.deep.equal(new Set(["cut off"]));
      await fault.lift();
      const client = clients[0]!;
      expect((await client.ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: "is-default", Values: ["false"] }] }))).Vpcs).to.have.lengthOf(5);
      expect(await other.log()).to.have.lengthOf(6);

      const last = await inject({ call: "ec2:CreateVpc", effect: hold }, other);
      const cut = refused(client.vpc());
      await last.met(1, 10_000);
      const started = Date.now();
      expect(await other.stop()).to.deep.equal({ code: 0, stderr: "" });
      expect(Date.now() - started).to.be.lessThan(1_000);
      await cut;
      for (const one of clients) one.destroy();
    });
  });

  describe("and a group's own launch", () => {
    const capacity: Fault["effect"] = { kind: "refuse", code: "InsufficientInstanceCapacity" };
    const members = async (name: string): Promise<number> =>
      (await aws.autoscaling.send(new autoscaling.DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] }))).AutoScalingGroups![0]!.Instances!.length;
    const activities = async (AutoScalingGroupName: string): Promise<autoscaling.Activity[]> =>
      (await aws.autoscaling.send(new autoscaling.DescribeScalingActivitiesCommand({ AutoScalingGroupName }))).Activities!;
    const launched = (name: string): Promise<true> =>
      poll(async () => ((await members(name)) === 1 ? { done: true, value: true } : { done: false, reason: "no instance" }), { timeoutMs: 10_000, intervalMs: 100 });

    it("fails as AWS shows it, is tried again while somebody looks, and succeeds in the end", async () => {
      const fault = await inject({ call: "ec2:RunInstances", effect: capacity, times: 3 });
      const name = await aws.scalingGroup(await aws.template(), { DesiredCapacity: 1 });
      const before = await changes();
      expect(await members(name)).to.equal(0);
      const failed = await activities(name);
      expect(failed).to.have.lengthOf(1);
      const message = `We currently do not have sufficient t4g.small capacity in the Availability Zone you requested (${zone}). Our system will be working on `
        + `provisioning additional capacity. You can currently get t4g.small capacity by not specifying an Availability Zone in your request or choosing `
        + `${region}b, ${region}c. Launching EC2 instance failed.`;
      expect(failed[0]).to.include({ StatusCode: "Failed", StatusMessage: message, Description: `Launching a new EC2 instance.  Status Reason: ${message}` });

      await launched(name);
      expect(await fault.look()).to.include({ met: 3 });
      expect((await activities(name)).map((one) => one.StatusCode)).to.deep.equal(["Successful", "Failed"]);
      // Nothing but reads since then: whoever watches this world must hear of the instance all the same.
      expect(await changes()).to.equal(before + 1);
      await aws.autoscaling.send(new autoscaling.DeleteAutoScalingGroupCommand({ AutoScalingGroupName: name, ForceDelete: true }));
    });

    it("fails for as long as it is told to, in the zone of its subnet or with the words given", async () => {
      const { id: VpcId } = await aws.vpc();
      const { Subnet } = await aws.ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.10.1.0/24", AvailabilityZone: `${region}b` }));
      const template = await aws.template();
      const zoned = await inject({ call: "ec2:RunInstances", effect: capacity });
      const fault = await inject({ call: "ec2:*", effect: { ...capacity, message: "Not today." }, times: null });
      const name = await aws.scalingGroup(template, { AvailabilityZones: undefined, VPCZoneIdentifier: Subnet!.SubnetId, DesiredCapacity: 1 });
      expect(await zoned.look()).to.include({ met: 1 });
      await poll(async () => {
        await activities(name);
        return (await fault.look()).met >= 2 ? { done: true, value: true } : { done: false, reason: "not tried again" };
      }, { timeoutMs: 10_000, intervalMs: 100 });
      const [latest, first, ...more] = (await activities(name)).map((one) => one.StatusMessage);
      expect([latest, more]).to.deep.equal(["Not today. Launching EC2 instance failed.", []]);
      expect(first).to.contain(`(${region}b)`).and.contain(`choosing ${region}a, ${region}c.`);
      await fault.lift();
      await launched(name);
      await aws.autoscaling.send(new autoscaling.DeleteAutoScalingGroupCommand({ AutoScalingGroupName: name, ForceDelete: true }));
    });

    it("is not tried again once nobody wants it", async () => {
      const fault = await inject({ call: "ec2:RunInstances", effect: capacity, times: null });
      const AutoScalingGroupName = await aws.scalingGroup(await aws.template(), { DesiredCapacity: 1 });
      await aws.autoscaling.send(new autoscaling.SetDesiredCapacityCommand({ AutoScalingGroupName, DesiredCapacity: 0 }));
      const { met } = await fault.look();
      await delay(1_200); // longer than a group waits
      await aws.ec2.send(new DescribeInstancesCommand({}));
      expect(await fault.look()).to.include({ met });
      expect(met).to.equal(1);
    });

    it("is not held: nobody waits for it", async () => {
      const fault = await inject({ call: "ec2:RunInstances", effect: hold });
      const name = await aws.scalingGroup(await aws.template(), { DesiredCapacity: 1 });
      expect(await members(name)).to.equal(1);
      expect(await fault.look()).to.deep.equal({ met: 0, holding: 0 });
      await aws.autoscaling.send(new autoscaling.DeleteAutoScalingGroupCommand({ AutoScalingGroupName: name, ForceDelete: true }));
    });
  });

  describe("are managed", () => {
    it("beside every fault, and unseen in the request log", async () => {
      const start = (await emulator.log()).length;
      const fault = await inject({ call: "*", effect: throttled, times: null });
      const world = await fetch(`${emulator.endpoint}/moonback/world`);
      expect(world.status).to.equal(200);
      expect((await raw("GET")).answer).to.deep.equal({ faults: [{ id: fault.id, call: "*", effect: throttled, met: 0, holding: 0 }] });
      await fault.lift();
      expect(await since(start)).to.deep.equal([]);
    });

    it("one by one, and lifted twice without complaint", async () => {
      const [one, two] = [await inject({ call: "*", effect: throttled }), await inject({ call: "ec2:*", effect: hold })];
      await one.lift();
      await one.lift();
      expect((await raw("GET")).answer["faults"]).to.have.lengthOf(1);
      expect(await two.look()).to.deep.equal({ met: 0, holding: 0 });
      expect(await raw("GET", `?id=${one.id}`)).to.deep.equal({ status: 404, answer: { error: `there is no fault ${one.id}: it was lifted, or never made` } });
    });

    it("with a wait that ends with the call, with the fault or with the time", async () => {
      const fault = await inject({ call: "ec2:DescribeVpcs", effect: throttled, times: null });
      await refused(vpcs());
      const second = fault.met(2, 20_000);
      expect(await soon(second)).to.equal("waiting");
      await refused(vpcs());
      expect(await second).to.deep.equal({ met: 2, holding: 0 });
      const short = await fault.met(3, 300).catch(String);
      expect(short).to.equal(`Error: fault ${fault.id}, refuse ec2:DescribeVpcs, has met 2 of 3 calls in 0.3 s`);
      const third = fault.met(3, 20_000).catch(String);
      expect(await soon(third)).to.equal("waiting");
      await fault.lift();
      const lifted = Date.now();
      expect(await third).to.contain(`there is no fault ${fault.id}`);
      expect(Date.now() - lifted).to.be.lessThan(5_000);
    });

    const good = { call: "ec2:CreateVpc", effect: { kind: "hold" } };
    const bad: readonly (readonly [what: string, body: string | object, says: RegExp])[] = [
      ["no JSON", "{", /^a fault is an object in JSON$/],
      ["no object", [good], /^a fault is an object in JSON$/],
      ["an unknown field", { ...good, delay: 3 }, /^a fault has no delay; it has call, effect, skip, times$/],
      ["no call", { effect: good.effect }, /^call is 'service:Action'/],
      ["half a call", { ...good, call: "CreateVpc" }, /^call is 'service:Action'/],
      ["no effect", { call: good.call }, /^effect is an object whose kind is one of refuse, hold$/],
      ["an unknown kind", { ...good, effect: { kind: "explode" } }, /^effect is an object whose kind/],
      ["a field of another kind", { ...good, effect: { kind: "hold", code: "Any" } }, /^the effect hold has no code; it has kind$/],
      ["no code", { ...good, effect: { kind: "refuse" } }, /^code is AWS's error code/],
      ["a message that is none", { ...good, effect: { ...throttled, message: 3 } }, /^message is a text/],
      ["a status that refuses nothing", { ...good, effect: { ...throttled, status: 200 } }, /^status is an HTTP status from 400 to 599$/],
      ["no times", { ...good, times: 0 }, /^times is how many calls it meets/],
      ["half a time", { ...good, times: 1.5 }, /^times is/],
      ["a truth for a number", { ...good, skip: true }, /^skip is how many calls it lets pass first/],
    ];
    for (const [what, body, says] of bad) {
      it(`refusing ${what}`, async () => {
        const { status, answer } = await raw("POST", "", typeof body === "string" ? body : JSON.stringify(body));
        expect(status).to.equal(400);
        expect(answer["error"]).to.match(says);
        expect((await raw("GET")).answer).to.deep.equal({ faults: [] });
      });
    }

    it("saying what they want to be asked", async () => {
      for (const query of ["?id=any", "?id=1&met=-1", "?id=1&wait=-1", "?id=1&wait=nan", "?wait=20", "?name=x"]) expect((await raw("GET", query)).status, query).to.equal(400);
      for (const query of ["?id=", "?all=1"]) expect((await raw("DELETE", query)).status, query).to.equal(400);
      expect((await raw("PUT")).status).to.equal(405);
      const wrong = await injectFault(emulator.endpoint, { call: "nonsense", effect: hold }).catch(String);
      expect(wrong).to.contain("call is 'service:Action'");
    });
  });
});
