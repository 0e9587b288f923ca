/** The exit codes of the command-line contract (docs/cli.md). */
export const ExitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  gateRed: 3,
  refused: 4,
  locked: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/**
 * A failure that a person can act on: printed as it is, without a stack.
 * Anything else that reaches the command line is a bug of ours and is reported as one.
 */
export class UserError extends Error {
  override readonly name: string = "UserError";
  readonly exitCode: ExitCode;
  /** What to do next: a command or a sentence, shown on a line of its own. */
  readonly fix: string | undefined;

  constructor(message: string, options: { fix?: string; exitCode?: ExitCode; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.fix = options.fix;
    this.exitCode = options.exitCode ?? ExitCode.failed;
  }
}

/** The message of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
