import type { Via, WorldSources } from "../gates/gate.ts";
import type { BastionAccess, SshAddress } from "./bastion-source.ts";

/** The way into the bastion: nothing where none was built. */
export type BastionAccessor = () => Promise<BastionAccess | undefined>;

/** How the world was found: `died` means that what was built in it is gone. */
export type WorldState = "running" | "stopped" | "died";

/**
 * The place an environment is built in: an AWS account, or the local world that stands in for one.
 * The rest of the program knows this interface only.
 */
export interface World {
  /** In a sentence: what is asked when AWS is asked. */
  readonly description: string;
  /** What is simulated there, in words; said at the start of every run. */
  readonly standIns: readonly string[];
  /** Whether building there can cost anything. */
  readonly costsMoney: boolean;
  /** Whom gates, preflight and sweep ask, and whether that is the real thing. */
  readonly sources: WorldSources;
  /** Who answers as a node there: the real thing or a stand-in, and in words. */
  readonly nodes: { readonly via: Via; readonly by: string };
  /** Folders with programs of this world (provider plugins), to be found before the machine's own. */
  readonly programFolders: readonly string[];
  /** Variables for every program that shall see this world; `undefined` ones must not be set. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Why nobody can be asked here, in words; looks at this machine only, and asks nobody. */
  missing(): Promise<string | undefined>;
  /** Who stands in the place of this world and is not it, in words. */
  stranger(): Promise<string | undefined>;
  state(): Promise<WorldState>;
  /** Makes the world answer; returns what it found. Doing it twice is fine. */
  start(options: Progress): Promise<WorldState>;
  /** Makes ready what machines need to run there; called before the first is started. Doing it twice is fine. */
  prepareMachines(options: Progress): Promise<void>;
  /** Whose time decides whether the window is open: a rehearsed one is always inside it, unless it is told otherwise. */
  readonly clock: "real" | "rehearsed";
  /** How long it may take until something that was accepted is listed, in milliseconds. */
  readonly settleMs: number;
  /** Where the bastion's SSH is reached from this machine. */
  readonly sshAddress: SshAddress;
  /** Folders with the programs that a person needs to look at this world by hand; nothing is installed for it. */
  handTools(): Promise<readonly string[]>;
  /** Lets a rehearsed world's time pass until then, never back: what AWS's own schedules would have done meanwhile is done. */
  passTime(to: Date, options: Progress): Promise<void>;
  /** Ends what `start` began; nothing for a world that is not ours to end. */
  stop(): Promise<void>;
  /** Closes the connections of this process. */
  close(): void;
}

/** How a long wait is told and ended. */
export interface Progress {
  readonly progress: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}
