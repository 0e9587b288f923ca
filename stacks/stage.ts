import type { Environment } from "./config.ts";
import type { Outputs, StageName, StageOutputs } from "./outputs.ts";

export interface StageContext {
  readonly environment: Environment;
  /** The outputs of a stage that this one needs. Throws for a stage that `needs` does not name. */
  readonly upstream: <Name extends StageName>(stage: Name) => StageOutputs[Name];
}

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
  /** The interface, by its private address, that is to have a public IPv4 address while its machine runs, or is not to. */
  readonly publicAddress?: (environment: Environment) => { readonly address: string; readonly wanted: boolean };
  /** Declares the stage's resources. Loaded when run, so that listing stages costs nothing. */
  readonly load: () => Promise<(context: StageContext) => Outputs>;
}
