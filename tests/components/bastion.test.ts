import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import * as pulumi from "@pulumi/pulumi";
import { Bastion, type BastionArgs } from "../../components/bastion.ts";
import { bundleArgs, evening, tunnel } from "./samples.ts";
import { declare, named, settled, type Declared } from "./mocks.ts";

const args: BastionArgs = {
  environment: "lab",
  subnetId: "subnet-1",
  subnetIpv6Cidr: "2001:db8:1234:ab00::/64",
  securityGroupId: "sg-1",
  address: "10.10.0.100",
  availabilityZone: "eu-west-1a",
  instanceType: "t4g.small",
  volumeGiB: 16,
  groupName: "tf-asg",
  window: evening,
  egress: "public-ipv4",
  bundle: bundleArgs,
};
const wireguard: BastionArgs["egress"] = { kind: "wireguard", ...tunnel, privateKey: pulumi.secret("the tunnel's private key") };
const bastion = (over: Partial<BastionArgs> = {}) => declare((watch) => new Bastion("b", { ...args, ...over }, { transformations: [watch] }));

/** An input of the mock, in clear, and whether it came as a secret. */
function opened(value: unknown): { value: unknown; secret: boolean } {
  const wrapped = value as { value?: unknown } | undefined;
  const secret = typeof value === "object" && value !== null && "4dabf18193072939515e22adb298388d" in value;
  return { value: secret ? wrapped?.value : value, secret };
}

/** The user data of the launch template, unpacked. */
function userDataOf(resources: readonly Declared[]): string {
  return gunzipSync(Buffer.from(named(resources, "b-group-template").inputs["userData"] as string, "base64")).toString();
}

describe("the bastion component", function () {
  this.timeout(20_000);

  it("declares exactly these resources, each below its component", async () => {
    const { resources } = await bastion();
    const lines = resources.map(({ lineage }) => lineage.map(({ type, name }) => `${type.split("/").at(-1) ?? ""} ${name}`).join(" > "));
    const top = "moonback:bastion:Bastion b";
    const identity = `${top} > moonback:bastion:BastionIdentity b-identity`;
    const group = `${top} > moonback:compute:MachineGroup b-group`;
    expect(lines.sort()).to.deep.equal(
      [
        top,
        identity,
        `${identity} > privateKey:PrivateKey b-identity-operator`,
        `${identity} > privateKey:PrivateKey b-identity-host`,
        `${identity} > parameter:Parameter b-identity-ssh-host-key`,
        `${identity} > role:Role b-identity-role`,
        `${identity} > rolePolicy:RolePolicy b-identity-policy`,
        `${identity} > instanceProfile:InstanceProfile b-identity-profile`,
        `${top} > networkInterface:NetworkInterface b-interface`,
        group,
        `${group} > launchTemplate:LaunchTemplate b-group-template`,
        `${group} > group:Group b-group-asg`,
        `${group} > schedule:Schedule b-group-start`,
        `${group} > schedule:Schedule b-group-stop`,
      ].sort(),
    );
  });

  const action = { autoscalingGroupName: "tf-asg", minSize: 0, timeZone: "Europe/Berlin" };
  const inputs: Record<string, { type: string; inputs: object }> = {
    "b-identity-operator": { type: "tls:index/privateKey:PrivateKey", inputs: { algorithm: "ED25519" } },
    "b-identity-host": { type: "tls:index/privateKey:PrivateKey", inputs: { algorithm: "ED25519" } },
    "b-identity-profile": {
      type: "aws:iam/instanceProfile:InstanceProfile",
      inputs: { name: "moonback-lab-bastion", path: "/moonback/", role: "moonback-lab-bastion" },
    },
    "b-interface": {
      type: "aws:ec2/networkInterface:NetworkInterface",
      inputs: {
        subnetId: "subnet-1",
        description: "Bastion: addresses that outlive its instances",
        privateIps: ["10.10.0.100"],
        ipv6Addresses: ["2001:db8:1234:ab00::100"],
        securityGroups: ["sg-1"],
        tags: { Name: "tf-bastion" },
      },
    },
    "b-group-asg": {
      type: "aws:autoscaling/group:Group",
      inputs: {
        name: "tf-asg",
        availabilityZones: ["eu-west-1a"],
        minSize: 0,
        maxSize: 1,
        desiredCapacity: 0,
        launchTemplate: { id: "b-group-template-id", version: "7" },
        healthCheckType: "EC2",
        forceDelete: true,
        waitForCapacityTimeout: "0",
        tags: [{ key: "Name", value: "tf-bastion", propagateAtLaunch: true }],
      },
    },
    "b-group-start": {
      type: "aws:autoscaling/schedule:Schedule",
      inputs: { ...action, scheduledActionName: "start", maxSize: 1, desiredCapacity: 1, recurrence: "0 18 * * 1,2,3,4,5" },
    },
    "b-group-stop": {
      type: "aws:autoscaling/schedule:Schedule",
      inputs: { ...action, scheduledActionName: "stop", maxSize: 0, desiredCapacity: 0, recurrence: "0 23 * * 1,2,3,4,5" },
    },
  };
  for (const [name, expected] of Object.entries(inputs)) {
    it(`gives ${name} exactly these inputs`, async () => {
      const { resources } = await bastion();
      const { type, inputs: given } = named(resources, name);
      expect({ type, inputs: given }).to.deep.equal(expected);
    });
  }

  it("launches one pinned image, encrypted, with its interface and nothing beside it", async () => {
    const { resources, calls } = await bastion();
    expect(calls).to.deep.equal([
      {
        token: "aws:ec2/getAmi:getAmi",
        inputs: {
          owners: ["136693071363"],
          filters: [{ name: "name", values: ["debian-13-arm64-20251117-2299"] }, { name: "architecture", values: ["arm64"] }],
        },
      },
    ]);
    const { type, inputs: { userData, ...given } } = named(resources, "b-group-template");
    const title = { Name: "tf-bastion" };
    expect({ type, given }).to.deep.equal({
      type: "aws:ec2/launchTemplate:LaunchTemplate",
      given: {
        name: "moonback-lab-bastion",
        imageId: "ami-debian",
        instanceType: "t4g.small",
        iamInstanceProfile: { name: "moonback-lab-bastion" },
        networkInterfaces: [{ networkInterfaceId: "b-interface-id" }],
        metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1, instanceMetadataTags: "disabled" },
        blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { volumeType: "gp3", volumeSize: 16, encrypted: "true", deleteOnTermination: "true" } }],
        creditSpecification: { cpuCredits: "standard" },
        tagSpecifications: [{ resourceType: "instance", tags: title }, { resourceType: "volume", tags: title }],
        tags: title,
      },
    });
    expect(userData).to.be.a("string");
  });

  it("may fetch exactly its own parameters and nothing else", async () => {
    for (const [egress, expected] of [["public-ipv4", ["ssh-host-key"]], [wireguard, ["ssh-host-key", "wireguard-key"]]] as const) {
      const { resources } = await bastion({ egress });
      const { policy, ...attachment } = named(resources, "b-identity-policy").inputs;
      expect(attachment).to.deep.equal({ name: "fetch-secrets", role: "moonback-lab-bastion" });
      expect(JSON.parse(policy as string)).to.deep.equal({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "ssm:GetParameter", Resource: expected.map((role) => `arn:aws:ssm:eu-west-1:123456789012:parameter/b-identity-${role}`) }],
      });
      const { assumeRolePolicy, ...role } = named(resources, "b-identity-role").inputs;
      expect(role).to.deep.equal({ name: "moonback-lab-bastion", path: "/moonback/", description: "Lets the bastion fetch its own secrets" });
      expect(JSON.parse(assumeRolePolicy as string)).to.have.deep.property("Statement", [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }]);
    }
  });

  it("keeps its secrets in parameters, as secrets, under the names that the machine is told", async () => {
    const { resources } = await bastion({ egress: wireguard });
    const expected = {
      "ssh-host-key": ["SSH host key of the bastion", "PRIVATE KEY of b-identity-host\n", "/opt/moonback/secrets/ssh_host_ed25519_key"],
      "wireguard-key": ["WireGuard key of the bastion", "the tunnel's private key", "/opt/moonback/secrets/wireguard.key"],
    };
    const told = /path: \/opt\/moonback\/secrets\.json\n\s+content: \|\n([\s\S]+?)\n\s+permissions/.exec(userDataOf(resources))?.[1];
    const list = JSON.parse(told ?? "[]") as unknown[];
    expect(list).to.deep.equal(Object.entries(expected).map(([role, [, , path]]) => ({ parameter: `/moonback/lab/bastion/${role}`, path })));
    for (const [role, [description, value]] of Object.entries(expected)) {
      const { type, inputs: { value: given, ...parameter } } = named(resources, `b-identity-${role}`);
      expect(type).to.equal("aws:ssm/parameter:Parameter");
      expect(parameter).to.deep.equal({ name: `/moonback/lab/bastion/${role}`, type: "SecureString", tier: "Standard", description });
      expect(opened(given), role).to.deep.equal({ value, secret: true });
    }
  });

  it("has no secret in its user data, with or without a tunnel", async () => {
    for (const egress of ["public-ipv4", wireguard] as const) {
      const text = userDataOf((await bastion({ egress })).resources);
      expect(text).to.include("ssh-ed25519 b-identity-operator").and.include("name: netboot");
      // Only its public half: with another key the user data, and so the machine, is another.
      expect(text).to.include("# ssh-ed25519 b-identity-host\n");
      for (const secret of ["PRIVATE", "the tunnel's private key"]) expect(text, secret).to.not.include(secret);
      expect(text.includes("wg-quick@home")).to.equal(egress !== "public-ipv4");
    }
  });

  it("leaves the sizes to the schedule, and makes way before it replaces what has a fixed name or address", async () => {
    const { resources } = await bastion();
    expect(named(resources, "b-group-asg").opts.ignoreChanges).to.deep.equal(["minSize", "maxSize", "desiredCapacity"]);
    for (const name of ["b-interface", "b-group-asg", "b-group-template", "b-group-start", "b-group-stop", "b-identity-role", "b-identity-profile", "b-identity-ssh-host-key"]) {
      expect(named(resources, name).opts, name).to.include({ deleteBeforeReplace: true });
    }
  });

  it("makes the group only when secrets and permission are there, however long they take", async () => {
    const made: string[] = [];
    const slowly = async (name: string) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      made.push(name);
      return { arn: `arn of ${name}` };
    };
    await declare(() => new Bastion("b", { ...args, egress: wireguard }), {
      made: {
        "aws:ssm/parameter:Parameter": slowly,
        "aws:iam/rolePolicy:RolePolicy": slowly,
        "aws:autoscaling/group:Group": (name) => ({ arn: made.push(name) }),
      },
    });
    expect(made.slice(0, 2).sort()).to.deep.equal(["b-identity-ssh-host-key", "b-identity-wireguard-key"]);
    expect(made.slice(2)).to.deep.equal(["b-identity-policy", "b-group-asg"]);
  });

  it("hands on what the later stages need", async () => {
    const { result } = await bastion();
    const outputs = {
      groupName: "tf-asg",
      launchTemplateId: "b-group-template-id",
      networkInterfaceId: "b-interface-id",
      ipv6Address: "2001:db8:1234:ab00::100",
      operatorPublicKey: "ssh-ed25519 b-identity-operator",
      hostPublicKey: "ssh-ed25519 b-identity-host",
    };
    for (const [name, value] of Object.entries(outputs)) {
      const output: unknown = Reflect.get(result, name);
      if (!pulumi.Output.isInstance(output)) throw new Error(`${name} is no output`);
      expect(await settled(output), name).to.deep.equal({ value, secret: false });
    }
    expect(await settled(result.operatorPrivateKey)).to.deep.equal({ value: "PRIVATE KEY of b-identity-operator\n", secret: true });
    expect(result).to.include({ address: "10.10.0.100", user: "moonback" });
    expect(result.assets).to.deep.equal(Object.fromEntries(bundleArgs.assets.map(({ variant, vmlinuz, initramfs }) => [variant, { vmlinuz, initramfs }])));
  });

  it("keeps two environments apart by every name that is unique in an account", async () => {
    const namesIn = async (environment: string) =>
      (await bastion({ environment, groupName: `asg-${environment}` })).resources.flatMap(({ type, inputs: { name } }) => (type.startsWith("aws:") && name !== "fetch-secrets" && typeof name === "string" ? [name] : []));
    const [one, two] = [await namesIn("lab"), await namesIn("lab2")];
    expect(one).to.have.length(5);
    expect(one.filter((name) => two.includes(name))).to.deep.equal([]);
  });
});
