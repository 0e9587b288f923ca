import { type ServiceError, status } from "@grpc/grpc-js";
import { expect } from "chai";
import { awsProvider } from "../../rehearsal/providers/aws/provider.ts";
import { secret } from "../../rehearsal/providers/values.ts";
import { messages, type proto, readInitFailed, toStruct } from "../../rehearsal/providers/wire.ts";
import { fixtures } from "./fixtures.ts";
import { urnOf } from "./harness.ts";
import { Lab } from "./lab.ts";
import { ACCOUNT, REGION } from "./start-emulator.ts";

const VPC = "aws:ec2/vpc:Vpc";
const GROUP = "aws:ec2/securityGroup:SecurityGroup";

async function failureOf(call: Promise<unknown>): Promise<ServiceError> {
  try {
    await call;
  } catch (error) {
    return error as ServiceError;
  }
  throw new Error("the call did not fail");
}

describe("what the stand-in aws provider refuses, and how", function () {
  this.timeout(30_000);
  let lab: Lab;
  before(async () => (lab = await Lab.open(fixtures)));
  after(() => lab.close());

  it("names the type it does not know and where the list is, at check", async () => {
    const error = await failureOf(lab.provider.check("aws:s3/bucket:Bucket", {}));
    expect(error.details).to.equal("the stand-in aws provider does not know aws:s3/bucket:Bucket; the list is rehearsal/providers/aws/types.ts");
    expect(error.code, "a code the engine takes for 'not implemented' would be ignored").not.to.equal(status.UNIMPLEMENTED);
  });

  it("names every input that is wrong, the type, and what it supports, in one go", async () => {
    const { failures } = await lab.provider.check(VPC, { ipv4IpamPoolId: "pool", enableDnsSupport: "yes" });
    expect(failures).to.have.length(3);
    failures.sort();
    expect(failures[2]).to.match(/^ipv4IpamPoolId: the stand-in aws:ec2\/vpc:Vpc does not support 'ipv4IpamPoolId'; it supports: assignGenerated.*, tags$/);
    expect(failures[1]).to.equal("enableDnsSupport: 'enableDnsSupport' of aws:ec2/vpc:Vpc must be a boolean");
    expect(failures[0]).to.match(/^cidrBlock: aws:ec2\/vpc:Vpc needs 'cidrBlock'/);
  });

  it("wants the rules of a security group said", async () => {
    const { failures } = await lab.provider.check(GROUP, { name: "a", vpcId: "vpc-1", egress: [{ protocol: "tcp", fromPort: 1, toPort: 1 }] });
    expect(failures).to.deep.equal([`ingress: ${GROUP} needs 'ingress': the stand-in leaves no rules alone; give [] for none`]);
    const second = await lab.provider.check(GROUP, { name: "a", vpcId: "vpc-1", ingress: [], egress: [{ protocol: "tcp", fromPort: 1, toPort: 1 }] });
    expect(second.failures).to.deep.equal(["egress: egress rule 0 needs a peer: cidrBlocks, ipv6CidrBlocks, prefixListIds, securityGroups or self"]);
  });

  it("does not support functions, methods, components and parameters, and names them", async () => {
    const invoke = new messages.InvokeRequest().setTok("aws:index/getRegion:getRegion");
    expect((await failureOf(lab.provider.send<unknown>("invoke", invoke))).details).to.include("aws:index/getRegion:getRegion");
    const call = new messages.CallRequest().setTok("pulumi:providers:aws/terraformConfig");
    expect((await failureOf(lab.provider.send<unknown>("call", call))).details).to.include("terraformConfig");
    const construct = new messages.ConstructRequest().setType("aws:x:Component");
    expect((await failureOf(lab.provider.send<unknown>("construct", construct))).details).to.include("aws:x:Component");
    const parameterize = new messages.ParameterizeRequest();
    expect((await failureOf(lab.provider.send<unknown>("parameterize", parameterize))).details).to.include("parameters");
  });

  it("passes on what AWS says, with the code and the call", async () => {
    const lost = lab.provider.create("aws:ec2/subnet:Subnet", { vpcId: "vpc-0missing", cidrBlock: "10.0.0.0/24" });
    const error = await failureOf(lost);
    expect(error.details).to.match(/^AWS InvalidVpcID\.NotFound: .+ \(CreateSubnet\)$/);
    expect(readInitFailed(error), "nothing came into being").to.be.undefined;
  });

  it("reports a half made object with its id, its state and the reason", async () => {
    const { id: vpcId } = await lab.make(VPC);
    const inputs = { name: "half", vpcId, ingress: [{ protocol: "tcp", fromPort: 22, toPort: 22, securityGroups: ["sg-0missing"] }], egress: [] };
    const half = readInitFailed(await failureOf(lab.provider.create(GROUP, inputs)));
    expect(half?.id).to.match(/^sg-/);
    expect(half?.reasons.join()).to.match(/^AWS InvalidGroup\.NotFound: .*\(AuthorizeSecurityGroupIngress\)$/);
    expect(half?.state).to.deep.include({ name: "half", ingress: [] });

    // The engine records the wanted inputs as if they were there; the next update must make up for what is missing.
    const recorded = { token: GROUP, id: half!.id, inputs, state: half!.state };
    const wanted = { ...inputs, ingress: [{ protocol: "tcp", fromPort: 22, toPort: 22, self: true }] };
    const healed = await lab.provider.update({ ...recorded, inputs: wanted }, wanted);
    expect(healed.state["ingress"]).to.deep.equal(wanted.ingress);
    expect(healed.state["egress"], "AWS's initial rule is removed too").to.deep.equal([]);
  });

  it("reports a half made update likewise", async () => {
    const group = await lab.make(GROUP);
    const wanted = { ...group.inputs, tags: {}, ingress: [], egress: [{ protocol: "-1", fromPort: 0, toPort: 0, securityGroups: ["sg-0missing"] }] };
    const half = readInitFailed(await failureOf(lab.provider.update(group, wanted)));
    expect(half?.id).to.equal(group.id);
    expect(half?.state["ingress"], "what had been done").to.deep.equal([]);
    expect(half?.state["tags"], "what had not").to.deep.equal(group.inputs["tags"]);
  });

  it("says that an object to be updated is gone", async () => {
    const group = await lab.make(GROUP);
    await lab.aws.ec2.deleteSecurityGroup({ GroupId: group.id });
    const error = await failureOf(lab.provider.update(group, { ...group.inputs, tags: {} }));
    expect(error.details).to.match(/NotFound|is gone/);
  });

  it("replaces what has an explicit name by deleting first, and nothing else", async () => {
    const group = await lab.make(GROUP);
    expect((await lab.provider.diff(group, { ...group.inputs, description: "other" })).deleteBeforeReplace).to.be.true;
    const vpc = await lab.make(VPC);
    expect((await lab.provider.diff(vpc, { ...vpc.inputs, cidrBlock: "10.99.0.0/16" })).deleteBeforeReplace).to.be.false;
  });

  it("finds an association by its subnet after AWS has given it another id", async () => {
    const token = "aws:ec2/routeTableAssociation:RouteTableAssociation";
    const association = await lab.make(token);
    const { id: table } = await lab.make("aws:ec2/routeTable:RouteTable", { vpcId: await vpcOf(lab, String(association.inputs["subnetId"])), routes: [] });
    const updated = await lab.provider.update(association, { ...association.inputs, routeTableId: table });
    const live = await lab.provider.refresh(updated);
    expect(live.id, "AWS gives it a new id").not.to.equal(association.id);
    expect(await lab.provider.diff(live, updated.inputs)).to.deep.include({ changes: false });
    const imported = await lab.provider.read(token, `${String(association.inputs["subnetId"])}/${table}`);
    expect(imported?.id, "by the official import id").to.equal(live.id);
    await lab.provider.delete(updated);
    expect(await lab.provider.read(token, live.id, live)).to.be.undefined;
  });

  it("gives a schema that names every type and its inputs", async () => {
    const response = await lab.provider.send<proto.GetSchemaResponse>("getSchema", new messages.GetSchemaRequest());
    const schema = JSON.parse(response.getSchema()) as { name: string; resources: Record<string, { inputProperties: Record<string, unknown> }> };
    expect(schema.name).to.equal("aws");
    expect(Object.keys(schema.resources)).to.have.members(fixtures.map((each) => each.token));
    for (const { token, changes } of fixtures) expect(schema.resources[token]?.inputProperties).to.have.all.keys(Object.keys(changes));
  });
});

describe("the stand-in aws provider's own arguments", () => {
  const env = { AWS_ENDPOINT_URL: "http://127.0.0.1:1", AWS_REGION: REGION, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };

  it("are those it can honour", () => {
    const provider = awsProvider(env);
    expect(provider.checkConfig({ region: REGION, allowedAccountIds: "[]", skipMetadataApiCheck: "true", version: "7.48.0" })).to.deep.equal([]);
    expect(provider.checkConfig({ endpoints: "[]", accessKey: "a" }).map((failure) => failure.property)).to.deep.equal(["endpoints", "accessKey"]);
    expect(awsProvider({}).checkConfig({}).map((failure) => failure.property)).to.deep.equal(["region"]);
  });

  for (const endpoint of [undefined, "https://ec2.eu-west-1.amazonaws.com", "http://10.0.0.1:5000", "http://127.0.0.1.example.com", "nonsense"]) {
    it(`never reach ${endpoint ?? "AWS itself"}`, async () => {
      const provider = awsProvider({ ...env, AWS_ENDPOINT_URL: endpoint });
      const error = await failureOf(provider.configure({ region: REGION }));
      expect(error.message).to.include("only to an emulator on loopback");
    });
  }

  it("move every resource when the region changes, and none otherwise", async function () {
    this.timeout(30_000);
    const lab = await Lab.open(fixtures);
    try {
      const request = new messages.DiffRequest().setUrn(urnOf("pulumi:providers:aws"))
        .setOldInputs(toStruct({ region: "eu-west-1", allowedAccountIds: "[]" })).setNews(toStruct({ region: "us-east-1", allowedAccountIds: `["${ACCOUNT}"]` }));
      const response = await lab.provider.send<proto.DiffResponse>("diffConfig", request);
      expect(response.getReplacesList()).to.deep.equal(["region"]);
      expect(response.getDiffsList()).to.have.members(["region", "allowedAccountIds"]);
      await lab.provider.configure({ region: secret("us-east-1"), allowedAccountIds: `["${ACCOUNT}"]` });
      expect(await lab.provider.previewCreate(VPC, { cidrBlock: "10.0.0.0/16" }), "a secret argument is understood").to.include({ region: "us-east-1" });
      const error = await failureOf(lab.provider.configure({ region: REGION, allowedAccountIds: '["999999999999"]' }));
      expect(error.details).to.equal(`the credentials belong to account ${ACCOUNT}, but the program allows only 999999999999 (allowedAccountIds)`);
    } finally {
      await lab.close();
    }
  });
});

async function vpcOf(lab: Lab, subnet: string): Promise<string> {
  const { Subnets: [live] = [] } = await lab.aws.ec2.describeSubnets({ SubnetIds: [subnet] });
  return live?.VpcId ?? "";
}
