import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { parseDocument } from "yaml";
import type { Sources } from "../gates/gate.ts";
import { emulatorAddress, sshAddress } from "../rehearsal/addresses.ts";
import { isAlive, stopDaemon, type Daemon } from "../common/daemon.ts";
import { forwardUrl, loadEnvironment, type Environment } from "../stacks/config.ts";
import type { StageName } from "../stacks/outputs.ts";
import { stages } from "../stacks/registry.ts";
import type { Stage } from "../stacks/stage.ts";
import { awsSources } from "../worlds/aws-sources.ts";
import { bastionSource, type BastionAccess } from "../worlds/bastion-source.ts";
import { clusterSources } from "../worlds/cluster-source.ts";
import { ensureTool } from "../toolchain/toolchain.ts";
import { claimPlan, type ClaimedPlan } from "./address-plans.ts";
import "./world-tools.ts";

const checkout = join(import.meta.dirname, "..");

export interface Ran {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** The stages up to this one. */
export function stagesThrough(last: StageName): readonly Stage[] {
  return stages.slice(0, stages.findIndex(({ name }) => name === last) + 1);
}

function readIfThere(file: string | undefined): string | undefined {
  return file !== undefined && existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** A project folder of a test's own with one local environment, driven through the real command line. */
export class Trial implements AsyncDisposable {
  readonly directory: string;
  /** Address plans differ from test to test, so that worlds can live side by side. */
  readonly plan: string;
  readonly #claim: ClaimedPlan;
  /** The last stage that `up` builds: most tests are about what comes before the nodes, and those take their time. */
  through: StageName = "netboot";

  /** Without a plan it takes one that nobody has. */
  constructor(given?: string) {
    this.#claim = given === undefined ? claimPlan() : { plan: given, release: () => undefined };
    const { plan } = this.#claim;
    this.plan = plan;
    // Not every folder's name is a plain word.
    this.directory = mkdtempSync(join(tmpdir(), "moonback trial #"));
    const project = readFileSync(join(checkout, "Pulumi.yaml"), "utf8");
    // The programs stay in the checkout; only settings, state and run data are the test's own.
    writeFileSync(join(this.directory, "Pulumi.yaml"), project.replace("main: index.ts", `main: ${join(checkout, "index.ts")}`));
    copyFileSync(join(checkout, "Pulumi.rehearsal.yaml"), this.settingsFile);
    this.set("network.vpcCidr", `${plan}.0.0/16`);
    this.set("network.subnetCidr", `${plan}.0.0/24`);
    this.set("bastion.address", `${plan}.0.100`);
    this.set("bastion.dhcpRange", { first: `${plan}.0.110`, last: `${plan}.0.199` });
    this.set("nodes.firstAddress", `${plan}.0.11`);
  }

  get settingsFile(): string {
    return join(this.directory, "Pulumi.trial.yaml");
  }

  /** Changes one setting in the environment's file. */
  set(key: string, value: unknown): void {
    const document = parseDocument(readFileSync(this.settingsFile, "utf8"));
    const [first = "", ...rest] = key.split(".");
    document.setIn(["config", `moon-and-back:${first}`, ...rest], value);
    writeFileSync(this.settingsFile, document.toString());
  }

  get environment(): Environment {
    return loadEnvironment(this.directory, "trial");
  }

  get endpoint(): string {
    const { host, port } = emulatorAddress(`${this.plan}.0.0/16`);
    return `http://${host}:${port}`;
  }

  /** The emulator and the bastion as gates and tests ask them. */
  get sources(): Sources {
    return (this.#sources ??= this.#makeSources());
  }
  #sources: Sources | undefined;
  #close: () => void = () => undefined;

  #makeSources(): Sources {
    const credentials = { accessKeyId: "rehearsal", secretAccessKey: "rehearsal" };
    const aws = awsSources({ region: this.environment.region, endpoint: this.endpoint, credentials }, { via: "stand-in", by: `moto at ${this.endpoint}` });
    const { source: bastion, close } = this.bastionWith();
    // What `env` writes for a person's talosctl and kubectl.
    const file = async (variable: string): Promise<string | undefined> => readIfThere((await this.shell())[variable]);
    const cluster = clusterSources({
      talosconfig: () => file("TALOSCONFIG"),
      kubeconfig: () => file("KUBECONFIG"),
      bastion,
      talosctl: async () => (await ensureTool("talosctl")).path,
      proxyUrl: forwardUrl(this.environment),
      via: "stand-in",
      by: "the trial's nodes",
    });
    this.#close = () => {
      close();
      cluster.close();
    };
    return { ...aws, bastion, talos: cluster.talos, kubernetes: cluster.kubernetes };
  }

  /** The variables that `env` gives a person's shell. */
  async shell(): Promise<Readonly<Record<string, string | undefined>>> {
    const { stdout } = await this.must("env", "--json");
    return (JSON.parse(stdout.split("\n").find((line) => line.includes('"variables"')) ?? "{}") as { variables: Record<string, string | undefined> }).variables;
  }

  /** The bastion as gates ask it, on a connection of its own; with another host key than the pinned one where that is what a test is about. */
  bastionWith(hostKey?: string): ReturnType<typeof bastionSource> {
    const ssh = sshAddress(`${this.plan}.0.0/16`);
    return bastionSource({
      access: async () => ({ ...(await this.#access()), ...(hostKey === undefined ? {} : { hostKey }) }),
      sshAddress: () => ssh,
      via: "stand-in",
      by: "the trial's bastion",
      authorities: () => readFileSync(join(this.runData, "machines/internet-ca.pem"), "utf8"),
    });
  }

  /** What `env` writes for a person's ssh. */
  async #access(): Promise<BastionAccess> {
    const folder = join(this.runData, "ssh");
    if (!existsSync(folder)) await this.must("env");
    const read = (name: string): string => readFileSync(join(folder, name), "utf8");
    return { host: "the bastion", user: "moonback", privateKey: read("id_ed25519"), hostKey: read("known_hosts").replace(/^bastion /, "") };
  }

  get runData(): string {
    return join(this.directory, ".moonback/trial");
  }

  get emulator(): Daemon {
    return this.#record.emulator;
  }

  get #record(): { readonly emulator: Daemon; readonly machines?: Daemon } {
    return JSON.parse(readFileSync(join(this.runData, "world.json"), "utf8")) as { emulator: Daemon; machines?: Daemon };
  }

  /** The processes of the local world. */
  worldPids(): number[] {
    if (!existsSync(join(this.runData, "world.json"))) return [];
    const { emulator, machines } = this.#record;
    return [emulator.pid, ...(machines === undefined ? [] : [machines.pid])];
  }

  /** Runs a verb as a person does. */
  async moonback(verb: string, ...options: string[]): Promise<Ran> {
    const { exitCode, stdout, stderr } = await this.start([verb, ...options]);
    return { code: exitCode, stdout, stderr };
  }

  /** Starts a verb, for tests that do something to it while it runs. */
  start([verb = "", ...options]: readonly string[], variables: Readonly<Record<string, string>> = {}, timeout = 600_000) {
    const bounds = verb === "up" && !options.includes("--through") ? ["--through", this.through] : [];
    return execa(process.execPath, [join(checkout, "automation/moonback.mjs"), verb, "trial", ...options, ...bounds], {
      env: { MOONBACK_DIR: this.directory, ...variables },
      stdin: "ignore",
      reject: false,
      timeout,
    });
  }

  /** Runs a verb that must succeed. */
  async must(verb: string, ...options: string[]): Promise<Ran> {
    const ran = await this.moonback(verb, ...options);
    if (ran.code !== 0) throw new Error(`${verb} ${options.join(" ")} ended with ${ran.code ?? "a signal"}:\n${ran.stderr}`);
    return ran;
  }

  /** What `preview` would change, in one stage or in all that `up` builds: `op type [properties]`, sorted. */
  async previewed(stage?: string): Promise<string[]> {
    const { stdout } = await this.must("preview", "--json", ...(stage === undefined ? [] : ["--stage", stage]));
    const built = stagesThrough(this.through).map(({ name }) => name as string);
    const lines = stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line) as { kind: string; stage?: string; changes?: { op: string; type: string; properties: string[] }[] });
    const wanted = lines.filter((line) => line.kind === "preview" && (stage ?? built).includes(line.stage ?? "?"));
    return wanted.flatMap(({ changes = [] }) => changes.map(({ op, type, properties }) => [op, type, ...properties].join(" "))).sort();
  }

  /** The ids of the VPCs that carry this environment's tag. */
  async vpcs(): Promise<string[]> {
    const { DescribeVpcsCommand } = await import("@aws-sdk/client-ec2");
    const { Vpcs = [] } = await (await this.sources.ec2.client()).send(new DescribeVpcsCommand({ Filters: [{ Name: "tag:env", Values: ["trial"] }] }));
    return Vpcs.map(({ VpcId }) => VpcId ?? "?");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    if (existsSync(join(this.runData, "world.json"))) {
      const { machines, emulator } = this.#record;
      for (const daemon of [machines, emulator]) if (daemon !== undefined && isAlive(daemon)) await stopDaemon(daemon);
    }
    const forward = readIfThere(join(this.runData, "forward.json"));
    if (forward !== undefined) await stopDaemon(JSON.parse(forward) as Daemon);
    this.#claim.release();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
