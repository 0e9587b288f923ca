import { AllocateAddressCommand, CreateNetworkInterfaceCommand, CreateVolumeCommand, DeleteVolumeCommand, ReleaseAddressCommand, DeleteNetworkInterfaceCommand, DeleteVpcCommand, DescribeTagsCommand, DetachInternetGatewayCommand, type EC2Client } from "@aws-sdk/client-ec2";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { isAlive } from "../../common/daemon.ts";
import type { LedgerEvent } from "../../automation/ledger.ts";
import { lookAtNetwork } from "../gates/network-seen.ts";
import { Trial } from "../trial.ts";

/** NDJSON to objects; throws on a line that is none. */
const parsed = (stdout: string) => stdout.split("\n").map((line) => JSON.parse(line) as LedgerEvent);

describe("a network's life", () => {
  let trial: Trial;
  let ec2: EC2Client;
  before(async () => {
    trial = new Trial();
    ec2 = await trial.sources.ec2.client();
  });
  after(() => trial[Symbol.asyncDispose]());

  it("begins with every check red, none green and none set aside", async () => {
    const { code, stdout } = await trial.moonback("gates", "--json");
    expect(code).to.equal(3);
    const checks = parsed(stdout).filter(({ kind }) => kind === "check");
    expect(checks).to.not.be.empty;
    for (const { check, status, error, evidence } of checks) {
      expect(status, check).to.equal("red");
      expect(error, check).to.match(/^nobody answers: /);
      expect(evidence, check).to.match(/moto|bastion|nodes/);
    }
  });

  it("comes up from nothing, green, with who answered on every line", async () => {
    const { stdout } = await trial.must("up", "--through", "network", "--json");
    const events = parsed(stdout);
    expect(events.find(({ kind, status }) => kind === "stage" && status === "green")?.evidence).to.match(/^done: \d+ to create$/);
    const checks = events.filter(({ kind }) => kind === "check");
    // What is declared is judged by the engine's own plan; what is there, by what stands in for AWS.
    const [planned, seen] = [true, false].map((plan) => checks.filter(({ check }) => check!.startsWith("09.plan-") === plan));
    for (const event of seen!) expect(event).to.include({ status: "green", via: "stand-in" });
    for (const event of planned!) expect(event, event.check).to.include({ via: "real" }).and.not.include({ status: "red" });
    expect(events.at(-1)).to.include({ kind: "run", verb: "up", status: "green" });
  });

  it("is left alone by a second up", async () => {
    const { stdout } = await trial.must("up", "--through", "network", "--json");
    expect(parsed(stdout).find(({ kind, status }) => kind === "stage" && status === "green")?.evidence).to.equal("unchanged");
    expect(await trial.previewed("network")).to.deep.equal([]);
  });

  it("carries its own URN on everything that takes tags", async () => {
    const { Tags = [] } = await ec2.send(new DescribeTagsCommand({ Filters: [{ Name: "key", Values: ["moonback:urn"] }] }));
    const urns = Tags.map(({ Value }) => Value ?? "");
    expect(urns).to.have.length(8);
    expect(new Set(urns).size).to.equal(urns.length);
    const state = readFileSync(join(trial.directory, ".moonback/trial/state/.pulumi/stacks/moon-and-back/trial-network.json"), "utf8");
    for (const urn of urns) expect(state).to.include(urn.replaceAll("@", "$"));
  });

  it("keeps its passphrase for itself", () => {
    const file = join(trial.directory, ".moonback/trial/passphrase");
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    const secret = readFileSync(file, "utf8").trim();
    expect(readFileSync(join(trial.directory, ".moonback/trial/ledger.ndjson"), "utf8")).to.not.include(secret);
  });

  it("shows a gateway detached behind its back as that drift and no other, and heals it", async () => {
    const { vpc, gateway } = await lookAtNetwork(trial);
    await ec2.send(new DetachInternetGatewayCommand({ VpcId: vpc.VpcId!, InternetGatewayId: gateway.InternetGatewayId! }));
    const { code, stderr } = await trial.moonback("gates", "--only", "01");
    expect(code).to.equal(3);
    expect(stderr).to.match(/✗ 01\.internet-gateway/);
    expect(await trial.previewed("network")).to.deep.equal(["update aws:ec2/internetGateway:InternetGateway vpcId"]);
    await trial.must("up", "--through", "network");
    await trial.must("gates", "--only", "01");
  });

  const settings: { readonly key: string; readonly value: unknown; readonly also?: Readonly<Record<string, unknown>>; readonly changes: readonly string[] }[] = [
    { key: "network.flowLogRetentionDays", value: 3, changes: ["update aws:cloudwatch/logGroup:LogGroup retentionInDays"] },
    { key: "operatorPrefix", value: "2001:db8:7::/64", changes: ["update aws:ec2/securityGroup:SecurityGroup ingress"] },
    {
      key: "availabilityZone",
      value: "eu-west-1b",
      // A subnet's range is free only when the old one is gone, so what hangs on it goes first.
      changes: ["replace aws:ec2/routeTableAssociation:RouteTableAssociation", "replace aws:ec2/subnet:Subnet availabilityZone"],
    },
    {
      // Nothing of the network but its gateway can move to another VPC.
      key: "network",
      value: { vpcCidr: "10.9.0.0/16", subnetCidr: "10.9.0.0/24", flowLogRetentionDays: 3 },
      also: { "bastion.address": "10.9.0.100", "bastion.dhcpRange": { first: "10.9.0.110", last: "10.9.0.199" }, "nodes.firstAddress": "10.9.0.11" },
      changes: [
        "replace aws:ec2/defaultSecurityGroup:DefaultSecurityGroup vpcId",
        "replace aws:ec2/flowLog:FlowLog vpcId",
        "replace aws:ec2/routeTable:RouteTable vpcId",
        "replace aws:ec2/routeTableAssociation:RouteTableAssociation",
        "replace aws:ec2/securityGroup:SecurityGroup egress ingress vpcId",
        "replace aws:ec2/securityGroup:SecurityGroup egress ingress vpcId",
        "replace aws:ec2/subnet:Subnet cidrBlock ipv6CidrBlock vpcId",
        "replace aws:ec2/vpc:Vpc cidrBlock",
        "update aws:ec2/internetGateway:InternetGateway vpcId",
        // The account in its trust policy is read off the VPC, so a plan cannot know yet that it stays.
        "update aws:iam/role:Role assumeRolePolicy",
      ],
    },
  ];
  for (const { key, value, also = {}, changes } of settings) {
    it(`changes for ${key} exactly what depends on it`, async () => {
      for (const [name, setting] of Object.entries({ [key]: value, ...also })) trial.set(name, setting);
      expect(await trial.previewed("network")).to.deep.equal(changes);
      await trial.must("up", "--through", "network");
      expect(await trial.previewed("network")).to.deep.equal([]);
    });
  }

  it("is refused by AWS when its parts are deleted in the wrong order", async () => {
    const { vpc } = await lookAtNetwork(trial);
    const error = await ec2.send(new DeleteVpcCommand({ VpcId: vpc.VpcId! })).catch((failure: unknown) => failure as Error);
    expect(error).to.include({ name: "DependencyViolation" });
  });

  it("does not go down over somebody else's network interface, and names it", async () => {
    const { subnet } = await lookAtNetwork(trial);
    const { NetworkInterface } = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnet.SubnetId! }));
    const NetworkInterfaceId = NetworkInterface!.NetworkInterfaceId!;
    const { code, stderr } = await trial.moonback("down", "--yes", "--keep-world");
    expect(code).to.equal(1);
    expect(stderr).to.include(`network interface ${NetworkInterfaceId} in`).and.include("not ours");
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
  });

  it("does not call itself down while something of ours is left that bills, and names it", async () => {
    const Tags = [{ Key: "project", Value: "moon-and-back" }, { Key: "env", Value: "trial" }];
    const { AllocationId } = await ec2.send(new AllocateAddressCommand({ Domain: "vpc", TagSpecifications: [{ ResourceType: "elastic-ip", Tags }] }));
    const { VolumeId } = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: "eu-west-1a", Size: 1, TagSpecifications: [{ ResourceType: "volume", Tags }] }));
    const { code, stderr } = await trial.moonback("down", "--yes", "--keep-world");
    expect(code).to.equal(1);
    expect(stderr).to.include(`elastic ip address ${AllocationId ?? "?"}`).and.include(`volume ${VolumeId ?? "?"}`);
    await ec2.send(new ReleaseAddressCommand({ AllocationId }));
    await ec2.send(new DeleteVolumeCommand({ VolumeId }));
  });

  it("goes down from there without leftovers, and the world stays when asked to", async () => {
    await trial.must("down", "--yes", "--keep-world");
    const { Tags = [] } = await ec2.send(new DescribeTagsCommand({ Filters: [{ Name: "key", Values: ["moonback:urn"] }] }));
    expect(Tags).to.deep.equal([]);
    expect(isAlive(trial.emulator)).to.equal(true);
    const { stdout } = await trial.must("status");
    expect(stdout).to.match(/network\s+not built; gate 01 never run/);
  });

  it("can go down twice; the second ends the world too", async () => {
    const { emulator } = trial;
    await trial.must("down", "--yes");
    expect(isAlive(emulator)).to.equal(false);
  });
});
