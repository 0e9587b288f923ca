import { ensureTool } from "../toolchain/toolchain.ts";

const progress = (line: string): boolean => process.stderr.write(`${line}\n`);

/** The Pulumi CLI as the product finds it: built first where neither machine nor cache has it. */
export const pulumiCli = (await ensureTool("pulumi", { progress })).path;

/** The Node language host, which some commands of the CLI load although they run no program. */
export const languageHost = (await ensureTool("pulumi-language-nodejs", { progress })).path;
