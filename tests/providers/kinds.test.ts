import { expect } from "chai";
import { AwsError } from "../../rehearsal/providers/aws/clients.ts";
import { duration, milliseconds } from "../../rehearsal/providers/aws/group-capacity.ts";
import { groupTagsKind } from "../../rehearsal/providers/aws/group-tags.ts";
import { withoutRepeating } from "../../rehearsal/providers/aws/hidden.ts";
import { dataInputs, dataOf, inputsOf } from "../../rehearsal/providers/aws/launch-template-data.ts";
import { block, blocks, blockSet } from "../../rehearsal/providers/blocks.ts";
import { addressSet, base64, number, oneOf, text, textList } from "../../rehearsal/providers/kinds.ts";

const fields = { name: { kind: text, required: true }, size: { kind: number, default: 1 }, zone: { kind: text, computed: true }, note: { kind: text } } as const;

describe("nested blocks", () => {
  const one = block("thing", fields);

  it("compare property by property: defaults filled in, what the cloud chooses left to it", () => {
    expect(one.equal({ name: "a" }, { name: "a", size: 1, zone: "z" })).to.be.true;
    expect(one.equal({ name: "a", zone: "y" }, { name: "a", zone: "z" })).to.be.false;
    expect(one.equal({ name: "a", size: 2 }, { name: "a" })).to.be.false;
    expect(one.equal({ name: "a" }, { name: "a", note: "by hand" }), "set by somebody").to.be.false;
  });

  it("keep their order in a list, and have none in a set", () => {
    const [a, b] = [{ name: "a" }, { name: "b", size: 1 }];
    expect(blocks("thing", fields).equal([a, b], [a, { name: "b" }])).to.be.true;
    expect(blocks("thing", fields).equal([a, b], [b, a])).to.be.false;
    expect(blocks("thing", fields).equal([a], [a, b])).to.be.false;
    expect(blockSet("thing", fields).equal([a, b], [b, a])).to.be.true;
    expect(blockSet("thing", fields).equal([a, b], [a])).to.be.false;
    expect(blockSet("thing", fields).equal([a], [a, b])).to.be.false;
  });

  it("say what is wrong with them, and where", () => {
    const outer = blocks("things", { inner: { kind: one } });
    expect(outer.problem([{ inner: { name: "a" } }])).to.be.undefined;
    expect(outer.problem({})).to.equal("must be a list of things");
    expect(outer.problem(["a"])).to.equal("must be an object: things");
    expect(outer.problem([{ inner: {} }])).to.equal("has a wrong 'inner' in things: it needs 'name' in thing");
    expect(outer.problem([{ inner: { name: "a" } }, { inner: { name: 1 } }])).to.equal(
      "has a wrong 'inner' in things: it has a wrong 'name' in thing: it must be a string",
    );
    expect(outer.problem([{ outer: {} }])).to.equal("has 'outer', which the stand-in does not support in things: inner");
  });
});

describe("kinds of values", () => {
  it("know a word from a few, without repeating a wrong one", () => {
    expect(oneOf("a", "b").problem("b")).to.be.undefined;
    expect(oneOf("a", "b").problem("secret")).to.equal("must be one of a, b");
    expect(oneOf("1", "2").problem(1), "a number is no word").to.equal("must be one of 1, 2");
  });

  it("know base64", () => {
    for (const right of ["", "aGk=", "aGVsbG8h"]) expect(base64.problem(right), right).to.be.undefined;
    for (const wrong of ["aGk", "#!/bin/sh", "aGk=aGk=", 1]) expect(base64.problem(wrong), String(wrong)).to.equal("must be base64 text");
  });

  it("know addresses in every spelling and order", () => {
    expect(addressSet.equal(["2001:DB8::1", "10.0.0.1"], ["10.0.0.1", "2001:db8:0::1"])).to.be.true;
    expect(addressSet.equal(["2001:db8::1"], ["2001:db8::2"])).to.be.false;
    expect(addressSet.problem(["10.0.0.0/8"])).to.equal("must be a list of IP addresses");
  });

  it("know lists whose order counts", () => {
    expect(textList.equal(["a", "b"], ["b", "a"])).to.be.false;
    expect(textList.problem(["a", 1])).to.equal("must be a list of strings");
  });

  it("know durations as Go writes them", () => {
    const expected = { "0": 0, "10m": 600_000, "1h30m": 5_400_000, "1.5s": 1500, "300ms": 300, "1m1ms": 60_001 };
    for (const [written, ms] of Object.entries(expected)) expect(milliseconds(written), written).to.equal(ms);
    for (const wrong of ["", "10", "m", "10 m", "1d", "-1s"]) expect(milliseconds(wrong), wrong).to.be.undefined;
    expect(duration.equal("60s", "1m")).to.be.true;
    expect(duration.equal("60s", "2m")).to.be.false;
  });

  it("know a group's tags as a set", () => {
    const tag = (key: string, value = "v") => ({ key, value, propagateAtLaunch: true });
    expect(groupTagsKind.equal([tag("a"), tag("b")], [tag("b"), tag("a")])).to.be.true;
    expect(groupTagsKind.equal([tag("a")], [{ ...tag("a"), propagateAtLaunch: false }])).to.be.false;
    expect(groupTagsKind.equal([tag("a")], [tag("a", "w")])).to.be.false;
  });
});

describe("a launch template's data", () => {
  const inputs = {
    imageId: "ami-1", instanceType: "t4g.small", userData: "aGk=",
    blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { volumeSize: 8, encrypted: "true", deleteOnTermination: "false" } }],
    creditSpecification: { cpuCredits: "standard" }, iamInstanceProfile: { name: "p" }, instanceInitiatedShutdownBehavior: "stop",
    metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 }, networkInterfaces: [{ networkInterfaceId: "eni-1", deviceIndex: 0 }],
    tagSpecifications: [{ resourceType: "instance", tags: { Name: "n" } }],
  };

  it("is written as AWS takes it, and read back as the program wrote it", () => {
    expect(Object.keys(inputs), "all of it").to.have.members(Object.keys(dataInputs));
    const data = dataOf(inputs);
    expect(data).to.deep.equal({
      ImageId: "ami-1", InstanceType: "t4g.small", UserData: "aGk=",
      BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { VolumeSize: 8, Encrypted: true, DeleteOnTermination: false } }],
      CreditSpecification: { CpuCredits: "standard" }, IamInstanceProfile: { Name: "p" }, InstanceInitiatedShutdownBehavior: "stop",
      MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 1 }, NetworkInterfaces: [{ NetworkInterfaceId: "eni-1", DeviceIndex: 0 }],
      TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: "n" }] }],
    });
    expect(inputsOf(data)).to.deep.equal(inputs);
  });

  it("says at least that there is no user data", () => {
    expect(dataOf({ networkInterfaces: [] })).to.deep.equal({ UserData: "" });
    expect(inputsOf({ UserData: "" })).to.deep.equal({});
    expect(inputsOf(undefined)).to.deep.equal({});
  });
});

describe("what AWS says when it refuses a secret", () => {
  const said = async (answer: string, given: unknown): Promise<AwsError> =>
    withoutRepeating(given, Promise.reject(new AwsError("Invalid", answer, "PutParameter", new Error(answer)))).then(
      () => { throw new Error("the call did not fail"); },
      (error: unknown) => error as AwsError,
    );

  it("is passed on without the secret: whole, in quotes, or a line of it", async () => {
    const secret = "first line\nsecond \"line\"";
    for (const answer of [`'${secret}' is bad`, `${JSON.stringify(secret)} is bad`, "'first line' is bad"]) {
      const error = await said(answer, secret);
      expect(error.message).to.match(/^AWS Invalid: .*\[hidden\].* is bad \(PutParameter\)$/s).and.not.to.include("line");
      expect(error.cause, "which says it again").to.be.undefined;
    }
  });

  it("is passed on whole where there is none", async () => {
    expect((await said("'a' is bad", undefined)).message).to.equal("AWS Invalid: 'a' is bad (PutParameter)");
    expect((await said("'a' is bad", "a")).message, "too short to be one").to.equal("AWS Invalid: 'a' is bad (PutParameter)");
  });

  it("is passed on as it is where it is no answer of AWS's", async () => {
    const bug = new Error("a bug");
    expect(await withoutRepeating("secret", Promise.reject(bug)).catch((error: unknown) => error)).to.equal(bug);
  });
});
