import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { ExitCode, UserError } from "../common/errors.ts";
import { systemClock } from "../common/poll.ts";
import { awsEndpointVariables, awsSources } from "../worlds/aws-sources.ts";
import { bastionSource } from "../worlds/bastion-source.ts";
import type { BastionAccessor, Progress, World, WorldState } from "../worlds/world.ts";
import type { Environment } from "../stacks/config.ts";
import { takeLock } from "../toolchain/lock.ts";
import { ensureTool, inspectTools, platformProblem } from "../toolchain/toolchain.ts";
import { emulatorAddress, sshAddress, throwAwayAddress } from "./addresses.ts";
import { isAlive, stopDaemon } from "../common/daemon.ts";
import { askIdentity, emulatorVersion, startEmulator } from "./emulator.ts";
import { roomOf } from "./netboot/control.ts";
import { internetCa, machinesFolder } from "./netboot/room-folder.ts";
import { startMachines } from "./netboot/start.ts";
import { roomTools } from "./room-tools.ts";
import { fireSchedules } from "./schedules.ts";

/** `world.json`: what runs for this environment, and since which start. */
const daemon = z.object({ pid: z.number(), startTime: z.string() });
const worldRecord = z.object({
  epoch: z.string(),
  /** The code that the emulator runs; missing in the record of an older version. */
  code: z.string().optional(),
  emulator: daemon,
  /** The machine room, once there was something to run in it. */
  machines: daemon.optional(),
  /** What its clock was last told. */
  time: z.string().optional(),
  /** Where it listens: it stays there when the address plan in the settings changes. */
  address: z.object({ host: z.string(), port: z.number() }),
});
type WorldRecord = z.infer<typeof worldRecord>;

/** The record, if there is one that this version can read; an emulator whose record it cannot read is begun anew. */
function readRecord(file: string): WorldRecord | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return worldRecord.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}

export interface LocalWorldOptions {
  /** The project directory it belongs to. */
  readonly owner: string;
  readonly runData: string;
  /** The way into the bastion. */
  readonly access: BastionAccessor;
  /** For a plan only: beside whatever runs for the same address plan, as the environment's own account, and gone with this process. */
  readonly throwAway?: boolean;
}

/** The emulator takes any credentials; these say what they are to whoever finds them. */
const standInCredentials = { accessKeyId: "rehearsal", secretAccessKey: "rehearsal" };
/** A developer's own AWS settings must neither be used here nor leak into what is started here. */
const operatorsOwn = [
  "AWS_PROFILE",
  "AWS_SESSION_TOKEN",
  "AWS_ROLE_ARN",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONFIG_FILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  ...awsEndpointVariables,
  "PULUMI_CONFIG_PASSPHRASE",
  "PULUMI_CONFIG_PASSPHRASE_FILE",
];

/** The local world: an AWS emulator on loopback that lives from `up` to `down`, and stand-in provider plugins. */
export function localWorld(environment: Environment, { owner, runData, access, throwAway = false }: LocalWorldOptions): World {
  const file = join(runData, "world.json");
  const found = readRecord(file);
  const { vpcCidr } = environment.network;
  const { host, port } = found !== undefined && isAlive(found.emulator) ? found.address : throwAway ? throwAwayAddress(process.pid) : emulatorAddress(vpcCidr);
  const endpoint = `http://${host}:${port}`;
  const description = `moto, an AWS emulator, at ${endpoint}`;
  const official = process.env["PROVIDERS"] === "official" && !throwAway;

  const state = (): WorldState => {
    const record = readRecord(file);
    if (record === undefined) return "stopped";
    return isAlive(record.emulator) ? "running" : "died";
  };

  const stranger = async (): Promise<string | undefined> => {
    const identity = await askIdentity({ host, port });
    if (identity === undefined || identity.epoch === readRecord(file)?.epoch) return undefined;
    return `${endpoint} is answered by the emulator of environment ${identity.env} (pid ${identity.pid}), which this folder did not start`;
  };
  // Another folder's emulator may stand at the same address: what it says is nothing about this environment.
  const confirm = async (): Promise<void> => {
    const problem = await stranger();
    if (problem !== undefined) throw new Error(problem);
    if (state() !== "running") throw Object.assign(new Error(`nobody answers at ${endpoint}`), { code: "ECONNREFUSED" });
  };

  const ssh = sshAddress(vpcCidr);
  const authority = internetCa(runData);
  const { source: bastion, close } = bastionSource({
    access,
    sshAddress: () => ssh,
    via: "stand-in",
    by: `the rehearsal's bastion at [${ssh.host}]:${ssh.port}`,
    confirm,
    authorities: () => (existsSync(authority) ? readFileSync(authority, "utf8") : undefined),
  });

  return {
    description,
    standIns: [
      "the AWS API (moto)",
      ...(official ? [] : ["the provider plugins (rehearsal/providers)"]),
      "the bastion's machine (rehearsal/netboot; real there: matchbox, registries, crane)",
      "the nodes: iPXE, Talos' API, kubelets (rehearsal/talos; real there: talosctl, etcd, Kubernetes' control plane, KWOK)",
      "the internet behind them",
      "the time of day (inside the window, unless MOONBACK_NOW tells it)",
    ],
    costsMoney: false,
    clock: "rehearsed",
    settleMs: 0,
    nodes: { via: "stand-in", by: `the rehearsal's nodes in ${vpcCidr}` },
    // A copy: the SDK writes into the object that it is given.
    sources: { ...awsSources({ region: environment.region, endpoint, credentials: { ...standInCredentials } }, { via: "stand-in", by: description, confirm }), bastion },
    programFolders: official ? [] : [join(import.meta.dirname, "providers", "bin")],
    variables: {
      ...Object.fromEntries(operatorsOwn.map((name) => [name, undefined])),
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: environment.region,
      AWS_DEFAULT_REGION: environment.region,
      AWS_ACCESS_KEY_ID: standInCredentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: standInCredentials.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: "true",
      // Where the stand-in command provider finds the bastion, whatever address it is told.
      MOONBACK_SSH_ADDRESS: `[${ssh.host}]:${ssh.port}`,
      // The engine's own home keeps its list of stacks and plugins out of the operator's.
      ...(official ? {} : { PULUMI_HOME: join(runData, "pulumi-home"), PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" }),
    },
    missing: () => Promise.resolve(platformProblem()),
    stranger,
    state: () => Promise.resolve(state()),
    start: async ({ progress, signal }) => {
      if (state() === "running") {
        if (readRecord(file)?.code !== emulatorVersion()) progress(`this world was started by another version of the project; \`npm run down -- ${environment.name}\` and \`up\` begin it anew`);
        return "running";
      }
      const problem = platformProblem();
      if (problem !== undefined) throw new UserError(problem, { exitCode: ExitCode.usage });
      mkdirSync(runData, { recursive: true });
      const free = await takeLock({ progress, signal, clock: systemClock }, join(runData, "world.lock"), "starting the local world");
      try {
        return await startUnlessRunning(progress, signal);
      } finally {
        await free();
      }
    },
    prepareMachines: async (options) => {
      const free = await takeLock({ progress: options.progress, signal: options.signal, clock: systemClock }, join(runData, "world.lock"), "preparing the machine room");
      try {
        await prepareMachines(options);
      } finally {
        await free();
      }
    },
    passTime: async (to, { progress }) => {
      const record = readRecord(file);
      if (record === undefined) throw new Error("time passes in a world that runs");
      const before = new Date(record.time ?? to);
      if (record.time !== undefined && to <= before) return;
      await fireSchedules({ endpoint, region: environment.region, credentials: { ...standInCredentials } }, before, to, progress);
      writeWhole(file, { ...record, time: to.toISOString() } satisfies WorldRecord);
    },
    sshAddress: () => ssh,
    handTools: async () => {
      const tools = await inspectTools();
      return tools.flatMap(({ name, found: there }) => (name === "crane" && there !== undefined ? [dirname(there.path)] : []));
    },
    stop: async () => {
      const record = readRecord(file);
      // The machines first: they would look for an emulator that is gone.
      if (record?.machines !== undefined) await stopDaemon(record.machines);
      if (record !== undefined) await stopDaemon(record.emulator);
      rmSync(machinesFolder(runData), { recursive: true, force: true });
      rmSync(file, { force: true });
    },
    close,
  };

  /** Holds the lock. */
  async function prepareMachines({ progress, signal }: Progress): Promise<void> {
    const record = readRecord(file);
    if (record === undefined) throw new Error("the machine room needs a world that runs");
    // A room whose socket is gone can be neither asked nor kept.
    if (record.machines !== undefined && isAlive(record.machines) && (await roomOf(runData)) === undefined) await stopDaemon(record.machines);
    const tools = await roomTools({ progress, ...(signal ? { signal } : {}) });
    const plan = {
      environment: environment.name,
      vpcCidr,
      runData,
      owner,
      endpoint,
      region: environment.region,
      credentials: standInCredentials,
      tools,
      epoch: record.epoch,
      logFile: join(runData, "logs", "machines.log"),
    };
    const machines = await startMachines(plan, { progress, signal });
    writeWhole(file, { ...record, machines } satisfies WorldRecord);
  }

  /** Holds the lock: two first runs at once must not start, or end, each other's emulator. */
  async function startUnlessRunning(progress: (line: string) => void, signal: AbortSignal | undefined): Promise<WorldState> {
    const found = state();
    if (found === "running") return found;
    // Machines of a world that died hold addresses that the new one's need.
    const { machines } = readRecord(file) ?? {};
    if (machines !== undefined) await stopDaemon(machines);
    const { path: python } = await ensureTool("moto", { progress, ...(signal ? { signal } : {}) });
    const epoch = randomBytes(8).toString("hex");
    const logs = join(runData, "logs");
    const emulator = await startEmulator(
      {
        environment: environment.name,
        host,
        port,
        epoch,
        python,
        owner,
        logFile: join(logs, "emulator.log"),
        requestLog: join(logs, "aws-requests.ndjson"),
        ...(throwAway ? { throwAway, account: environment.awsAccountId } : {}),
      },
      signal,
    );
    writeWhole(file, { epoch, code: emulatorVersion(), emulator, address: { host, port } } satisfies WorldRecord);
    return found;
  }
}

/** Written beside and renamed: a kill never leaves half a record. */
function writeWhole(file: string, value: unknown): void {
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(value)}\n`);
  renameSync(`${file}.new`, file);
}
