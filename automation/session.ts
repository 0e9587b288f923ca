import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ExitCode, UserError } from "../common/errors.ts";
import { systemClock, type Clock } from "../common/poll.ts";
import { remembered } from "../common/remembered.ts";
import type { GateContext, PlannedResource, Sources } from "../gates/gate.ts";
import { loadEnvironment, type Environment } from "../stacks/config.ts";
import { Console } from "./console.ts";
import { directoriesOf, projectDirectory, type Directories } from "./directories.ts";
import { Journal } from "./journal.ts";
import { Ledger } from "./ledger.ts";
import { EngineProcesses } from "./recovery/engine-processes.ts";
import { Scratch } from "./scratch.ts";
import type { LocalWorldOptions } from "../rehearsal/world.ts";
import type { clusterSources } from "../worlds/cluster-source.ts";
import type { BastionAccessor, World } from "../worlds/world.ts";

/** Everything one command works with. Verbs get all effects from here. */
export interface Session {
  readonly environment: Environment;
  readonly directory: string;
  readonly directories: Directories;
  readonly world: World;
  /** Whom gates ask: the world, and what was built behind its bastion. */
  readonly sources: Sources;
  readonly console: Console;
  readonly ledger: Ledger;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** What the engine and the tools print, of this run. */
  readonly logFile: string;
  /** The engines that this run has started. */
  readonly engines: EngineProcesses;
  /** Of an offline session: the folder that all its directories are in. */
  readonly scratch?: Scratch;
  /** Closes connections and forgets what this run has started: to be called when it has ended. */
  readonly close: () => void;
}

type ClusterSources = ReturnType<typeof clusterSources>;

/** Set by `env` in the shells that look at one environment: their PATH and credentials are that environment's. */
export const shellMarker = "MOONBACK_ENV";

export interface SessionOptions {
  readonly json: boolean;
  readonly signal: AbortSignal;
  /** Reads the way into the bastion from its stack. */
  readonly readAccess: (session: Session) => ReturnType<BastionAccessor>;
  /** Leads to the cluster behind the bastion. */
  readonly clusterOf: (session: Session) => Promise<ClusterSources>;
  /** In a throw-away local world, wherever the environment is built, with a state of its own: nothing of the environment is touched. */
  readonly offline?: boolean;
}

/** The composition root: the only place that knows which world an environment is built in. */
export async function openSession(environmentName: string, { json, signal, readAccess, clusterOf, offline = false }: SessionOptions): Promise<Session> {
  const shell = process.env[shellMarker];
  if (!offline && shell !== undefined && shell !== environmentName) {
    throw new UserError(`This shell looks at environment ${shell}: its plugins, state and credentials are ${shell}'s, not ${environmentName}'s.`, {
      exitCode: ExitCode.usage,
      fix: `Use another shell for ${environmentName}.`,
    });
  }
  const { stateBackend, ...local } = loadEnvironment(projectDirectory(), environmentName);
  // Wherever an environment keeps its state, a plan offline does not look.
  const environment: Environment = offline || stateBackend === undefined ? local : { ...local, stateBackend };
  const scratch = offline ? new Scratch() : undefined;
  const directory = scratch?.folder ?? projectDirectory();
  const directories = scratch?.directories ?? directoriesOf(environment);
  const console = new Console({ json });
  const ledger = new Ledger(directories.ledger);
  const journal = new Journal(ledger, console, systemClock);
  const access = remembered(() => readAccess(session));
  const world = await worldOf(environment, { owner: directory, runData: directories.runData, access, throwAway: offline });
  // This process sees the world exactly as the programs that it starts.
  for (const [name, value] of Object.entries(world.variables)) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
  const engines = new EngineProcesses(directories.processes, journal.run);
  let cluster: Promise<ClusterSources> | undefined;
  const reached = (): Promise<ClusterSources> => (cluster ??= clusterOf(session));
  const session: Session = {
    environment,
    directory,
    directories,
    world,
    console,
    ledger,
    journal,
    clock: systemClock,
    signal,
    get logFile() {
      mkdirSync(directories.logs, { recursive: true });
      return join(directories.logs, `${journal.run}.log`);
    },
    engines,
    sources: {
      ...world.sources,
      talos: { ...world.nodes, client: async () => (await reached()).talos.client() },
      kubernetes: { ...world.nodes, client: async () => (await reached()).kubernetes.client() },
    },
    ...(scratch === undefined ? {} : { scratch }),
    close: () => {
      void cluster?.then(({ close }) => close());
      world.close();
      engines.end();
    },
  };
  return session;
}

async function worldOf(environment: Environment, options: LocalWorldOptions): Promise<World> {
  if (environment.target === "aws" && options.throwAway !== true) return (await import("../worlds/aws-world.ts")).awsWorld(environment, options.access);
  return (await import("../rehearsal/world.ts")).localWorld(environment, options);
}

export function gateContext({ environment, sources }: Session): GateContext {
  return { environment, sources };
}

/** What gates that look before anything is made are given: what the engine plans, and nobody else to ask. */
export function planContext(session: Session, planned: readonly PlannedResource[]): GateContext {
  return { ...gateContext(session), plan: { via: "real", by: "the engine's plan", client: () => Promise.resolve(planned) } };
}
