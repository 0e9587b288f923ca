import type { ServiceError } from "@grpc/grpc-js";
import { expect } from "chai";
import { awsFunctions } from "../../rehearsal/providers/aws/types.ts";
import { isSecret, type Properties, secret, UNKNOWN } from "../../rehearsal/providers/values.ts";
import { messages, type proto } from "../../rehearsal/providers/wire.ts";
import { fixtures } from "./fixtures.ts";
import { Lab } from "./lab.ts";
import { REGION } from "./start-emulator.ts";

const AMI = "aws:ec2/getAmi:getAmi";
const INSTANCES = "aws:ec2/getInstances:getInstances";
const DEBIAN = "136693071363";
const IMAGE = "debian-13-arm64-20251117-2299";

describe("the functions of the stand-in aws provider", function () {
  this.timeout(30_000);
  let lab: Lab;
  before(async () => (lab = await Lab.open(fixtures)));
  after(() => lab.close());

  const answerOf = async (token: string, args: Properties): Promise<Properties> => {
    const { outputs, failures } = await lab.provider.invoke(token, args);
    expect(failures).to.deep.equal([]);
    return outputs;
  };
  const failureOf = (token: string, args: Properties): Promise<string> =>
    lab.provider.invoke(token, args).then(() => "", (error: unknown) => (error as ServiceError).details);

  it("are called in tests with exactly the API calls that they declare", async () => {
    const asked: Record<string, Properties> = { [AMI]: { owners: [DEBIAN], mostRecent: true }, [INSTANCES]: { instanceTags: { Name: "nobody" } } };
    expect(Object.keys(asked), "each of them").to.have.members(awsFunctions.map((each) => each.token));
    for (const { token, calls, outputs } of awsFunctions) {
      lab.calls.clear();
      expect(await answerOf(token, asked[token] ?? {}), token).to.have.all.keys(outputs);
      expect([...lab.calls]).to.have.members(calls);
    }
  });

  it("refuse arguments that they do not support, do not get, or cannot read, all at once", async () => {
    lab.calls.clear();
    const { failures } = await lab.provider.invoke(AMI, { nameRegex: "^debian", filters: [{ name: "name", value: IMAGE }], mostRecent: "yes" });
    expect(failures).to.have.length(4);
    expect(failures.join("\n")).to.include(`nameRegex: the stand-in ${AMI} does not support 'nameRegex'; it supports: filters, mostRecent, owners, region`);
    expect(failures.join("\n")).to.include("filters: 'filters' of aws:ec2/getAmi:getAmi has 'value', which the stand-in does not support in filters: name, values");
    expect(failures.join("\n")).to.include("mostRecent: 'mostRecent' of aws:ec2/getAmi:getAmi must be a boolean");
    expect(failures.join("\n")).to.include(`owners: ${AMI} needs 'owners': without it anybody's image may be found`);
    expect([...lab.calls], "nothing is asked").to.deep.equal([]);
  });

  it("that nobody has are refused with the list", async () => {
    const error = await failureOf("aws:index/getRegion:getRegion", {});
    expect(error).to.equal(`the stand-in aws provider does not support the function aws:index/getRegion:getRegion; it supports: ${AMI}, ${INSTANCES}`);
  });

  it("know nothing of what is asked with an unknown, and ask nobody", async () => {
    lab.calls.clear();
    const answer = await answerOf(AMI, { owners: [DEBIAN], filters: [{ name: "name", values: [UNKNOWN] }] });
    expect(answer).to.include({ id: UNKNOWN, rootDeviceName: UNKNOWN });
    expect([...lab.calls]).to.deep.equal([]);
  });

  it("answer a secret question with secrets", async () => {
    const answer = await answerOf(AMI, { owners: [secret(DEBIAN)], filters: [{ name: "name", values: [IMAGE] }] });
    expect(isSecret(answer["id"]), "id").to.be.true;
    expect(isSecret(answer["name"]), "name").to.be.true;
  });

  it("are in the schema, with their arguments and outputs", async () => {
    const response = await lab.provider.send<proto.GetSchemaResponse>("getSchema", new messages.GetSchemaRequest());
    type Shape = { functions: Record<string, { inputs: { properties: Properties }; outputs: { properties: Properties } }> };
    const { functions } = JSON.parse(response.getSchema()) as Shape;
    for (const { token, inputs, outputs } of awsFunctions) {
      expect(functions[token]?.inputs.properties).to.have.all.keys(Object.keys(inputs));
      expect(functions[token]?.outputs.properties).to.have.all.keys(outputs);
    }
  });

  describe("getAmi", () => {
    it("finds the one image of a name", async () => {
      const answer = await answerOf(AMI, { owners: [DEBIAN], filters: [{ name: "name", values: [IMAGE] }, { name: "architecture", values: ["arm64"] }] });
      expect(answer).to.deep.include({
        name: IMAGE, architecture: "arm64", rootDeviceName: "/dev/xvda", ownerId: DEBIAN, region: REGION, owners: [DEBIAN], mostRecent: false,
      });
      expect(answer["imageId"]).to.match(/^ami-/).and.to.equal(answer["id"]);
      expect(answer["arn"]).to.equal(`arn:aws:ec2:${REGION}::image/${String(answer["id"])}`);
      expect(answer["creationDate"]).to.match(/^2025-11-17T/);
    });

    it("finds the newest of several only when it is asked for", async () => {
      const several = { owners: [DEBIAN], filters: [{ name: "name", values: ["debian-13-arm64-*"] }] };
      expect(await failureOf(AMI, several)).to.equal(
        `2 images are there of owner ${DEBIAN} with name debian-13-arm64-*: debian-13-arm64-20250814-2204, ${IMAGE}. Ask more narrowly, or for mostRecent`,
      );
      expect(await answerOf(AMI, { ...several, mostRecent: true })).to.include({ name: IMAGE });
    });

    it("fails when there is none, and says what was asked for", async () => {
      const error = await failureOf(AMI, { owners: [DEBIAN, "self"], filters: [{ name: "name", values: ["debian-99"] }] });
      expect(error).to.equal(`no image is there of owner ${DEBIAN} or self with name debian-99`);
    });
  });

  describe("getInstances", () => {
    const args = (name: string): Properties => ({ instanceTags: { Name: name } });
    const launch = async (name: string, count: number): Promise<string[]> => {
      const { id } = await lab.make("aws:ec2/launchTemplate:LaunchTemplate", { networkInterfaces: [], iamInstanceProfile: undefined, tagSpecifications: [] });
      const { Instances } = await lab.aws.ec2.runInstances({
        LaunchTemplate: { LaunchTemplateId: id }, MinCount: count, MaxCount: count,
        TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: name }] }],
      });
      return (Instances ?? []).map((instance) => instance.InstanceId ?? "").sort();
    };

    it("finds running instances by their tags, in one order", async () => {
      await launch("another", 1);
      const ids = await launch("wanted", 7);
      const answer = await answerOf(INSTANCES, args("wanted"));
      expect(answer).to.deep.include({ ids, id: REGION, region: REGION, instanceStateNames: ["running"], instanceTags: { Name: "wanted" } });
      const { Reservations = [] } = await lab.aws.ec2.describeInstances({ InstanceIds: ids });
      const live = new Map(Reservations.flatMap((each) => each.Instances ?? []).map((each) => [each.InstanceId, each.PrivateIpAddress]));
      expect(answer["privateIps"]).to.deep.equal(ids.map((id) => live.get(id)));
    });

    it("answers empty lists when there is none", async () => {
      expect(await answerOf(INSTANCES, args("nobody"))).to.deep.include({ ids: [], privateIps: [], publicIps: [], ipv6Addresses: [] });
    });

    it("passes over what has ended, unless it is asked for", async () => {
      const ids = await launch("ended", 1);
      await lab.aws.ec2.terminateInstances({ InstanceIds: ids });
      expect(await answerOf(INSTANCES, args("ended"))).to.deep.include({ ids: [] });
      expect(await answerOf(INSTANCES, { ...args("ended"), instanceStateNames: ["terminated", "running"] })).to.deep.include({ ids });
    });

    it("combines filters and tags", async () => {
      const [id = ""] = await launch("filtered", 2);
      const filters = [{ name: "instance-id", values: [id] }];
      expect(await answerOf(INSTANCES, { ...args("filtered"), filters })).to.deep.include({ ids: [id] });
      expect(await answerOf(INSTANCES, { ...args("another"), filters })).to.deep.include({ ids: [] });
    });

    it("does not list everybody's", async () => {
      for (const none of [{}, { filters: [] }, { instanceTags: {} }]) {
        expect((await lab.provider.invoke(INSTANCES, none)).failures.join()).to.include("needs 'filters' or 'instanceTags'");
      }
    });
  });
});
