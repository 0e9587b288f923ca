import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { parseDocument } from "yaml";
import { poll, type Attempt } from "../../common/poll.ts";
import { isAlive, type Daemon } from "../../common/daemon.ts";
import { stages } from "../../stacks/registry.ts";
import { ndjson } from "../automation/project.ts";
import { motoPython } from "../moto-tool.ts";
import { pulumiCli } from "../pulumi-tool.ts";
import { Trial } from "../trial.ts";

const checkout = join(import.meta.dirname, "../..");
const golden = join(import.meta.dirname, "golden/demo-plan.txt");
const update = process.env["UPDATE_GOLDEN"] === "1";
/** The tools' cache: `<cache>/tools/<name>/<version>/…`. */
const cache = motoPython.slice(0, motoPython.lastIndexOf("/tools/"));

/** Every file below a folder with its content's digest, and every folder. */
function listing(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries.map((entry) => [join(entry.parentPath, entry.name).slice(folder.length + 1), entry.isFile() ? createHash("sha256").update(readFileSync(join(entry.parentPath, entry.name))).digest("hex") : "folder"]),
  );
}

/** Somebody with a checkout and nothing else: no credentials, an empty home, settings as they are committed. */
class Reviewer implements Disposable {
  readonly #place = mkdtempSync(join(tmpdir(), "moonback reviewer #"));
  readonly project = join(this.#place, "project");
  readonly home = join(this.#place, "home");
  /** Where throw-away folders go. */
  readonly temporary = join(this.#place, "tmp");

  constructor() {
    for (const folder of [this.project, this.home, this.temporary]) mkdirSync(folder);
    for (const file of ["Pulumi.yaml", "Pulumi.demo.yaml"]) copyFileSync(join(checkout, file), join(this.project, file));
  }

  /** Changes settings of `demo`. */
  set(settings: Readonly<Record<string, unknown>>): void {
    const file = join(this.project, "Pulumi.demo.yaml");
    const document = parseDocument(readFileSync(file, "utf8"));
    for (const [key, value] of Object.entries(settings)) {
      const [first = "", ...rest] = key.split(".");
      document.setIn(["config", `moon-and-back:${first}`, ...rest], value);
    }
    writeFileSync(file, document.toString());
  }

  start(options: readonly string[] = [], variables: Readonly<Record<string, string>> = {}) {
    const env = { PATH: [dirname(process.execPath), dirname(pulumiCli), "/usr/bin", "/bin"].join(":"), HOME: this.home, TMPDIR: this.temporary, MOONBACK_DIR: this.project, MOONBACK_CACHE_DIR: cache, ...variables };
    return execa(process.execPath, [join(checkout, "automation/moonback.mjs"), "preview", "demo", "--offline", ...options], { env, extendEnv: false, reject: false, stdin: "ignore", timeout: 120_000 });
  }

  async plan(options: readonly string[] = [], variables: Readonly<Record<string, string>> = {}): Promise<{ code: number | undefined; stdout: string; stderr: string }> {
    const { exitCode, stdout, stderr } = await this.start(options, variables);
    expect(stderr, "a stack is for nobody").to.not.match(/^ {4}at /m);
    return { code: exitCode, stdout, stderr };
  }

  /** The plan's lines, of a run that must succeed. */
  async lines(variables: Readonly<Record<string, string>> = {}): Promise<string[]> {
    const { code, stdout, stderr } = await this.plan([], variables);
    expect(code, stderr).to.equal(0);
    return stdout.split("\n");
  }

  /** What a run left: Node's cache of compiled programs is every program's. */
  get left(): string[] {
    return [...readdirSync(this.temporary).filter((name) => name !== "node-compile-cache"), ...readdirSync(this.home)];
  }

  /** The process ids of everything that was started from here and still runs: all of it knows this home. */
  get processes(): string[] {
    const mark = `\0HOME=${this.home}\0`;
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((pid) => `\0${environmentOf(pid)}`.includes(mark));
  }

  /** Ends when nothing of it runs any more. */
  async quiet(): Promise<void> {
    const look = (): Attempt<true> => (this.processes.length === 0 ? { done: true, value: true } : { done: false, reason: `still there: ${this.processes.join(", ")}` });
    await poll(() => Promise.resolve(look()), { timeoutMs: 20_000, intervalMs: 50 });
  }

  [Symbol.dispose](): void {
    for (const pid of this.processes) process.kill(Number(pid), "SIGKILL");
    rmSync(this.#place, { recursive: true, force: true });
  }
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8");
  } catch {
    // It ended, or is somebody else's.
    return "";
  }
}

/** The lines that differ, each under the resource or list it belongs to: `name property: value`. */
function changed(before: readonly string[], after: readonly string[]): string[] {
  expect(after, "no line more and no line less").to.have.length(before.length);
  let place = "";
  return after.flatMap((line, index) => {
    if (/^ {2}\S/.test(line)) place = line.startsWith("  +") ? (line.split(" ").at(-1) ?? "") : "files";
    return line === before[index] ? [] : [`${place} ${line.trim().replace(/sha256:.*/, "…")}`];
  });
}

/** The emulator of a plan that is being made, read from its throw-away folder. */
async function emulatorOf(reviewer: Reviewer): Promise<Daemon> {
  return poll(
    () => {
      const [folder] = readdirSync(reviewer.temporary).filter((name) => name.startsWith("moonback-offline-"));
      const record = join(reviewer.temporary, folder ?? "none yet", "world.json");
      return Promise.resolve(existsSync(record) ? { done: true, value: (JSON.parse(readFileSync(record, "utf8")) as { emulator: Daemon }).emulator } : { done: false, reason: `no ${record}` });
    },
    { timeoutMs: 60_000, intervalMs: 10 },
  );
}

describe("the plan of demo offline", () => {
  describe("of the committed settings, without account, credentials or home", () => {
    let untouched: Record<string, string>;
    let plan: Awaited<ReturnType<Reviewer["plan"]>>;
    let running: readonly string[];
    let reviewer: Reviewer;
    before(async () => {
      reviewer = new Reviewer();
      untouched = listing(reviewer.project);
      const planned = reviewer.plan();
      await emulatorOf(reviewer);
      running = reviewer.processes;
      plan = await planned;
    });
    after(() => reviewer[Symbol.dispose]());

    it("is the golden one, word for word", () => {
      expect(plan.code, plan.stderr).to.equal(0);
      if (update) writeFileSync(golden, `${plan.stdout}\n`);
      expect(existsSync(golden), "the golden plan is missing: write it with UPDATE_GOLDEN=1 and read it").to.equal(true);
      expect(`${plan.stdout}\n`).to.equal(readFileSync(golden, "utf8"));
    });

    it("and a run that rewrites the golden plan never passes", () => expect(update, "UPDATE_GOLDEN is set").to.equal(false));

    it("has something of every stage", () => {
      for (const { name } of stages) expect(plan.stdout).to.match(new RegExp(`^${name}: [1-9]\\d* resource`, "m"));
    });

    it("says that it read from the emulator and wrote nothing, and whose the image ids are", () => {
      expect(plan.stderr).to.match(/planned against moto, an AWS emulator, at \S+: [1-9]\d* read calls and no write call reached it/);
      expect(plan.stderr).to.match(/image ids are the emulator's, ami-\w+/);
    });

    it("leaves the project folder, the home and the throw-away folder as they were", () => {
      expect(listing(reviewer.project)).to.deep.equal(untouched);
      expect(reviewer.left).to.deep.equal([]);
    });

    it("leaves no process", async () => {
      expect(running, "this process, emulator and engine").to.have.length.of.at.least(2);
      await reviewer.quiet();
    });

    it("is made twice at once, the same both times, and in a shell of another environment with somebody's credentials, state and provider plugins", async () => {
      using other = new Reviewer();
      const shell = {
        MOONBACK_ENV: "rehearsal",
        AWS_PROFILE: "nobody",
        AWS_ENDPOINT_URL: "http://127.0.0.1:9",
        PULUMI_BACKEND_URL: "file:///nonexistent",
        PULUMI_CONFIG_PASSPHRASE_FILE: "/nonexistent",
        PROVIDERS: "official",
      };
      const both = await Promise.all([reviewer.lines(), other.lines(shell)]);
      for (const lines of both) expect(lines.join("\n")).to.equal(plan.stdout);
      expect([...reviewer.left, ...other.left]).to.deep.equal([]);
    });

    it("is for programs too: a line a stage, and the count of calls", async () => {
      const { code, stdout } = await reviewer.plan(["--json"]);
      expect(code).to.equal(0);
      const events = ndjson(stdout);
      expect(events.filter(({ kind }) => kind === "plan").map(({ stage }) => stage)).to.deep.equal(stages.map(({ name }) => name));
      const [calls] = events.filter(({ kind }) => kind === "offline");
      expect(calls).to.include({ writes: 0 }).and.have.property("reads").that.is.greaterThan(0);
      const vpc = (events[0] as { resources: { type: string; inputs: Record<string, unknown> }[] }).resources.find(({ type }) => type === "aws:ec2/vpc:Vpc");
      expect(vpc?.inputs["cidrBlock"]).to.equal("10.10.0.0/16");
    });

    it("shows the one stage that is asked for", async () => {
      const { code, stdout } = await reviewer.plan(["--stage", "bastion"]);
      expect(code).to.equal(0);
      expect(stdout).to.match(/^bastion: /);
      expect(plan.stdout).to.include(stdout);
      expect(stdout).to.not.include("network-vpc");
    });
  });

  describe("shows what a change of settings changes, and nothing else:", () => {
    let reviewer: Reviewer;
    let last: string[];
    before(async () => {
      reviewer = new Reviewer();
      reviewer.set({ operatorPrefix: "2a00:1:2:1::/64" });
      last = await reviewer.lines();
    });
    after(() => reviewer[Symbol.dispose]());

    const ofNodes = (line: (name: string) => string): string[] => [1, 2, 3].map((number) => line(`talos-node-${number}`));
    for (const [settings, expected] of [
      [{ operatorPrefix: "2a00:1:2:2::/64" }, ["network-groups-bastion ingress[0].ipv6CidrBlocks[0]: 2a00:1:2:2::/64"]],
      [
        { "bastion.address": "10.10.0.101" },
        ["bastion-interface privateIps[0]: 10.10.0.101", "files compose.yaml: …", "files dnsmasq.conf: …", "files tftp/boot.ipxe: …", "files pihole.conf: …", "files squid.conf: …", ...ofNodes((name) => `${name}-group-template userData: …`), ...ofNodes((name) => `${name}-config environment.PATCH_1: …`)],
      ],
      [
        { "bastion.dhcpRange.last": "10.10.0.200", "bastion.volumeGiB": 20, "window.hours": 4 },
        ["bastion-group-stop recurrence: 0 22 * * 1,2,3,4,5", "bastion-group-template blockDeviceMappings[0].ebs.volumeSize: 20", "files dnsmasq.conf: …", ...ofNodes((name) => `${name}-group-stop recurrence: 0 22 * * 1,2,3,4,5`)],
      ],
      [{ "nodes.volumeGiB": 12 }, ofNodes((name) => `${name}-group-template blockDeviceMappings[0].ebs.volumeSize: 12`)],
    ] as const) {
      it(Object.keys(settings).join(", "), async () => {
        reviewer.set(settings);
        const now = await reviewer.lines();
        expect(changed(last, now)).to.deep.equal(expected);
        last = now;
      });
    }
  });

  it("is made as the account that the settings allow, and of an address plan that no rehearsal could have", async () => {
    using reviewer = new Reviewer();
    reviewer.set({ awsAccountId: "999988887777", "network.vpcCidr": "172.20.0.0/16", "network.subnetCidr": "172.20.7.0/24", "bastion.address": "172.20.7.100", "bastion.dhcpRange": { first: "172.20.7.110", last: "172.20.7.199" }, "nodes.firstAddress": "172.20.7.11" });
    const lines = await reviewer.lines();
    expect(lines).to.include("      allowedAccountIds: [\"999988887777\"]").and.include("      cidrBlock: 172.20.0.0/16");
  });

  it("is made without a secret that is not at hand, and shows none that is; wherever the state is kept", async () => {
    using reviewer = new Reviewer();
    const wireguard = { endpoint: "home.example.org:51820", peerPublicKey: "aG9tZSBsYWIgcGVlciBwdWJsaWMga2V5IDAxMjM0NTY=", address: "10.200.0.2", privateKey: "env:WG_KEY" };
    reviewer.set({ "bastion.egress": "wireguard", "bastion.wireguard": wireguard, stateBackend: "s3://somebody-elses-bucket" });
    const without = await reviewer.lines();
    const canary = "Y2FuYXJ5IGNhbmFyeSBjYW5hcnkgY2FuYXJ5IGNhbmE=";
    const { code, stdout, stderr } = await reviewer.plan([], { WG_KEY: canary });
    expect(code, stderr).to.equal(0);
    expect(stdout.split("\n")).to.deep.equal(without);
    expect(stdout).to.match(/wireguard-key\n(?: {6}.*\n)* {6}value: \(secret\)/).and.match(/wireguard\/home\.conf: sha256:/);
    expect(stdout + stderr).to.not.include(canary);
  });

  it("exits 3 for settings that admit the internet, after the whole plan, and names the group", async () => {
    using reviewer = new Reviewer();
    reviewer.set({ "network.vpcCidr": "100.64.0.0/16", "network.subnetCidr": "100.64.0.0/24", "bastion.address": "100.64.0.100", "bastion.dhcpRange": { first: "100.64.0.110", last: "100.64.0.199" }, "nodes.firstAddress": "100.64.0.11" });
    const { code, stdout, stderr } = await reviewer.plan();
    expect(code, stderr).to.equal(3);
    expect(stderr).to.include("network-groups-bastion admits 100.64.0.0/24");
    expect(stdout).to.match(/^netboot: /m);
    expect(reviewer.left).to.deep.equal([]);
  });

  it("exits 2 for a typo in the settings, for a stage and for an environment that do not exist, before anything is started", async () => {
    using reviewer = new Reviewer();
    const unknown = await reviewer.plan(["--stage", "roof"]);
    expect([unknown.code, unknown.stdout]).to.deep.equal([2, ""]);
    expect(unknown.stderr).to.include('There is no stage "roof"').and.not.include("moto");
    reviewer.set({ regoin: "eu-west-1" });
    const typo = await reviewer.plan();
    expect([typo.code, typo.stdout]).to.deep.equal([2, ""]);
    expect(typo.stderr).to.include("regoin").and.not.include("moto");
    expect(reviewer.left).to.deep.equal([]);
  });

  it("that fails says why and ends, keeps the logs, names them, and leaves nothing else", async () => {
    using reviewer = new Reviewer();
    reviewer.set({ region: "xx-nowhere-9", availabilityZone: "xx-nowhere-9a" });
    const { code, stdout, stderr } = await reviewer.plan();
    expect([code, stdout], stderr).to.deep.equal([1, ""]);
    // Two functions fail, and whichever does first ends the plan.
    expect(stderr).to.match(/^ {2}.*invocation of aws:ec2\/(getAmi:getAmi|getInstances:getInstances) returned an error: .*xx-nowhere-9/m).and.not.include("canceled");
    const [folder = "", ...others] = reviewer.left;
    expect(others).to.deep.equal([]);
    const logs = join(reviewer.temporary, folder, "logs");
    expect(stderr).to.include(`kept: the logs of engine and emulator, in ${logs}`);
    expect(readdirSync(join(reviewer.temporary, folder))).to.deep.equal(["logs"]);
    const run = readdirSync(logs).find((name) => /^\d{8}T/.test(name)) ?? "";
    expect(readFileSync(join(logs, run), "utf8")).to.include("returned an error");
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`ended by ${signal} leaves nothing, shows nothing and exits 130`, async () => {
      using reviewer = new Reviewer();
      const run = reviewer.start();
      const emulator = await emulatorOf(reviewer);
      run.kill(signal);
      const { exitCode, stdout, stderr } = await run;
      expect(exitCode, stderr).to.equal(130);
      expect(stdout, "half a plan looks like a whole one").to.equal("");
      expect(isAlive(emulator)).to.equal(false);
      expect(reviewer.left).to.deep.equal([]);
      await reviewer.quiet();
    });
  }

  it("killed takes along all that it has started", async () => {
    using reviewer = new Reviewer();
    const run = reviewer.start();
    await emulatorOf(reviewer);
    run.kill("SIGKILL");
    await run;
    await reviewer.quiet();
  });
});

describe("the plan of a local environment offline", () => {
  it("is what a preview of nothing points to; it is made beside its running world, and neither notices the other", async () => {
    await using trial = new Trial();
    const first = await trial.must("preview");
    expect(first.stdout).to.match(/^network: \d+ to create$/m).and.include("bastion: cannot be seen before network is up").and.include("netboot: cannot be seen before bastion is up");
    expect(first.stderr).to.include("`npm run preview -- trial --offline` plans every stage");
    await trial.must("up", "--through", "network");
    const before = listing(trial.directory);
    const { stdout } = await trial.must("preview", "--offline");
    expect(stdout).to.include("  + aws:ec2/vpc:Vpc network-vpc\n").and.include(`cidrBlock: ${trial.plan}.0.0/16`);
    expect(listing(trial.directory)).to.deep.equal(before);
    expect(isAlive(trial.emulator)).to.equal(true);
    expect(await trial.previewed("network")).to.deep.equal([]);
  });
});
