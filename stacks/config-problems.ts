import { UserError, ExitCode } from "../common/errors.ts";

/** One thing wrong with a settings file, in the words of the person who has to mend it. */
export interface ConfigProblem {
  /** The setting as it is written below `moon-and-back:`, such as `network.vpcCidr`. */
  readonly key: string;
  /** Line in the file, from 1; missing settings have none. */
  readonly line?: number | undefined;
  /** What the file says; undefined where it says nothing. */
  readonly value?: unknown;
  readonly problem: string;
  readonly allowed: string;
  readonly fix: string;
}

/** Every problem of one file at once; nothing has been touched when it is thrown. */
export class ConfigError extends UserError {
  override readonly name = "ConfigError";
  readonly file: string;
  /** Values are abbreviated as in the message. */
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[]) {
    super(render(file, problems), { exitCode: ExitCode.usage });
    this.file = file;
    this.problems = problems.map((entry) => ({ ...entry, value: shown(entry.value)[0] }));
  }
}

function render(file: string, problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const blocks = problems.map((entry) =>
    [
      `  ${entry.key}${entry.line === undefined ? "" : ` (line ${entry.line})`}`,
      ...shown(entry.value).map((text) => `    value    ${text}`),
      `    problem  ${entry.problem}`,
      `    allowed  ${entry.allowed}`,
      `    fix      ${entry.fix}`,
    ].join("\n"),
  );
  return [`${file} has ${count}; nothing was touched.`, ...blocks].join("\n\n");
}

/** A single value on one line; of sections and lists `problem` says enough. */
function shown(value: unknown): string[] {
  if (typeof value === "string") return [abbreviated(value, 24)];
  return typeof value === "number" || typeof value === "boolean" ? [String(value)] : [];
}

/** No more of a value than helps to find it: a secret pasted into the wrong place must not travel through logs whole. */
export function abbreviated(text: string, longest: number): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > longest ? `${line.slice(0, Math.min(longest, 12))}… (${line.length} characters)` : line;
}
