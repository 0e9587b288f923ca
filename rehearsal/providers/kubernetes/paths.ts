/** Paths into properties as the engine writes them: `spec.containers[0].image`, `metadata.labels["a.b/c"]`, `spec.ports[*]`. */

/** A key, or the index of a list's item. */
export type Step = string | number;
export type Path = readonly Step[];

/** Any item of a list, or any key. */
export const ANY = "*";

export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    if (/[."[\]]/.test(step)) return `${text}["${step.replaceAll('"', '\\"')}"]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}

const STEP = /\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|\.?([^.[\]"]+)/y;

/** `undefined` for what is no path. */
export function parsePath(text: string): Path | undefined {
  const path: Step[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < text.length) {
    const match = STEP.exec(text);
    if (match === null) return undefined;
    const [, quoted, index, plain] = match;
    if (quoted !== undefined) path.push(quoted.replaceAll('\\"', '"'));
    else if (index !== undefined) path.push(index === ANY ? ANY : Number(index));
    else path.push(plain ?? "");
  }
  return path.length === 0 ? undefined : path;
}

/** Whether a path leads to what the pattern names, or into it. */
export function leadsInto(pattern: Path, path: Path): boolean {
  return pattern.length <= path.length && pattern.every((step, index) => step === ANY || step === path[index]);
}
