import { ensureTool } from "../toolchain/toolchain.ts";

const progress = (line: string): boolean => process.stderr.write(`${line}\n`);

/** The interpreter that has moto, the project's own: installed first where the cache does not have it. */
export const motoPython = (await ensureTool("moto", { progress })).path;

/** The Pulumi CLI as the product finds it; built first where neither machine nor cache has it. */
export async function pulumiCli(): Promise<string> {
  return (await ensureTool("pulumi", { progress })).path;
}
