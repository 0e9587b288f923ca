import { join } from "node:path";
import { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { EC2Client } from "@aws-sdk/client-ec2";
import { IAMClient } from "@aws-sdk/client-iam";
import { SSMClient } from "@aws-sdk/client-ssm";
import { STSClient } from "@aws-sdk/client-sts";
import { expect } from "chai";
import { findLost, lostType, lostTypes, type LostCreate } from "../../automation/recovery/lost.ts";
import { UserError } from "../../common/errors.ts";
import { loadEnvironment } from "../../stacks/config.ts";
import { composedProgram } from "../../stacks/suppliers.ts";
import { awsSources, type AwsSources } from "../../worlds/aws-sources.ts";
import { declare } from "../components/mocks.ts";

const environment = { ...loadEnvironment(join(import.meta.dirname, "../.."), "rehearsal"), name: "lab" };
const urnOf = (type: string): string => `urn:pulumi:lab-network::moon-and-back::moonback:network:Network$${type}::network-it`;
const ours = (type: string): { Key: string; Value: string }[] => [
  { Key: "moonback:urn", Value: `urn:pulumi:lab-network::moon-and-back::moonback:network:Network@${type}::network-it` },
  { Key: "env", Value: "lab" },
];
const lost = (type: string, inputs: LostCreate["inputs"] = {}): LostCreate => ({ urn: urnOf(type), type, inputs });
/** As the engine keeps what is secret. */
const envelope = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:abc" };

interface Sent {
  readonly call: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly options: unknown;
}

/** AWS, as far as a test says what it answers; what is asked is kept. */
function answering(answer: (sent: Sent) => unknown): { sources: AwsSources; sent: Sent[] } {
  const sent: Sent[] = [];
  const send = (command: { constructor: { name: string }; input: Sent["input"] }, options: unknown): Promise<unknown> => {
    // Paginators write into what they sent.
    const one = { call: command.constructor.name, input: { ...command.input }, options };
    sent.push(one);
    return Promise.resolve().then(() => answer(one));
  };
  // The SDK's paginators take its own clients only.
  const source = <Client extends object>(client: Client) => ({ via: "stand-in" as const, by: "the test", client: () => Promise.resolve(Object.assign(client, { send })) });
  const config = { region: "eu-west-1" };
  const sources = {
    autoscaling: source(new AutoScalingClient(config)), ec2: source(new EC2Client(config)), iam: source(new IAMClient(config)),
    logs: source(new CloudWatchLogsClient(config)), ssm: source(new SSMClient(config)), sts: source(new STSClient(config)),
  };
  return { sources, sent };
}

const nothing = (): ReturnType<typeof answering> => answering(({ call }) => { throw new Error(`nobody was to be asked: ${call}`); });
const named = (name: string, message = ""): Error => Object.assign(new Error(message), { name, $metadata: {} });
const failure = (promise: Promise<unknown>): Promise<unknown> => promise.then((value) => { throw new Error(`it gave ${JSON.stringify(value)}`); }, (error: unknown) => error);

describe("what a lost create left behind", () => {
  it("is known how to be looked for, for every type that the stages plan", async function () {
    this.timeout(20_000);
    const { resources } = await declare(() => composedProgram(environment)(), { stack: "lab", preview: true });
    const types = new Set(resources.map(({ type }) => type).filter((type) => !/^(moonback|pulumi):/.test(type)));
    expect(types.size).to.be.greaterThan(10);
    expect([...types].filter((type) => lostType(type) === undefined), "add them in automation/recovery/find/").to.deep.equal([]);
  });

  it("is not guessed for a type that is not in the table: a person is told what to do", async () => {
    const error = await failure(findLost(lost("aws:ec2/instance:Instance"), { ...nothing(), environment }));
    expect(error).to.be.instanceOf(UserError);
    expect((error as UserError).message).to.include("aws:ec2/instance:Instance").and.include(urnOf("aws:ec2/instance:Instance"));
    expect((error as UserError).fix)
      .to.include(`moonback:urn=${ours("aws:ec2/instance:Instance")[0]!.Value}`)
      .and.include("npm run --silent env -- lab")
      .and.include("pulumi refresh --clear-pending-creates --stack lab-network");
  });

  it("is nothing where there is nothing but the state, and nobody is asked", async () => {
    for (const type of ["tls:index/privateKey:PrivateKey", "command:local:Command", "command:remote:Command", "kubernetes:core/v1:Namespace", "kubernetes:example.org/v1:Anything"]) {
      expect(lostType(type)).to.have.property("why").that.matches(/\w/);
      expect(await findLost(lost(type, { create: "true" }), { ...nothing(), environment })).to.deep.equal([]);
    }
    for (const type of ["moonback:network:Network", "pulumi:providers:aws", "pulumi:pulumi:Stack"]) {
      expect(await findLost(lost(type), { ...nothing(), environment }), type).to.deep.equal([]);
    }
  });

  describe("cannot be looked for, and nobody is asked,", () => {
    const needs = {
      "aws:cloudwatch/logGroup:LogGroup": { name: "/moonback/lab/flow" },
      "aws:iam/role:Role": { name: "moonback-lab-flow" },
      "aws:iam/instanceProfile:InstanceProfile": { name: "moonback-lab-bastion" },
      "aws:ssm/parameter:Parameter": { name: "/moonback/lab/key" },
      "aws:iam/rolePolicy:RolePolicy": { role: "moonback-lab-flow", name: "write" },
      "aws:ec2/routeTableAssociation:RouteTableAssociation": { subnetId: "subnet-1", routeTableId: "rtb-1" },
      "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": { vpcId: "vpc-1" },
      "aws:autoscaling/schedule:Schedule": { autoscalingGroupName: "bastion", scheduledActionName: "start" },
    };
    for (const [type, inputs] of Object.entries<Readonly<Record<string, string>>>(needs)) {
      it(`for ${type}, where an input is a secret, missing or empty`, async () => {
        for (const key of Object.keys(inputs)) {
          for (const value of [envelope, undefined, null, "", 7]) {
            expect(await findLost(lost(type, { ...inputs, [key]: value }), { ...nothing(), environment })).to.deep.equal([]);
          }
        }
        const { sources, sent } = answering(() => ({}));
        await findLost(lost(type, inputs), { sources, environment });
        expect(sent, "with all of them somebody is asked").to.not.be.empty;
      });
    }

    it("for every type by key that there is", () => {
      const byKey = Object.entries(lostTypes).flatMap(([type, how]) => (how.by === "key" ? [[type, how.key]] : []));
      expect(Object.fromEntries(byKey)).to.deep.equal(Object.fromEntries(byKey.map(([type]) => [type, Object.keys(needs[type as keyof typeof needs])])));
    });
  });

  it("is on any page", async () => {
    const vpc = "aws:ec2/vpc:Vpc";
    const { sources, sent } = answering(({ input }) => {
      if (input["NextToken"] === undefined) return { Vpcs: [], NextToken: "second" };
      return input["NextToken"] === "second" ? { Vpcs: [{ VpcId: "vpc-1", Tags: ours(vpc) }], NextToken: "third" } : { Vpcs: [{ VpcId: "vpc-2", Tags: ours(vpc) }] };
    });
    expect(await findLost(lost(vpc), { sources, environment })).to.deep.equal(["vpc-1", "vpc-2"]);
    expect(sent.map(({ call, input }) => [call, input["NextToken"]])).to.deep.equal([["DescribeVpcsCommand", undefined], ["DescribeVpcsCommand", "second"], ["DescribeVpcsCommand", "third"]]);
    expect(sent[0]?.input["Filters"]).to.deep.equal(ours(vpc).map(({ Key, Value }) => ({ Name: `tag:${Key}`, Values: [Value] })));
  });

  it("carries both tags, whatever a filter lets through", async () => {
    const vpc = "aws:ec2/vpc:Vpc";
    const [urn, env] = ours(vpc);
    const Vpcs = [
      { VpcId: "vpc-urn", Tags: [urn] }, { VpcId: "vpc-env", Tags: [env] }, { VpcId: "vpc-bare" }, { VpcId: "vpc-other", Tags: [urn, { Key: "env", Value: "lab2" }] },
      { VpcId: "vpc-raw", Tags: [{ Key: "moonback:urn", Value: urnOf(vpc) }, env] },
    ];
    expect(await findLost(lost(vpc), { ...answering(() => ({ Vpcs })), environment })).to.deep.equal([]);
  });

  it("is not a log group whose name only begins so", async () => {
    const { sources, sent } = answering(({ call }) =>
      call === "DescribeLogGroupsCommand" ? { logGroups: [{ logGroupName: "/lab/flow-2", logGroupArn: "arn:2" }] } : { tags: Object.fromEntries(ours("aws:cloudwatch/logGroup:LogGroup").map(({ Key, Value }) => [Key, Value])) });
    expect(await findLost(lost("aws:cloudwatch/logGroup:LogGroup", { name: "/lab/flow" }), { sources, environment })).to.deep.equal([]);
    expect(sent.map(({ call }) => call)).to.deep.equal(["DescribeLogGroupsCommand"]);
  });

  it("is not a group that is going", async () => {
    const group = { AutoScalingGroupName: "bastion", Tags: ours("aws:autoscaling/group:Group") };
    const find = (found: object): Promise<readonly string[]> => findLost(lost("aws:autoscaling/group:Group"), { ...answering(() => ({ AutoScalingGroups: [found] })), environment });
    expect(await find(group)).to.deep.equal(["bastion"]);
    expect(await find({ ...group, Status: "Delete in progress" })).to.deep.equal([]);
  });

  it("is not an association with another table, nor one that is going", async () => {
    const type = "aws:ec2/routeTableAssociation:RouteTableAssociation";
    const find = (association: object): Promise<readonly string[]> =>
      findLost(lost(type, { subnetId: "subnet-1", routeTableId: "rtb-1" }), { ...answering(() => ({ RouteTables: [{ Associations: [{ SubnetId: "subnet-1", RouteTableId: "rtb-1", ...association }] }] })), environment });
    expect(await find({ AssociationState: { State: "associating" } })).to.deep.equal(["subnet-1/rtb-1"]);
    expect(await find({ RouteTableId: "rtb-2" })).to.deep.equal([]);
    for (const State of ["disassociating", "disassociated", "failed"]) expect(await find({ AssociationState: { State } }), State).to.deep.equal([]);
  });

  it("is nothing where AWS says that there is no such object, in each service's words", async () => {
    const words = {
      "aws:iam/role:Role": [{ name: "role" }, named("NoSuchEntityException")],
      "aws:iam/instanceProfile:InstanceProfile": [{ name: "profile" }, named("NoSuchEntityException")],
      "aws:iam/rolePolicy:RolePolicy": [{ role: "role", name: "policy" }, named("NoSuchEntityException")],
      "aws:ssm/parameter:Parameter": [{ name: "/parameter" }, named("InvalidResourceId")],
      "aws:autoscaling/schedule:Schedule": [{ autoscalingGroupName: "group", scheduledActionName: "start" }, named("ValidationError", "Group group not found")],
    } as const;
    for (const [type, [inputs, error]] of Object.entries(words)) {
      expect(await findLost(lost(type, inputs), { ...answering(() => { throw error; }), environment }), type).to.deep.equal([]);
    }
    const vanishing = answering(({ call }) => {
      if (call === "DescribeLogGroupsCommand") return { logGroups: [{ logGroupName: "/lab/flow", logGroupArn: "arn:1" }] };
      throw named("ResourceNotFoundException");
    });
    expect(await findLost(lost("aws:cloudwatch/logGroup:LogGroup", { name: "/lab/flow" }), { ...vanishing, environment })).to.deep.equal([]);
  });

  it("is not taken for nothing where AWS does not say", async () => {
    const asked = lost("aws:iam/role:Role", { name: "role" });
    for (const error of [named("AccessDenied", "not authorized to perform iam:GetRole"), named("ValidationError", "1 validation error detected")]) {
      const told = await failure(findLost(asked, { ...answering(() => { throw error; }), environment }));
      expect(told).to.be.instanceOf(UserError);
      expect(told).to.have.property("message").that.includes(asked.urn).and.includes(`${error.name}: ${error.message}`);
    }
    const bug = new TypeError("a mistake of ours");
    expect(await failure(findLost(asked, { ...answering(() => { throw bug; }), environment })), "a bug stays one").to.equal(bug);
  });

  it("is looked for until told to end", async () => {
    const ending = new AbortController();
    const asked = lost("aws:ec2/vpc:Vpc");
    const { sources, sent } = answering(() => {
      ending.abort(new Error("Ctrl-C"));
      throw named("AbortError", "Request aborted");
    });
    const look = (): Promise<unknown> => failure(findLost(asked, { sources, environment, signal: ending.signal }));
    expect(await look()).to.have.property("message", "Ctrl-C");
    expect(sent[0]?.options).to.deep.equal({ abortSignal: ending.signal });
    expect(await look(), "told before").to.have.property("message", "Ctrl-C");
    expect(sent).to.have.lengthOf(1);
  });

  it("is not found out where nobody answers", async () => {
    const nobody = awsSources({ region: "eu-west-1", endpoint: "http://127.0.0.1:9", credentials: { accessKeyId: "test", secretAccessKey: "test" } }, { via: "stand-in", by: "nobody" });
    const error = await failure(findLost(lost("aws:ec2/vpc:Vpc"), { sources: nobody, environment }));
    expect(error).to.be.instanceOf(UserError);
    expect(error).to.have.property("message").that.includes("could not be found out");
  });
});
