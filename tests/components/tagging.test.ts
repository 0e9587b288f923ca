import { join } from "node:path";
import { expect } from "chai";
import * as aws from "@pulumi/aws";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { tagValue, tagging } from "../../components/tagging.ts";
import { loadEnvironment, type Environment } from "../../stacks/config.ts";
import { network } from "../../stacks/network.ts";
import { declare, engineUrn, named, type Declared } from "./mocks.ts";

const environment: Environment = { ...loadEnvironment(join(import.meta.dirname, "../.."), "rehearsal"), name: "lab" };
/** AWS's rule for tag values, the narrowest of the services used (IAM API reference, Tag). */
const allowedValue = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
/** What AWS itself gives no tags to. */
const withoutTags = ["aws:ec2/routeTableAssociation:RouteTableAssociation", "aws:iam/rolePolicy:RolePolicy"];
const owner = { project: "moon-and-back", environment: "lab", stage: "network" };

const tagsOf = ({ inputs }: Declared): Record<string, string> | undefined => inputs["tags"] as Record<string, string> | undefined;

/** The stage as it is, seen by a transformation of the whole stack. */
async function stage(): Promise<Declared[]> {
  const { resources } = await declare(() => network({ environment, upstream: () => { throw new Error("needs nothing"); } }));
  return resources.filter(({ type }) => type.startsWith("aws:"));
}

describe("tagging", function () {
  this.timeout(20_000);

  it("reaches every AWS resource of stage network but those that take no tags", async () => {
    const resources = await stage();
    expect(resources.length).to.be.greaterThan(10);
    const bare = resources.filter((resource) => tagsOf(resource) === undefined).map(({ type }) => type);
    expect(bare.sort()).to.deep.equal(withoutTags);
    for (const resource of resources) {
      const tags = tagsOf(resource);
      if (tags === undefined) continue;
      expect(tags, resource.name).to.include({ project: "moon-and-back", env: "lab", stage: "network" });
      const urn = tags["moonback:urn"] ?? "";
      expect(urn, resource.name).to.match(allowedValue).and.match(new RegExp(`^urn:pulumi:lab-network::moon-and-back::.*@${resource.type}::${resource.name}$`));
      expect(urn.length, resource.name).to.be.at.most(256);
      for (const value of Object.values(tags)) expect(value).to.match(allowedValue);
    }
  });

  it("writes the URN that the engine gives, with @ for $, however deep the component", async () => {
    class Inner extends pulumi.ComponentResource {
      constructor(name: string, opts: pulumi.ComponentResourceOptions) {
        super("moonback:test:Inner", name, {}, opts);
        new aws.ec2.Vpc(`${name}-vpc`, { cidrBlock: "10.0.0.0/16" }, { parent: this });
      }
    }
    class Outer extends pulumi.ComponentResource {
      constructor(name: string, opts: pulumi.ComponentResourceOptions) {
        super("moonback:test:Outer", name, {}, opts);
        new aws.ec2.Vpc(`${name}-vpc`, { cidrBlock: "10.0.0.0/16" }, { parent: this });
        new Inner(`${name}-inner`, { parent: this });
      }
    }
    const { resources } = await declare((watch) => new Outer("outer", { transformations: [watch, tagging(owner)] }));
    for (const [name, types] of [
      ["outer-vpc", "moonback:test:Outer@aws:ec2/vpc:Vpc"],
      ["outer-inner-vpc", "moonback:test:Outer@moonback:test:Inner@aws:ec2/vpc:Vpc"],
    ] as const) {
      const resource = named(resources, name);
      expect(tagsOf(resource)?.["moonback:urn"]).to.equal(`urn:pulumi:lab-network::moon-and-back::${types}::${name}`);
      expect(tagsOf(resource)?.["moonback:urn"]).to.equal(tagValue(engineUrn(resource)));
    }
  });

  it("works on a resource without a component", async () => {
    const { resources } = await declare(() => new aws.ec2.Vpc("alone", { cidrBlock: "10.0.0.0/16" }, { transformations: [tagging(owner)] }));
    expect(tagsOf(named(resources, "alone"))).to.deep.equal({
      project: "moon-and-back", env: "lab", stage: "network", "moonback:urn": "urn:pulumi:lab-network::moon-and-back::aws:ec2/vpc:Vpc::alone",
    });
  });

  it("ends for a child whose component waits for it: the tag must not depend on the component", async () => {
    class Waiting extends pulumi.ComponentResource {
      constructor(opts: pulumi.ComponentResourceOptions) {
        super("moonback:test:Waiting", "waiting", {}, opts);
        const first = new aws.ec2.Vpc("first", { cidrBlock: "10.0.0.0/16" }, { parent: this });
        new aws.ec2.Subnet("second", { vpcId: first.id, cidrBlock: "10.0.0.0/24" }, { parent: this });
        this.registerOutputs({ first: first.id });
      }
    }
    const { resources } = await declare(() => {
      const component = new Waiting({ transformations: [tagging(owner)] });
      // Depends on the whole component, so on each of its children.
      new aws.ec2.Vpc("after", { cidrBlock: "10.1.0.0/16" }, { dependsOn: component });
    });
    expect(resources.map(({ name }) => name)).to.include.members(["first", "second", "after"]);
    expect(tagsOf(named(resources, "second"))).to.have.property("moonback:urn");
    expect(tagsOf(named(resources, "after")), "is not below the component").to.equal(undefined);
  });

  it("keeps a resource's own tags, given as values or as outputs, but ours win", async () => {
    const { resources } = await declare(() => {
      const transformations = [tagging(owner)];
      new aws.ec2.Vpc("values", { cidrBlock: "10.0.0.0/16", tags: { Name: "mine", env: "other" } }, { transformations });
      new aws.ec2.Vpc("outputs", { cidrBlock: "10.0.0.0/16", tags: pulumi.output({ Name: pulumi.output("mine") }) }, { transformations });
    });
    for (const name of ["values", "outputs"]) expect(tagsOf(named(resources, name))).to.include({ Name: "mine", env: "lab", stage: "network" });
  });

  it("adds to a group's list of tags, for its instances too", async () => {
    const tag = (key: string, value: string, propagateAtLaunch = true) => ({ key, value, propagateAtLaunch });
    const { resources } = await declare(() => {
      const transformations = [tagging(owner)];
      const common = { maxSize: 1, minSize: 0 };
      new aws.autoscaling.Group("listed", { ...common, tags: [tag("Name", "mine", false), tag("env", "other", false)] }, { transformations });
      new aws.autoscaling.Group("bare", common, { transformations });
      new aws.autoscaling.Group("output", { ...common, tags: pulumi.output([tag("Name", "mine")]) }, { transformations });
    });
    const ours = (name: string) => [
      tag("project", "moon-and-back"), tag("env", "lab"), tag("stage", "network"),
      tag("moonback:urn", `urn:pulumi:lab-network::moon-and-back::aws:autoscaling/group:Group::${name}`),
    ];
    expect(named(resources, "listed").inputs["tags"]).to.deep.equal([tag("Name", "mine", false), ...ours("listed")]);
    expect(named(resources, "bare").inputs["tags"]).to.deep.equal(ours("bare"));
    expect(named(resources, "output").inputs["tags"]).to.deep.equal([tag("Name", "mine"), ...ours("output")]);
  });

  it("tags what a launch template launches, with all but the template's own URN", async () => {
    const { resources } = await declare(() => {
      const tagSpecifications = [{ resourceType: "instance", tags: { Name: "mine", env: "other" } }, { resourceType: "volume" }];
      new aws.ec2.LaunchTemplate("template", { tagSpecifications }, { transformations: [tagging(owner)] });
      new aws.ec2.LaunchTemplate("plain", {}, { transformations: [tagging(owner)] });
    });
    const whose = { project: "moon-and-back", env: "lab", stage: "network" };
    expect(named(resources, "template").inputs["tagSpecifications"]).to.deep.equal([
      { resourceType: "instance", tags: { Name: "mine", ...whose } },
      { resourceType: "volume", tags: whose },
    ]);
    expect(tagsOf(named(resources, "template"))).to.include(whose).and.to.have.property("moonback:urn");
    expect(named(resources, "plain").inputs["tagSpecifications"]).to.deep.equal([]);
  });

  it("leaves scheduled actions alone, which take no tags, and keys, which are not of AWS", async () => {
    const { resources } = await declare(() => {
      const transformations = [tagging(owner)];
      new aws.autoscaling.Schedule("action", { autoscalingGroupName: "group", scheduledActionName: "start" }, { transformations });
      new tls.PrivateKey("key", { algorithm: "ED25519" }, { transformations });
      new command.local.Command("command", { create: "true" }, { transformations });
    });
    expect(named(resources, "action").inputs).to.deep.equal({ autoscalingGroupName: "group", scheduledActionName: "start" });
    expect(named(resources, "key").inputs).to.deep.equal({ algorithm: "ED25519" });
    expect(resources.find(({ name }) => name === "command")?.inputs).to.deep.equal({ create: "true" });
  });

  it("leaves alone what is not of AWS", async () => {
    const { resources } = await declare(() => new pulumi.ComponentResource("moonback:test:Plain", "plain", { tags: { a: "b" } }, { transformations: [tagging(owner)] }));
    expect(resources.find(({ name }) => name === "plain")?.inputs).to.not.have.nested.property("tags.project");
  });

  it("writes a URN so that IAM and CloudWatch Logs take it", () => {
    expect(tagValue("urn:pulumi:a-b::p::x:y:Z$aws:ec2/vpc:Vpc$aws:c:D::n")).to.equal("urn:pulumi:a-b::p::x:y:Z@aws:ec2/vpc:Vpc@aws:c:D::n");
  });
});
