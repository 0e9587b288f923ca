import type { IpxeError } from "./errors.ts";
import type { IpxeHost } from "./host.ts";
import type { Image, Images } from "./images.ts";
import { parseOptions, type CommandForm, type Given } from "./options.ts";
import type { ScriptLine } from "./parse.ts";
import type { Boot, Outcome } from "./run.ts";
import type { Settings } from "./settings.ts";

/** What a command sees of the machine and of the script that it stands in. */
export interface CommandContext {
  readonly host: IpxeHost;
  readonly settings: Settings;
  readonly images: Images;
  /** The script that runs: relative addresses are relative to where it came from. */
  readonly current: Image;
  readonly lines: readonly ScriptLine[];
  readonly signal: AbortSignal;
  readonly exec: (image: Image) => Promise<Outcome>;
}

/** How a command ended. Without `error` it succeeded. */
export interface Result {
  readonly error?: IpxeError | undefined;
  /** The line of the script to go on with. */
  readonly jump?: number;
  /** The script ends here. */
  readonly stop?: boolean;
  /** What runs in the script's place once it has ended. */
  readonly replacement?: Image;
  readonly boot?: Boot | undefined;
}

export type Command = (argv: readonly string[], context: CommandContext) => Result | Promise<Result>;

/** A command that gets its options and arguments once they are known to fit. */
export function command(form: CommandForm, run: (given: Given, context: CommandContext) => Result | Promise<Result>): Command {
  return (argv, context) => {
    const parsed = parseOptions(argv, form, context.host.print);
    return parsed.ok ? run(parsed.given, context) : { error: parsed.error };
  };
}
