/** One line of an iPXE script: a label, a command line, or both (iPXE, image/script.c). */
export interface ScriptLine {
  readonly label: string | undefined;
  readonly command: string;
}

/** When the command behind another one runs: `&&`, `||`, `;`. */
export type Next = "on-success" | "on-failure" | "always";

export interface Command {
  /** Not expanded yet: settings are expanded when the command runs. */
  readonly tokens: readonly string[];
  readonly next: Next | undefined;
}

const terminators: Readonly<Record<string, Next>> = { "&&": "on-success", "||": "on-failure", ";": "always" };

/** Whether these bytes are an iPXE script: by the first line's beginning, as iPXE decides it. */
export const isScript = (bytes: Buffer): boolean => /^#![ig]pxe\s/.test(bytes.subarray(0, 8).toString("latin1"));

/** The lines of a script; a backslash at the end joins two. */
export function scriptLines(text: string): ScriptLine[] {
  const lines: ScriptLine[] = [];
  let joined = "";
  for (const raw of text.split("\n")) {
    const line = joined + raw.replace(/\r$/, "");
    if (line.endsWith("\\")) {
      joined = line.slice(0, -1);
      continue;
    }
    joined = "";
    const [, label, command = ""] = /^\s*(?::(\S*)\s?)?(.*)$/.exec(line) ?? [];
    lines.push({ label, command });
  }
  return lines;
}

/** The commands of one line. A word that begins with `#` begins a comment, wherever it stands. */
export function commandsOf(line: string): Command[] {
  const commands: Command[] = [];
  let tokens: string[] = [];
  for (const token of line.split(/\s+/).filter(Boolean)) {
    if (token.startsWith("#")) break;
    const next = terminators[token];
    if (next === undefined) tokens.push(token);
    else {
      commands.push({ tokens, next });
      tokens = [];
    }
  }
  return [...commands, { tokens, next: undefined }];
}
