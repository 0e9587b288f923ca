import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { Environment } from "../stacks/config.ts";

/** The checkout this program runs from. */
export const checkout = dirname(import.meta.dirname);

/** Folder with Pulumi.yaml and the environments' settings files: the checkout, unless MOONBACK_DIR names another. */
export function projectDirectory(variables: NodeJS.ProcessEnv = process.env): string {
  return resolve(variables["MOONBACK_DIR"] || checkout);
}

export interface Directories {
  /** Logs, ledger and the record of the local world; deleting it loses history, not the environment. */
  readonly runData: string;
  readonly ledger: string;
  readonly logs: string;
  /** Pulumi's state and the passphrase beside it. Outside the checkout for everything but a local world. */
  readonly state: string;
  readonly passphrase: string;
  /** Which run changes the environment now: one for every checkout that shares the state. */
  readonly runLock: string;
  /** What each run that has not ended has started. */
  readonly processes: string;
  /** Exports of the stacks' state, secrets encrypted as in the state itself. */
  readonly exports: string;
}

export function directoriesOf(environment: Environment, variables: NodeJS.ProcessEnv = process.env): Directories {
  const runData = join(projectDirectory(variables), ".moonback", environment.name);
  // A relative one is to be ignored (XDG Base Directory Specification), and an empty one is not set.
  const given = variables["XDG_STATE_HOME"] ?? "";
  const stateHome = isAbsolute(given) ? given : join(homedir(), ".local", "state");
  return directoriesIn(runData, environment.target === "local-world" ? runData : join(stateHome, "moonback", environment.name));
}

/** What is history is in `runData`; what the environment cannot do without, and what guards it, is in `kept`. */
export function directoriesIn(runData: string, kept: string): Directories {
  return {
    runData,
    ledger: join(runData, "ledger.ndjson"),
    logs: join(runData, "logs"),
    state: join(kept, "state"),
    passphrase: join(kept, "passphrase"),
    runLock: join(kept, "run.lock"),
    processes: join(kept, "processes"),
    exports: join(kept, "exports"),
  };
}
