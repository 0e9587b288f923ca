import { ensureTool } from "../toolchain/toolchain.ts";

/** The Pulumi CLI as the product finds it: built first where neither machine nor cache has it. */
export const pulumiCli = (await ensureTool("pulumi", { progress: (line) => process.stderr.write(`${line}\n`) })).path;
