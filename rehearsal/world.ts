import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ExitCode, UserError } from "../common/errors.ts";
import { systemClock } from "../common/poll.ts";
import { awsEndpointVariables, awsSources } from "../worlds/aws-sources.ts";
import type { World, WorldState } from "../worlds/world.ts";
import type { Environment } from "../stacks/config.ts";
import { takeLock } from "../toolchain/lock.ts";
import { ensureTool, platformProblem } from "../toolchain/toolchain.ts";
import { emulatorAddress } from "./addresses.ts";
import { isAlive, stopDaemon } from "./daemon.ts";
import { askIdentity, startEmulator } from "./emulator.ts";

/** `world.json`: what runs for this environment, and since which start. */
const worldRecord = z.object({
  epoch: z.string(),
  emulator: z.object({ pid: z.number(), startTime: z.string() }),
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
export function localWorld(environment: Environment, { owner, runData }: LocalWorldOptions): World {
  const file = join(runData, "world.json");
  const found = readRecord(file);
  const { host, port } = found !== undefined && isAlive(found.emulator) ? found.address : emulatorAddress(environment.network.vpcCidr);
  const endpoint = `http://${host}:${port}`;
  const description = `moto, an AWS emulator, at ${endpoint}`;
  const official = process.env["PROVIDERS"] === "official";

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

  return {
    description,
    standIns: ["the AWS API (moto)", ...(official ? [] : ["the aws provider plugin (rehearsal/providers)"])],
    costsMoney: false,
    sources: awsSources({ region: environment.region, endpoint, credentials: standInCredentials }, { via: "stand-in", by: description, confirm }),
    programFolders: official ? [] : [join(import.meta.dirname, "providers", "bin")],
    variables: {
      ...Object.fromEntries(operatorsOwn.map((name) => [name, undefined])),
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: environment.region,
      AWS_DEFAULT_REGION: environment.region,
      AWS_ACCESS_KEY_ID: standInCredentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: standInCredentials.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: "true",
      // The engine's own home keeps its list of stacks and plugins out of the operator's.
      ...(official ? {} : { PULUMI_HOME: join(runData, "pulumi-home"), PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" }),
    },
    missing: () => Promise.resolve(platformProblem()),
    stranger,
    state: () => Promise.resolve(state()),
    start: async ({ progress, signal }) => {
      if (state() === "running") return "running";
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
    stop: async () => {
      const record = readRecord(file);
      if (record !== undefined) await stopDaemon(record.emulator);
      rmSync(file, { force: true });
    },
  };

  /** Holds the lock: two first runs at once must not start, or end, each other's emulator. */
  async function startUnlessRunning(progress: (line: string) => void, signal: AbortSignal | undefined): Promise<WorldState> {
    const found = state();
    if (found === "running") return found;
    const { path: python } = await ensureTool("moto", { progress, ...(signal ? { signal } : {}) });
    const epoch = randomBytes(8).toString("hex");
    const logs = join(runData, "logs");
    const emulator = await startEmulator(
      { environment: environment.name, host, port, epoch, python, owner, logFile: join(logs, "emulator.log"), requestLog: join(logs, "aws-requests.ndjson") },
      signal,
    );
    writeWhole(file, { epoch, emulator, address: { host, port } } satisfies WorldRecord);
    return found;
  }
}

/** Written beside and renamed: a kill never leaves half a record. */
function writeWhole(file: string, value: unknown): void {
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(value)}\n`);
  renameSync(`${file}.new`, file);
}
