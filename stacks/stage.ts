import type { RenderedFile } from "../components/render/file.ts";
import type { Environment } from "./config.ts";
import type { Outputs, StageName, StageOutputs } from "./outputs.ts";

export interface StageContext {
  readonly environment: Environment;
  /** The outputs of a stage that this one needs. Throws for a stage that `needs` does not name. */
  readonly upstream: <Name extends StageName>(stage: Name) => StageOutputs[Name];
}

/** A name that an environment claims. */
export interface Claim {
  readonly type: "aws:ec2/vpc:Vpc" | "aws:autoscaling/group:Group";
  /** The resource that the program declares. */
  readonly resource: string;
  /** A group's own name, or the `Name` tag. */
  readonly name: string;
}

/** What becomes of a running machine whose launch template has changed: it is replaced, or stays as it is until its next start. */
export type Outdated = "replace" | "keep";

/** One stage: a Pulumi stack `<env>-<name>`, what must be green before it, and the gates that prove it. */
export interface Stage {
  readonly name: StageName;
  /** Stages whose outputs it reads; all of them come earlier in the list. */
  readonly needs: readonly StageName[];
  /** Names of its outputs; the registry test holds the program to them. */
  readonly outputs: readonly string[];
  /** Numbers of the gates that must be green before the next stage. */
  readonly gates: readonly string[];
  /** Names of the Auto Scaling groups it makes at size 0: `up` raises them, inside the window only. */
  readonly groups?: (environment: Environment) => readonly string[];
  /** Names that people and AWS take for ours, and what the program declares under them: `up` refuses what somebody else made there. */
  readonly claims?: (environment: Environment) => readonly Claim[];
  /** The interface, by its private address, that is to have a public IPv4 address while its machine runs, or is not to. */
  readonly publicAddress?: (environment: Environment) => { readonly address: string; readonly wanted: boolean };
  /** What the settings alone decide of its machines' user data, which as a whole waits for keys: a plan shows it. */
  readonly files?: (environment: Environment) => Promise<readonly RenderedFile[]>;
  /** Default: `replace`. */
  readonly outdated?: Outdated;
  /** Its commands run talosctl and kubectl against the nodes: the programs, and the way there, must be ready when it is built. */
  readonly operatesNodes?: true;
  /** Declares the stage's resources. Loaded when run, so that listing stages costs nothing. */
  readonly load: () => Promise<(context: StageContext) => Outputs>;
}
