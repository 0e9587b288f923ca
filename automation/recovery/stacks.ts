import { z } from "zod";
import { UserError } from "../../common/errors.ts";
import type { EngineSettings } from "../engine.ts";
import { complaintIn, pulumi } from "./pulumi.ts";

const listSchema = z.array(z.looseObject({ name: z.string() }));

/** The names of the project's stacks, in this environment's backend. */
export async function existingStacks(settings: EngineSettings): Promise<string[]> {
  const { exitCode, stdout, stderr } = await pulumi(["stack", "ls", "--json"], settings);
  if (exitCode !== 0) throw new UserError(`The stacks cannot be listed: ${complaintIn(stderr)}`, { fix: `Everything the engine said: ${settings.logFile}` });
  return listSchema.parse(JSON.parse(stdout)).map(({ name }) => name.split("/").at(-1) ?? name);
}
