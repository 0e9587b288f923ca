import { execa } from "execa";
import { engineLog } from "../engine-log.ts";
import type { EngineSettings } from "../engine.ts";

/** Runs the Pulumi CLI for what the Automation API does in ways that show secrets, or not at all. Answers, whatever its exit code. */
export async function pulumi(args: readonly string[], settings: EngineSettings): Promise<{ readonly exitCode: number | undefined; readonly stdout: string; readonly stderr: string }> {
  const { command, projectDirectory, variables } = settings;
  const { exitCode, stdout, stderr } = await execa(command.command, [...args, "--non-interactive"], { cwd: projectDirectory, env: { ...variables }, stdin: "ignore", reject: false, maxBuffer: 1_000_000_000 });
  if (exitCode !== 0) engineLog(settings)(`$ pulumi ${args.join(" ")}\n${stderr}\n`);
  return { exitCode, stdout, stderr };
}

/** What the CLI says went wrong, on one line. */
export function complaintIn(stderr: string): string {
  const said = /(?:^|\n)error: ([\s\S]*)/.exec(stderr)?.[1] ?? stderr;
  return said.trim().replaceAll(/\s*\n\s*/g, " ");
}
