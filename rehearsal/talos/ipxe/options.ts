import { ipxeErrors, type IpxeError } from "./errors.ts";

/** What a command takes (iPXE, core/parseopt.c): options by their long names, then arguments. */
export interface CommandForm {
  /** Long name → short name. */
  readonly flags?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, string>>;
  readonly least: number;
  readonly most: number;
  /** How the arguments are called in the usage text. */
  readonly usage: string;
}

export interface Given {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly args: readonly string[];
}

export type Parsed = { readonly ok: true; readonly given: Given } | { readonly ok: false; readonly error: IpxeError };

/** Options end at the first word that is none: what stands behind a URL is the image's command line. */
export function parseOptions([name = "", ...words]: readonly string[], form: CommandForm, print: (text: string) => void): Parsed {
  const refuse = (said: string, error: IpxeError): Parsed => {
    if (said !== "") print(`${said}\n`);
    print(usageText(name, form));
    return { ok: false, error };
  };
  const flags = new Set<string>();
  const values = new Map<string, string>();
  let index = 0;
  for (; index < words.length; index++) {
    const word = words[index] ?? "";
    if (word === "--") {
      index++;
      break;
    }
    if (!/^-./.test(word)) break;
    for (const option of word.startsWith("--") ? [word.slice(2)] : Array.from(word.slice(1))) {
      const [long, inline] = longName(option, word.startsWith("--"), form);
      if (long === undefined) return refuse(`Unrecognised option "${word.startsWith("--") ? "--" : "-"}${option}"`, ipxeErrors.option);
      if (long in (form.flags ?? {})) {
        flags.add(long);
        continue;
      }
      const value = inline ?? words[++index];
      if (value === undefined) return refuse(`Option "${long}" requires an argument`, ipxeErrors.missingArgument);
      values.set(long, value);
    }
  }
  const args = words.slice(index);
  if (args.length < form.least || args.length > form.most) return refuse("", ipxeErrors.argumentCount);
  return { ok: true, given: { flags, values, args } };
}

/** The option's long name, and its value where that stands behind an equals sign. */
function longName(option: string, long: boolean, { flags = {}, values = {} }: CommandForm): [string | undefined, string | undefined] {
  const [name = "", inline] = long ? option.split(/=(.*)/s, 2) : [option];
  const known = Object.entries({ ...flags, ...values }).find(([full, short]) => (long ? full === name : short === name));
  return [known?.[0], inline];
}

function usageText(name: string, { flags = {}, values = {}, usage }: CommandForm): string {
  const options = [...Object.entries(values).map(([full, short]) => ` [-${short}|--${full} <${full}>]`), ...Object.entries(flags).map(([full, short]) => ` [-${short}|--${full}]`)];
  return `Usage:\n\n  ${name}${options.join("")} ${usage}\n\nSee https://ipxe.org/cmd/${name} for further information\n`;
}
