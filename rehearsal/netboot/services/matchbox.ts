import { listenText } from "./listen-text.ts";
import { mountedText } from "./mounts.ts";
import { runProgram } from "./program.ts";
import type { StartService } from "./service.ts";

/** `poseidon/matchbox`: the real matchbox. What it serves is served as it is written, with the addresses of the plan. */
export const startMatchbox: StartService = async (context) => {
  const { spec, mounts, tools, scratch } = context;
  if (spec.entrypoint !== undefined) throw new Error(`${spec.name}: the image's own entrypoint is run here, not ${spec.entrypoint.join(" ")}`);
  if (!spec.command.some((argument) => argument.startsWith("-address="))) throw new Error(`${spec.name}: -address=<address>:<port> is missing: matchbox would listen on its loopback only`);
  const args = spec.command.map((argument) => {
    const [, flag, value] = /^(-{1,2}(?:address|rpc-address)=)(.*)$/.exec(argument) ?? [];
    return flag === undefined || value === undefined ? mountedText(argument, mounts) : flag + listenText(context, value);
  });
  return runProgram(context, { program: tools.matchbox, args, directory: scratch, variables: { HOME: scratch, ...spec.environment } });
};
