import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { checkout } from "../../automation/directories.ts";

export interface Answer {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A project folder of its own, an operator without credentials, and the real command line. */
export interface Project {
  readonly folder: string;
  /** Runs `moonback` as a person would, with nothing of this machine's own settings. */
  readonly moonback: ((...args: readonly string[]) => Promise<Answer>) & {
    /** The same with more variables. */
    with(variables: Readonly<Record<string, string>>): (...args: readonly string[]) => Promise<Answer>;
  };
  write(file: string, text: string): void;
  /** Whether a run left anything behind for this environment. */
  touched(environment: string): boolean;
  [Symbol.dispose](): void;
}

/** No emulator of anybody's stands at this plan's place. */
export const unusedPlan = "10.253.";

export function newProject(): Project {
  const folder = mkdtempSync(join(tmpdir(), "moonback-cli-"));
  for (const file of ["Pulumi.yaml", "Pulumi.demo.yaml"]) cpSync(join(checkout, file), join(folder, file));
  const rehearsal = readFileSync(join(checkout, "Pulumi.rehearsal.yaml"), "utf8").replaceAll("10.10.", unusedPlan);
  writeFileSync(join(folder, "Pulumi.rehearsal.yaml"), rehearsal);
  cpSync(join(checkout, "tests/config/valid/aws-complete.yaml"), join(folder, "Pulumi.complete.yaml"));
  const env = {
    PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
    HOME: join(folder, "home"),
    MOONBACK_DIR: folder,
    AWS_EC2_METADATA_DISABLED: "true",
  };
  const runWith = (variables: Readonly<Record<string, string>>) => async (...args: readonly string[]): Promise<Answer> => {
    const { exitCode, stdout, stderr } = await execa(process.execPath, [join(checkout, "automation/moonback.mjs"), ...args], { env: { ...env, ...variables }, extendEnv: false, reject: false, stdin: "ignore" });
    const stack = /^ {4}at .*$/m.exec(stdout + stderr);
    if (stack !== null) throw new Error(`\`moonback ${args.join(" ")}\` shows a stack: ${stack[0]}\n${stderr}`);
    return { exitCode, stdout, stderr };
  };
  return {
    folder,
    moonback: Object.assign(runWith({}), { with: runWith }),
    write: (file, text) => writeFileSync(join(folder, file), text),
    touched: (environment) => existsSync(join(folder, ".moonback", environment)) || existsSync(join(folder, "home")),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Every line of NDJSON, parsed. */
export function ndjson(text: string): Record<string, unknown>[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Record<string, unknown>);
}
