import { expect } from "chai";
import { gzipSync } from "node:zlib";
import type { PlannedResource } from "../../gates/gate.ts";
import { declared, judge, policies } from "../../gates/policies.ts";
import { runGate } from "../../gates/runner.ts";
import { loadEnvironment } from "../../stacks/config.ts";

const group = "aws:ec2/securityGroup:SecurityGroup";
const template = "aws:ec2/launchTemplate:LaunchTemplate";
const goodTemplate = {
  metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
  blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { encrypted: "true" } }],
  userData: Buffer.from(gzipSync("#cloud-config\n")).toString("base64"),
};
const statement = (Action: unknown, Resource: unknown) => JSON.stringify({ Statement: [{ Effect: "Allow", Action, Resource }] });

/** For every policy: what it lets pass, and what it names. */
type Declared = Omit<PlannedResource, "unknown">;
const cases: Record<string, { readonly passes: readonly Declared[]; readonly fails: Record<string, Declared> }> = {
  "plan-closed-to-the-world": {
    passes: [{ type: group, name: "g", inputs: { ingress: [{ ipv6CidrBlocks: ["2001:db8::/64"] }, { cidrBlocks: ["10.10.0.0/24"] }] } }],
    fails: {
      "admits ::/0": { type: group, name: "open6", inputs: { ingress: [{ protocol: "tcp", fromPort: 22, toPort: 22, ipv6CidrBlocks: ["::/0"] }] } },
      "admits 0.0.0.0/1": { type: group, name: "half", inputs: { ingress: [{ cidrBlocks: ["0.0.0.0/1", "128.0.0.0/1"] }] } },
      "admits 203.0.113.0/24": { type: group, name: "public", inputs: { ingress: [{ cidrBlocks: ["203.0.113.0/24"] }] } },
      "admits 2000::/3": { type: group, name: "wide", inputs: { ingress: [{ ipv6CidrBlocks: ["2000::/3"] }] } },
      "admits pl-1": { type: group, name: "listed", inputs: { ingress: [{ prefixListIds: ["pl-1"] }] } },
      "admits 0.0.0.0/0": { type: "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", name: "open4", inputs: { ingress: [{ cidrBlocks: ["10.0.0.0/8", "0.0.0.0/0"] }] } },
    },
  },
  "plan-separate-rules": { passes: [], fails: { "is a rule of its own": { type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", name: "rule", inputs: {} } } },
  "plan-no-nat": { passes: [], fails: { "open around the clock": { type: "aws:ec2/natGateway:NatGateway", name: "nat", inputs: {} } } },
  "plan-no-automatic-addresses": {
    passes: [{ type: "aws:ec2/subnet:Subnet", name: "s", inputs: { mapPublicIpOnLaunch: false, assignIpv6AddressOnCreation: false } }],
    fails: { "gives every machine an address": { type: "aws:ec2/subnet:Subnet", name: "s", inputs: { mapPublicIpOnLaunch: true } } },
  },
  "plan-encrypted": {
    passes: [{ type: template, name: "t", inputs: goodTemplate }, { type: "aws:ebs/volume:Volume", name: "v", inputs: { size: 8, encrypted: true } }],
    fails: {
      "/dev/xvda not encrypted": { type: template, name: "t", inputs: { ...goodTemplate, blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { volumeSize: 8 } }] } },
      "leaves its disk to the image": { type: template, name: "t", inputs: { ...goodTemplate, blockDeviceMappings: undefined } },
      "is not encrypted": { type: "aws:ebs/volume:Volume", name: "v", inputs: { size: 8 } },
    },
  },
  "plan-imds": {
    passes: [
      { type: template, name: "t", inputs: goodTemplate },
      { type: template, name: "without a role", inputs: { ...goodTemplate, metadataOptions: { httpTokens: "optional", httpPutResponseHopLimit: 1 } } },
    ],
    fails: {
      IMDSv1: { type: template, name: "t", inputs: { ...goodTemplate, iamInstanceProfile: { name: "p" }, metadataOptions: { httpTokens: "optional", httpPutResponseHopLimit: 1 } } },
      "hop limit 2": { type: template, name: "t", inputs: { ...goodTemplate, metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 2 } } },
      "hop limit not set": { type: template, name: "t", inputs: { ...goodTemplate, metadataOptions: { httpTokens: "required" } } },
    },
  },
  "plan-user-data": {
    passes: [{ type: template, name: "t", inputs: goodTemplate }],
    fails: { "holds a private key": { type: template, name: "t", inputs: { ...goodTemplate, userData: Buffer.from(gzipSync("-----BEGIN OPENSSH PRIVATE KEY-----")).toString("base64") } } },
  },
  "plan-roles": {
    passes: [{ type: "aws:iam/rolePolicy:RolePolicy", name: "p", inputs: { policy: statement("ssm:GetParameter", ["arn:aws:ssm:::parameter/x"]) } }],
    fails: {
      "allows ssm:*": { type: "aws:iam/rolePolicy:RolePolicy", name: "p", inputs: { policy: statement(["ssm:*"], "arn:aws:ssm:::parameter/x") } },
      "everything but": { type: "aws:iam/rolePolicy:RolePolicy", name: "p", inputs: { policy: JSON.stringify({ Statement: [{ Effect: "Allow", NotAction: "iam:*", Resource: "arn:aws:s3:::x" }] }) } },
      "on everything": { type: "aws:iam/rolePolicy:RolePolicy", name: "p", inputs: { policy: statement("ssm:GetParameter", "*") } },
    },
  },
  "plan-attached-policies": {
    passes: [{ type: "aws:iam/role:Role", name: "r", inputs: { name: "r", assumeRolePolicy: "{}" } }],
    fails: {
      "given rights elsewhere": { type: "aws:iam/rolePolicyAttachment:RolePolicyAttachment", name: "a", inputs: { policyArn: "arn:aws:iam::aws:policy/AdministratorAccess" } },
      "is given rights elsewhere": { type: "aws:iam/role:Role", name: "m", inputs: { managedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"] } },
      "rights elsewhere": { type: "aws:iam/role:Role", name: "i", inputs: { inlinePolicies: [{ name: "x" }] } },
    },
  },
  "plan-no-public-addresses": {
    passes: [{ type: template, name: "t", inputs: { networkInterfaces: [{ networkInterfaceId: "eni-1" }] } }],
    fails: { "asks for a public address": { type: template, name: "t", inputs: { networkInterfaces: [{ associatePublicIpAddress: "true" }] } } },
  },
  "plan-parameters": {
    passes: [{ type: "aws:ssm/parameter:Parameter", name: "p", inputs: { type: "SecureString" } }],
    fails: { "is a String": { type: "aws:ssm/parameter:Parameter", name: "p", inputs: { type: "String" } } },
  },
};

const known = (resource: Declared): PlannedResource => ({ ...resource, unknown: [] });

describe("policies on what is declared", () => {
  it("each have their cases here, and each case its policy", () => {
    expect(Object.keys(cases).sort()).to.deep.equal(policies.map(({ name }) => name).sort());
    for (const [name, { fails }] of Object.entries(cases)) expect(Object.keys(fails), name).to.not.be.empty;
  });

  for (const policy of policies) {
    const { passes, fails } = cases[policy.name] ?? { passes: [], fails: {} };
    it(`${policy.name} lets pass what is right, and has nothing to say where there is nothing`, () => {
      if (passes.length > 0) expect(judge(policy, passes.map(known)).status).to.equal("green");
      expect(judge(policy, []).status).to.equal("not-applicable");
      expect(judge(policy, [known({ type: "aws:ec2/vpc:Vpc", name: "v", inputs: {} })]).status).to.equal("not-applicable");
    });
    for (const [says, resource] of Object.entries(fails)) {
      it(`${policy.name} names what ${says}`, () => {
        const verdict = judge(policy, [...passes, resource].map(known));
        expect(verdict.status).to.equal("red");
        expect("error" in verdict && verdict.error).to.include(`${resource.name} `).and.include(says);
      });
    }
  }

  it("say of what nobody knows yet that it was not judged, and judge the rest", () => {
    const roles = policies.find(({ name }) => name === "plan-roles")!;
    const open: PlannedResource = { type: "aws:iam/rolePolicy:RolePolicy", name: "later", inputs: {}, unknown: ["policy"] };
    const { passes, fails } = cases["plan-roles"]!;
    expect(judge(roles, [open])).to.deep.equal({ status: "not-applicable", why: "later: not known before it is made" });
    expect(judge(roles, [open, ...passes.map(known)])).to.deep.equal({ status: "green", evidence: "p; later: not known before it is made" });
    expect(judge(roles, [open, ...Object.values(fails).map(known)]).status).to.equal("red");
  });

  it("as a gate are red for one violation, and say that the engine's plan was asked", async () => {
    const environment = loadEnvironment(`${import.meta.dirname}/../..`, "rehearsal");
    const open = cases["plan-closed-to-the-world"]!.fails["admits ::/0"]!;
    const plan = { via: "real" as const, by: "the engine's plan", client: () => Promise.resolve([known(open)]) };
    const result = await runGate(declared, { environment, sources: {} as never, plan }, { exercise: false });
    expect(result.status).to.equal("red");
    expect(result.checks.filter(({ status }) => status === "red").map(({ check, asked }) => [check.id, asked])).to.deep.equal([["09.plan-closed-to-the-world", ["the engine's plan"]]]);
  });
});
