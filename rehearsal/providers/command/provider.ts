import { type Clock, systemClock } from "../../../common/poll.ts";
import { UserError } from "../../../common/errors.ts";
import { refuseArguments } from "../arguments.ts";
import type { Provider } from "../resource-type.ts";
import type { Surroundings } from "./command-type.ts";
import { commandTypes } from "./types.ts";

/**
 * The stand-in for the official `command` provider.
 * @param env what local commands inherit, and where {@link SSH_ADDRESS} is
 */
export function commandProvider(env: NodeJS.ProcessEnv = process.env, clock: Clock = systemClock): Provider<Surroundings> {
  let running = new AbortController();
  return {
    name: "command",
    // The version of the @pulumi/command package, whose names it speaks.
    version: "1.2.1",
    typesFile: "rehearsal/providers/command/types.ts",
    types: commandTypes,
    checkConfig: (args) => refuseArguments("command", args, []),
    configReplaces: [],
    configure: () => Promise.resolve(),
    cloud: () => ({ env, clock, signal: running.signal }),
    cancel() {
      running.abort(new UserError("interrupted: the command was told to end"));
      running = new AbortController();
    },
  };
}
