import {
  ConcurrentUpdateError,
  LocalWorkspace,
  StackAlreadyExistsError,
  StackNotFoundError,
  type LocalWorkspaceOptions,
  type PulumiCommand,
  type PulumiFn,
  type Stack,
} from "@pulumi/pulumi/automation/index.js";
import { ExitCode, UserError, errorMessage } from "../common/errors.ts";
import { project } from "../stacks/project.ts";
import { engineLog } from "./engine-log.ts";
import { causeOf } from "./failures.ts";
import { freeDeadLock, stackLocked } from "./recovery/stack-lock.ts";
import { EventCollector, type Change, type DeclaredResource, type ResourceEvent } from "./engine-events.ts";

/** Where and as whom the Pulumi engine runs. */
export interface EngineSettings {
  /** Folder with Pulumi.yaml; the stage stacks' own settings files appear there. */
  readonly projectDirectory: string;
  readonly command: PulumiCommand;
  /** Variables of the engine and of the plugins it starts; PATH among them. */
  readonly variables: Readonly<Record<string, string>>;
  /** Takes everything the engine prints: for a person who has to look closer, never parsed. */
  readonly logFile: string;
  readonly signal?: AbortSignal | undefined;
  /** Says something that a person should know, though it needs no action. */
  readonly notice: (text: string) => void;
  /** Whether the environment is held by this run: only then may what a killed run left be cleared. */
  readonly holdsEnvironment: boolean;
}

export interface Operation {
  readonly changes: readonly Change[];
  readonly warnings: readonly string[];
  /** Every resource that the program declares. */
  readonly planned: readonly DeclaredResource[];
}

/** One stage's Pulumi stack. Errors of the engine become UserErrors that name the resource. */
export class StageStack {
  readonly name: string;
  readonly #stack: Stack;
  readonly #settings: EngineSettings;

  private constructor(name: string, stack: Stack, settings: EngineSettings) {
    this.name = name;
    this.#stack = stack;
    this.#settings = settings;
  }

  /** Opens the stack, made first where it does not exist. */
  static async open(name: string, program: PulumiFn, settings: EngineSettings): Promise<StageStack> {
    const args = { stackName: name, projectName: project, program };
    const stack = await guarded(name, settings, async () => {
      try {
        return await LocalWorkspace.createOrSelectStack(args, workspaceOf(settings));
      } catch (error) {
        // Another run made it between the look and the making.
        if (!(error instanceof StackAlreadyExistsError)) throw error;
        return LocalWorkspace.selectStack(args, workspaceOf(settings));
      }
    });
    return new StageStack(name, stack, settings);
  }

  /** Opens the stack where it exists; undefined where it was never made or is already gone. */
  static async find(name: string, program: PulumiFn, settings: EngineSettings): Promise<StageStack | undefined> {
    try {
      const stack = await LocalWorkspace.selectStack(
        { stackName: name, projectName: project, program },
        workspaceOf(settings),
      );
      return new StageStack(name, stack, settings);
    } catch (error) {
      if (error instanceof StackNotFoundError) return undefined;
      throw explained(name, settings, error, []);
    }
  }

  /** What an update would do, seen from what really exists now. Changes nothing. */
  async preview(): Promise<Operation> {
    const { operation } = await this.#run((options) => this.#stack.preview({ refresh: true, ...options }));
    return operation;
  }

  /** Makes reality what the program says. */
  async update(onResource: (event: ResourceEvent) => void): Promise<Operation> {
    const { operation } = await this.#run((options) => this.#stack.up({ refresh: true, ...options }), onResource);
    return operation;
  }

  /** What the stack's program handed on, secrets in clear: never to be shown, written or logged. */
  async outputs(): Promise<Readonly<Record<string, unknown>>> {
    const outputs = await guarded(this.name, this.#settings, () => this.#stack.outputs());
    return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value as unknown]));
  }

  /** Removes everything in the stack, reality looked at first. */
  async destroy(onResource: (event: ResourceEvent) => void): Promise<Operation> {
    const { operation } = await this.#run((options) => this.#stack.destroy({ refresh: true, ...options }), onResource);
    return operation;
  }

  /** Forgets the empty stack and its settings file. */
  async remove(): Promise<void> {
    await guarded(this.name, this.#settings, () => this.#stack.workspace.removeStack(this.name));
  }

  async #run<Result>(
    operation: (options: OperationOptions) => Promise<Result>,
    onResource?: (event: ResourceEvent) => void,
  ): Promise<{ operation: Operation; result: Result }> {
    // What depends on something that failed in the program is waited for without end.
    const failed = new AbortController();
    const events = new EventCollector(onResource, () => failed.abort());
    const signal = AbortSignal.any([failed.signal, ...(this.#settings.signal ? [this.#settings.signal] : [])]);
    const log = engineLog(this.#settings);
    try {
      const result = await operation({ onEvent: events.take, onOutput: log, onError: log, signal });
      return { operation: { changes: events.changes, warnings: events.warnings.filter(isNews), planned: events.planned }, result };
    } catch (error) {
      if (await freed(this.name, this.#settings, error)) return this.#run(operation, onResource);
      throw explained(this.name, this.#settings, error, events.errors);
    }
  }
}

/** Clears a lock that only a process which no longer runs could free, and says so; whether there was such a one. */
async function freed(name: string, settings: EngineSettings, error: unknown): Promise<boolean> {
  if (!(error instanceof ConcurrentUpdateError) || !settings.holdsEnvironment) return false;
  return freeDeadLock(name, error.message, settings);
}

/** The engine warns of every plugin it finds on PATH; here that is where they are put (docs/stand-ins.md). */
function isNews(warning: string): boolean {
  return !/^using pulumi-\S+ from \$PATH/.test(warning);
}

function workspaceOf({ projectDirectory, command, variables }: EngineSettings): LocalWorkspaceOptions {
  return { workDir: projectDirectory, pulumiCommand: command, envVars: { ...variables } };
}

interface OperationOptions {
  readonly onEvent: EventCollector["take"];
  readonly onOutput: (text: string) => void;
  readonly onError: (text: string) => void;
  readonly signal?: AbortSignal;
}

async function guarded<Result>(name: string, settings: EngineSettings, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    if (await freed(name, settings, error)) return guarded(name, settings, action);
    throw explained(name, settings, error, []);
  }
}

/** The engine's failure in the words of its own diagnostics; its raw output goes to the log only. */
function explained(stack: string, settings: EngineSettings, error: unknown, diagnostics: readonly string[]): Error {
  if (error instanceof UserError) return error;
  engineLog(settings)(`${errorMessage(error)}\n`);
  if (settings.signal?.aborted === true) {
    return new UserError(`Stopped while the engine worked on ${stack}.`, { exitCode: ExitCode.interrupted, fix: "Run the same command again: it goes on from here." });
  }
  if (error instanceof ConcurrentUpdateError) return stackLocked(stack, error.message);
  const specific = [...new Set(diagnostics)].filter((text) => !/^(update failed|\w+ canceled)$/.test(text));
  const reasons = specific.length > 0 ? specific : [firstError(errorMessage(error))];
  const cause = causeOf(reasons.join("\n"));
  const said = reasons.map((reason) => `  ${reason.replaceAll("\n", "\n  ")}`).join("\n");
  return new UserError(`The engine failed on ${stack}${cause === undefined ? ":" : `. ${cause.means}`}\n${said}`, {
    fix: cause?.fix ?? `Everything the engine said: ${settings.logFile}`,
    ...(cause?.exitCode === undefined ? {} : { exitCode: cause.exitCode }),
    cause: error,
  });
}

/** The line that says it, out of a command's whole output. */
function firstError(text: string): string {
  const said = /\berror:\s*(.+)/.exec(text) ?? /^\s*stderr:\s*(.+)/m.exec(text) ?? /(.+)/.exec(text);
  return (said?.[1] ?? text).trim();
}
