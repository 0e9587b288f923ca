/** Anything shorter is no secret, and would make holes in every sentence. */
const SHORTEST = 4;
/** What is shown of a long output: its end, where programs say why they failed. */
const SHOWN_CHARACTERS = 4000;

/**
 * The end of an output without the secrets that went in: neither whole nor line by line.
 * @param secrets values that may be secret; which of them are, the engine does not tell
 */
export function hide(output: string, secrets: readonly string[]): string {
  const lines = secrets.flatMap((secret) => [secret, ...secret.split("\n")]).map((line) => line.trim());
  const longestFirst = [...new Set(lines)].filter((line) => line.length >= SHORTEST).sort((a, b) => b.length - a.length);
  const hidden = longestFirst.reduce((text, line) => text.replaceAll(line, "[hidden]"), output).trim();
  return hidden.length > SHOWN_CHARACTERS ? `… ${hidden.slice(-SHOWN_CHARACTERS)}` : hidden;
}
