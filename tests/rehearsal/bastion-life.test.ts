import { CreateAutoScalingGroupCommand, DescribeAutoScalingGroupsCommand } from "@aws-sdk/client-auto-scaling";
import { CreateLaunchTemplateCommand, DescribeTagsCommand, TerminateInstancesCommand, type EC2Client } from "@aws-sdk/client-ec2";
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { secretIn } from "../../gates/secret-scan.ts";
import { ourBastion } from "../../gates/ours.ts";
import type { LedgerEvent } from "../../automation/ledger.ts";
import { isAlive } from "../../common/daemon.ts";
import { Trial } from "../trial.ts";

const parsed = (stdout: string) => stdout.split("\n").map((line) => JSON.parse(line) as LedgerEvent);

/** What each stage's update came to. */
const stagesOf = (stdout: string): Record<string, string | undefined> =>
  Object.fromEntries(parsed(stdout).filter(({ kind, status }) => kind === "stage" && status === "green").map(({ stage = "", evidence }) => [stage, evidence] as const));

/** Every file below a folder, but not through links. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
}

describe("a bastion's life", () => {
  let trial: Trial;
  let ec2: EC2Client;
  const printed: string[] = [];
  /** Runs a verb and keeps what it printed, for the scan. */
  const run = async (...words: [string, ...string[]]) => {
    const ran = await trial.must(...words);
    printed.push(ran.stdout, ran.stderr);
    return ran;
  };
  const instance = async (): Promise<string> => (await ourBastion(ec2, trial.environment)).InstanceId;

  before(async () => {
    trial = new Trial();
    ec2 = await trial.sources.ec2.client();
  });
  after(() => trial[Symbol.asyncDispose]());

  it("begins inside the window only: outside of it nothing is begun, and it says when to come back", async () => {
    const { exitCode, stdout, stderr } = await trial.start(["up"], { MOONBACK_NOW: "2026-11-23T04:00:00+01:00" });
    expect([exitCode, stdout]).to.deep.equal([4, ""]);
    expect(stderr).to.include("The window of trial is closed").and.include("Monday").and.include("18:00").and.include("Europe/Berlin");
    expect(existsSync(join(trial.runData, "world.json"))).to.equal(false);
  });

  it("comes up from nothing, every gate green, with who answered on every line", async () => {
    const { stdout } = await run("up", "--json");
    const events = parsed(stdout);
    expect(Object.keys(stagesOf(stdout))).to.deep.equal(["network", "bastion", "netboot"]);
    const checks = events.filter(({ kind }) => kind === "check");
    expect(checks.filter(({ status }) => status === "red")).to.deep.equal([]);
    // Only what looks at the plan was answered by the real thing.
    for (const { check, via, status } of checks) if (status === "green") expect(via, check).to.equal(check!.startsWith("09.plan-") ? "real" : "stand-in");
    expect(events.at(-1)).to.include({ kind: "run", verb: "up", status: "green" });
  });

  it("is left alone by a second up", async () => {
    const before = await instance();
    const { stdout } = await run("up", "--json");
    expect(stagesOf(stdout)).to.deep.equal({ network: "unchanged", bastion: "unchanged", netboot: "unchanged" });
    expect(await trial.previewed()).to.deep.equal([]);
    expect(await instance()).to.equal(before);
  });

  it("carries its own URN on everything that takes tags, each in its stack's state", async () => {
    const { Tags = [] } = await ec2.send(new DescribeTagsCommand({ Filters: [{ Name: "key", Values: ["moonback:urn"] }] }));
    const urns = Tags.map(({ Value }) => Value ?? "");
    expect(urns.length).to.be.greaterThan(10);
    const states = ["network", "bastion"].map((stage) => readFileSync(join(trial.runData, `state/.pulumi/stacks/moon-and-back/trial-${stage}.json`), "utf8")).join();
    for (const urn of urns) expect(states).to.include(urn.replaceAll("@", "$"));
  });

  it("makes a new instance when one is terminated, which up finds and proves without a hand edit", async () => {
    const first = await instance();
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [first] }));
    const { stdout } = await run("up", "--json");
    expect(await instance()).to.not.equal(first);
    // Nothing of the machine's declaration changed; what was put on it names its generation and is done anew.
    expect(stagesOf(stdout)).to.deep.equal({ network: "unchanged", bastion: "unchanged", netboot: "done: 1 to replace" });
    expect(existsSync(join(trial.runData, "machines", first))).to.equal(false);
    expect(stagesOf((await run("up", "--json")).stdout)["netboot"]).to.equal("unchanged");
  });

  it("becomes another machine when its user data changes", async () => {
    const first = await instance();
    trial.set("bastion.dhcpRange.last", `${trial.plan}.0.150`);
    expect(await trial.previewed("bastion")).to.deep.equal([
      "update aws:autoscaling/group:Group launchTemplate",
      "update aws:ec2/launchTemplate:LaunchTemplate userData",
    ]);
    await run("up");
    expect(await instance()).to.not.equal(first);
    expect(await trial.previewed()).to.deep.equal([]);
  });

  it("moves to another address, machine and all", async () => {
    const first = await instance();
    trial.set("bastion.address", `${trial.plan}.0.77`);
    await run("up");
    expect(await instance()).to.not.equal(first);
    expect((await ourBastion(ec2, trial.environment)).PrivateIpAddress).to.equal(`${trial.plan}.0.77`);
    expect(await trial.previewed()).to.deep.equal([]);
  });

  it("is not left without the ground it stands on: what would replace its subnet is refused before anything is changed", async () => {
    const { availabilityZone } = trial.environment;
    trial.set("availabilityZone", "eu-west-1b");
    const { code, stderr } = await trial.moonback("up");
    expect(code).to.equal(2);
    expect(stderr).to.include("network-subnet").and.include("stage bastion stands on that").and.include("npm run down -- trial");
    trial.set("availabilityZone", availabilityZone);
    expect(await trial.previewed()).to.deep.equal([]);
  });

  it("is healed by up when its machine's folder is gone", async () => {
    rmSync(join(trial.runData, "machines"), { recursive: true });
    const { stderr } = await run("up");
    expect(stderr).to.include("begun anew");
  });

  it("shows what its services say, and names the ones it knows", async () => {
    const { stdout } = await run("logs", "--service", "dnsmasq", "--tail", "50");
    expect(stdout).to.include(`DHCP, IP range ${trial.plan}.0.110 -- ${trial.plan}.0.150`);
    const { code, stderr } = await trial.moonback("logs", "--service", "matchbocks");
    expect(code).to.equal(2);
    expect(stderr).to.include('no service "matchbocks"').and.include("matchbox");
  });

  it("gives a shell no other cluster to see where it has none itself", async () => {
    const { stdout } = await run("env");
    for (const name of ["KUBECONFIG", "TALOSCONFIG"]) {
      const file = new RegExp(`^export ${name}='(.+)'$`, "m").exec(stdout)?.[1] ?? "";
      expect(file).to.match(/\/cluster\//);
      expect(existsSync(file)).to.equal(false);
    }
  });

  it("keeps every secret to itself, after up and after a refresh", async () => {
    await run("preview", "--json");
    await run("env");
    const own = readFileSync(join(trial.runData, "ssh/id_ed25519"), "utf8");
    const passphrase = readFileSync(join(trial.runData, "passphrase"), "utf8").trim();
    // Lines of a key, since a file may hold it with other line ends.
    const words = [...own.split("\n").filter((line) => line.length > 40 && !line.startsWith("-")), passphrase].map((word) => [word, "a secret of this environment"] as const);
    // Keys on disk, each readable by its owner only: ssh's own, the passphrase, and what the machine itself fetched.
    const meant = (file: string): boolean => ["/ssh/id_ed25519", "/passphrase", "/opt/moonback/secrets/ssh_host_ed25519_key"].some((end) => file.endsWith(end));
    const files = filesBelow(trial.runData).filter((file) => !meant(file));
    expect(files.length).to.be.greaterThan(20);
    for (const file of files) expect(secretIn(readFileSync(file), words), file).to.equal(undefined);
    for (const text of printed) expect(secretIn(text, words)).to.equal(undefined);
    // The same scan finds what is planted, packed as user data is.
    expect(secretIn(own)).to.equal("a private key");
    expect(secretIn(Buffer.from(`x${words[0]![0]}`).toString("base64"), words)).to.equal("a secret of this environment");
  });

  it("goes down without leftovers, the machines first", async () => {
    const { machines } = JSON.parse(readFileSync(join(trial.runData, "world.json"), "utf8")) as { machines: { pid: number; startTime: string } };
    const { stdout } = await run("down", "--yes");
    expect(stdout).to.include("lists nothing of it");
    expect(isAlive(machines)).to.equal(false);
    expect(existsSync(join(trial.runData, "ssh"))).to.equal(false);
  });
});

describe("a bastion with a tunnel home", () => {
  const key = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";

  it("asks for the tunnel's key before anything is touched, and reaches IPv4 through it without a public address", async () => {
    await using trial = new Trial();
    trial.set("bastion.egress", "wireguard");
    trial.set("bastion.wireguard", { endpoint: "home.example.org:51820", peerPublicKey: "+Cq7dJ8rFZ1Yv7HlqYt0m2n4p6r8s0t2u4v6w8y0A1B=", address: "10.99.0.2", privateKey: "env:HOME_KEY" });
    const without = await trial.start(["up"]);
    expect(without.exitCode).to.equal(2);
    expect(without.stderr).to.include("bastion.wireguard.privateKey").and.include("the variable HOME_KEY is not set");
    expect(existsSync(join(trial.runData, "world.json"))).to.equal(false);

    const { exitCode, stdout, stderr } = await trial.start(["up", "--json"], { HOME_KEY: key });
    expect(exitCode, stderr).to.equal(0);
    expect(parsed(stdout).find(({ check }) => check === "02.egress-ipv4")).to.include({ status: "green" });
    const ec2 = await trial.sources.ec2.client();
    expect((await ourBastion(ec2, trial.environment)).PublicIpAddress).to.equal(undefined);
    const files = filesBelow(trial.runData).filter((file) => !file.endsWith("/opt/moonback/secrets/wireguard.key"));
    for (const text of [stdout, stderr, ...files.map((file) => readFileSync(file))]) expect(secretIn(text, [[key, "the tunnel's key"]])).to.not.equal("the tunnel's key");
  });
});

describe("a group of somebody else's", () => {
  it("with the bastion's name is refused before anything is made, and never touched", async () => {
    await using trial = new Trial();
    await trial.must("up", "--through", "network");
    const [ec2, scaling] = await Promise.all([trial.sources.ec2.client(), trial.sources.autoscaling.client()]);
    const { LaunchTemplate } = await ec2.send(new CreateLaunchTemplateCommand({ LaunchTemplateName: "theirs", LaunchTemplateData: { ImageId: "ami-0d132025111722990", InstanceType: "t4g.small" } }));
    const AutoScalingGroupName = "moonback-trial-bastion";
    await scaling.send(new CreateAutoScalingGroupCommand({ AutoScalingGroupName, MinSize: 0, MaxSize: 0, AvailabilityZones: ["eu-west-1a"], LaunchTemplate: { LaunchTemplateId: LaunchTemplate!.LaunchTemplateId!, Version: "1" } }));
    const { code, stderr } = await trial.moonback("up");
    expect(code).to.equal(2);
    expect(stderr).to.include(AutoScalingGroupName).and.include("not ours").and.include("moon-and-back:names");
    const { AutoScalingGroups } = await scaling.send(new DescribeAutoScalingGroupsCommand({}));
    expect(AutoScalingGroups!.map(({ MaxSize, Tags }) => [MaxSize, Tags])).to.deep.equal([[0, []]]);
  });
});

describe("two environments", () => {
  it("are up at once, both green; one goes down, and the other is still green", async () => {
    await using first = new Trial();
    await using second = new Trial();
    await first.must("up");
    await second.must("up");
    await first.must("gates", "--only", "01,02,03,09");
    await second.must("gates", "--only", "01,02,03,09");
    await first.must("down", "--yes");
    await second.must("gates", "--only", "01,02,03,09");
  });
});
