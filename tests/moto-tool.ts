import { ensureTool } from "../toolchain/toolchain.ts";

/** The interpreter that has moto, the project's own: installed first where the cache does not have it. */
export const motoPython = (await ensureTool("moto", { progress: (line) => process.stderr.write(`${line}\n`) })).path;
