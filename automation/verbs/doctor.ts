import { ExitCode, UserError } from "../../common/errors.ts";
import { listEnvironments, loadEnvironment, missingForUp } from "../../stacks/config.ts";
import { inspectTools, platformProblem, type ToolReport } from "../../toolchain/toolchain.ts";
import { Console } from "../console.ts";
import { projectDirectory } from "../directories.ts";

/** Says what is here, what will be built, and what a person has to do; builds and changes nothing. */
export async function doctor({ json }: { readonly json: boolean }): Promise<ExitCode> {
  const console = new Console({ json });
  const platform = platformProblem();
  console.result(platform === undefined ? `✔ ${process.platform} ${process.arch} can run the rehearsal` : `✗ ${platform}`);
  const tools = await inspectTools();
  for (const tool of tools) for (const line of describeTool(tool)) console.result(line);
  const environments = listEnvironments(projectDirectory()).map(inspectEnvironment);
  for (const { name, problem, fix } of environments) {
    console.result(problem === undefined ? `✔ environment ${name}` : `${fix === undefined ? "✗" : "⚠"} environment ${name}: ${problem}${fix === undefined ? "" : `\n    ${fix}`}`);
  }
  const broken = platform !== undefined || tools.some(({ fix }) => fix !== undefined) || environments.some(({ problem, fix }) => problem !== undefined && fix === undefined);
  console.emit({ kind: "doctor", platform: platform ?? null, tools, environments, ok: !broken });
  return broken ? ExitCode.usage : ExitCode.done;
}

function describeTool({ name, wanted, found, problem, fix, willBuild }: ToolReport): string[] {
  if (fix !== undefined) return [`✗ ${name}: ${problem ?? "not usable"}`, `    ${fix}`];
  const aside = problem === undefined ? [] : [`    ${problem}`];
  if (found !== undefined) return [`✔ ${name} ${found.version} (${found.source}: ${found.path})`, ...aside];
  return [`◎ ${name} ${wanted}: not here yet${willBuild === true ? "; the first command that needs it installs it" : ""}`, ...aside];
}

function inspectEnvironment(name: string): { name: string; problem?: string; fix?: string } {
  try {
    const missing = missingForUp(loadEnvironment(projectDirectory(), name));
    if (missing.length === 0) return { name };
    return { name, problem: `can be planned; before up it needs ${missing.map(({ key }) => key).join(", ")}`, fix: `set them in Pulumi.${name}.yaml` };
  } catch (error) {
    if (error instanceof UserError) return { name, problem: error.message };
    throw error;
  }
}
