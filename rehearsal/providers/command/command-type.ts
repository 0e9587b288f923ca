import { randomBytes } from "node:crypto";
import { UserError } from "../../../common/errors.ts";
import type { Clock } from "../../../common/poll.ts";
import { flag, text } from "../kinds.ts";
import type { Failure, InputSpec, ResourceType } from "../resource-type.ts";
import type { Properties } from "../values.ts";
import { hide } from "../hide.ts";
import { list, logging, textMap } from "./kinds.ts";

/** What a command runs in. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Ends the command. */
  readonly signal: AbortSignal;
}

/** The inputs that both kinds of command have, checked; see @pulumi/command. */
export interface CommandInputs {
  readonly create?: string;
  readonly update?: string;
  readonly delete?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly addPreviousOutputInEnv?: boolean;
}

export interface Run {
  readonly command: string;
  /** Variables of the command alone. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string;
}

export interface Ended {
  /** How it ended if not well, `with exit code 3`. */
  readonly failure?: string;
  readonly stdout: string;
  readonly stderr: string;
}

interface CommandType<I extends CommandInputs> {
  readonly token: string;
  /** What this kind has beyond {@link CommandInputs}. */
  readonly inputs: Readonly<Record<Exclude<keyof I & string, keyof CommandInputs>, Omit<InputSpec, "local" | "affects">>>;
  check?(inputs: Properties): Failure[];
  /** Values of inputs that must never be shown, beside environment and stdin. */
  secrets(inputs: I): readonly string[];
  run(surroundings: Surroundings, inputs: I, run: Run): Promise<Ended>;
}

type Step = "create" | "update" | "delete";

const OUTPUTS = ["stdout", "stderr"];
// Every update runs a command, whatever has changed, so nobody can know what it will say.
const known = { local: true, affects: OUTPUTS } as const;

/**
 * Completes a type with what both commands share, as the official provider has it (pulumi/pulumi-command,
 * `commandController.go`): a change runs `update`, or `create` where there is none; other triggers make another object;
 * a command that fails leaves the state as it was.
 */
export function commandType<I extends CommandInputs>(type: CommandType<I>): ResourceType<Surroundings> {
  const own = Object.entries<Omit<InputSpec, "local" | "affects">>(type.inputs).map(([property, spec]) => [property, { ...spec, ...known }]);
  return {
    token: type.token,
    calls: [],
    inputs: {
      create: { kind: text, ...known },
      update: { kind: text, ...known },
      delete: { kind: text, ...known },
      triggers: { kind: list, replaces: true, ...known },
      environment: { kind: textMap, ...known },
      stdin: { kind: text, ...known },
      // Kept, and without effect: the stand-in logs no output, so none can hold a secret.
      logging: { kind: logging, ...known },
      addPreviousOutputInEnv: { kind: flag, ...known },
      ...(Object.fromEntries(own) as Record<string, InputSpec>),
    },
    outputs: OUTPUTS,
    check: (inputs) => type.check?.(inputs) ?? [],
    allOrNothing: true,

    async create(surroundings, inputs, record) {
      const outputs = await execute(type, surroundings, "create", { inputs: inputs as I, state: {} });
      record(`command-${randomBytes(4).toString("hex")}`, outputs);
    },

    read(_, id, state) {
      if (OUTPUTS.some((output) => state[output] === undefined)) {
        throw new UserError(`a ${type.token} cannot be imported: what a command has done and said is nowhere but in the state of the stack that ran it`);
      }
      return Promise.resolve({ id, inputs: {}, outputs: outputsIn(state) });
    },

    async update(surroundings, _id, { inputs, state, learn }) {
      const step = inputs["update"] === undefined ? "create" : "update";
      learn(await execute(type, surroundings, step, { inputs: inputs as I, state }));
    },

    async delete(surroundings, _id, state) {
      // The state holds the inputs that the object was last made with.
      await execute(type, surroundings, "delete", { inputs: state as I, state });
    },

  };
}

function outputsIn(state: Properties): Record<string, string> {
  return Object.fromEntries(OUTPUTS.map((output) => [output, typeof state[output] === "string" ? state[output] : ""]));
}

/** Runs one step's command, if there is one, and gives the outputs that stand afterwards. */
async function execute<I extends CommandInputs>(
  type: CommandType<I>, surroundings: Surroundings, step: Step, { inputs, state }: { inputs: I; state: Properties },
): Promise<Properties> {
  const before = outputsIn(state);
  const command = inputs[step];
  if (command === undefined) return before;
  const previous = Object.entries({ PULUMI_COMMAND_STDOUT: before["stdout"], PULUMI_COMMAND_STDERR: before["stderr"] })
    .filter(([, value]) => inputs.addPreviousOutputInEnv !== false && value !== "");
  const environment = { ...inputs.environment, ...(Object.fromEntries(previous) as Record<string, string>) };
  const stdin = inputs.stdin ?? "";

  const { failure, stdout, stderr } = await type.run(surroundings, inputs, { command, environment, stdin });
  if (failure !== undefined) {
    const said = hide(stderr.trim() === "" ? stdout : stderr, [...Object.values(environment), stdin, command, ...type.secrets(inputs)]);
    throw new UserError(`the ${step} command ended ${failure}${said === "" ? ", and said nothing" : `:\n${said}`}`);
  }
  return { stdout: withoutLineEnd(stdout), stderr: withoutLineEnd(stderr) };
}

/** Exactly one line end less: the official provider takes no more away. */
function withoutLineEnd(output: string): string {
  return output.endsWith("\n") ? output.slice(0, -1) : output;
}
