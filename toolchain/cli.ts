/** `node toolchain/cli.ts ensure [name…]` and `node toolchain/cli.ts inspect`, for CI and for a look by hand. */
import { Argument, Command, CommanderError } from "commander";
import { ExitCode, UserError } from "../common/errors.ts";
import { toolNames, type ToolName } from "./catalog.ts";
import { ensureTool, inspectTools } from "./toolchain.ts";

const interrupt = new AbortController();
const say = (line: string) => process.stderr.write(`${line}\n`);

async function ensure(wanted: readonly ToolName[]): Promise<void> {
  for (const name of wanted.length === 0 ? toolNames : wanted) {
    const tool = await ensureTool(name, { progress: say, signal: interrupt.signal });
    process.stdout.write(`${tool.name} ${tool.version} (${tool.source}) ${tool.path}\n`);
  }
}

async function inspect(): Promise<void> {
  const reports = await inspectTools({ signal: interrupt.signal });
  for (const { name, wanted, found, problem, fix, willBuild } of reports) {
    const state = found ? `${found.version} (${found.source}) ${found.path}` : willBuild === true ? "made when first needed" : "missing";
    process.stdout.write(`${name}: ${state}; wanted: ${wanted}\n`);
    if (problem !== undefined) process.stdout.write(`  ${problem}\n`);
    if (fix !== undefined) process.stdout.write(`  fix: ${fix}\n`);
  }
  if (reports.some((report) => report.fix !== undefined)) process.exitCode = ExitCode.failed;
}

const program = new Command("toolchain").description("the programs Moon and Back needs").exitOverride();
program
  .command("ensure")
  .description("find, download or build them; progress on stderr, one line a tool on stdout")
  .addArgument(new Argument("[name...]").choices(toolNames))
  .action(ensure);
program.command("inspect").description("look, and change nothing").action(inspect);

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupt.abort());
try {
  await program.parseAsync();
} catch (error) {
  if (interrupt.signal.aborted) process.exitCode = ExitCode.interrupted;
  else if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? ExitCode.done : ExitCode.usage;
  else if (error instanceof UserError) {
    say(error.message);
    if (error.fix !== undefined) say(`fix: ${error.fix}`);
    process.exitCode = error.exitCode;
  } else throw error;
}
