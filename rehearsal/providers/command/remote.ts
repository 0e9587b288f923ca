import { containsUnknown } from "../values.ts";
import { type CommandInputs, commandType } from "./command-type.ts";
import { connection, connectionOf, connectionProblem } from "./connection.ts";
import { runOverSsh } from "./ssh.ts";

interface RemoteInputs extends CommandInputs {
  readonly connection: unknown;
}

const token = "command:remote:Command";

/** A command over SSH, on the one host that the stand-in knows. */
export const remoteCommand = commandType<RemoteInputs>({
  token,
  // Secret with every part of it, as the official provider has it.
  inputs: { connection: { kind: connection, required: true, secret: true } },
  check(inputs) {
    // The private key is unknown in most previews; what is known must be right all the same.
    const value = inputs["connection"];
    const problem = containsUnknown(value) && typeof value === "object" ? connectionProblem(value) : undefined;
    return problem === undefined ? [] : [{ property: "connection", reason: `'connection' of ${token} ${problem}` }];
  },
  secrets: (inputs) => [connectionOf(inputs.connection).privateKey],
  run: (surroundings, inputs, run) => runOverSsh(connectionOf(inputs.connection), surroundings, run),
});
