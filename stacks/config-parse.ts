import { closest, distance } from "fastest-levenshtein";
import { LineCounter, isMap, isScalar, parseDocument, visit, type Document, type Pair } from "yaml";
import { type z } from "zod";
import { abbreviated, type ConfigProblem } from "./config-problems.ts";
import { project } from "./project.ts";
import { crossRules, settingsSchema, type Settings } from "./settings.ts";

type Parsed =
  | { readonly settings: Settings; readonly problems: readonly [] }
  | { readonly settings?: undefined; readonly problems: readonly ConfigProblem[] };

/** A problem while it is looked for: where the key stands in the file, and which setting a misspelt one was to be. */
interface Finding extends ConfigProblem {
  readonly path: readonly string[];
  readonly meant?: string | undefined;
}

/** Keys that Pulumi itself writes at the top of a stack's settings file. */
const pulumiKeys = ["config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment"];
const prefix = `${project}:`;

/** Pure: the text of a settings file to settings, or to everything that is wrong with it, in the order of its lines. */
export function parseSettings(source: string): Parsed {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, uniqueKeys: false });
  const syntax = syntaxProblem(document, lines);
  if (syntax !== undefined) return { problems: [syntax] };
  const root: unknown = document.toJS();
  const outside = problemsOutside(root);
  const raw = ownSettings(root);
  const result = settingsSchema.safeParse(raw);
  const twice = duplicates(document, lines);
  const findings = [...twice, ...outside, ...(isReadable(root) ? ownProblems(result, raw, twice.length === 0) : [])];
  if (findings.length === 0 && result.success) return { settings: result.data, problems: [] };
  const meant = new Set(findings.map((finding) => finding.meant));
  const located = findings
    .filter(({ key, value, line, problem }) => !(meant.has(key) && value === undefined && line === undefined && problem === missing))
    .map((finding) => locate(finding, document, lines));
  return { problems: located.sort((a, b) => (a.line ?? Infinity) - (b.line ?? Infinity) || 0) };
}

const missing = "is required and is not set";

/** What stops the reading at once: the first error, since the ones behind it mostly follow from it. */
function syntaxProblem(document: Document, lines: LineCounter): ConfigProblem | undefined {
  const whole = { key: "(the file)", allowed: "YAML", fix: "mend the YAML; indentation is two spaces" };
  const [error] = document.errors;
  if (error !== undefined) {
    const { line } = lines.linePos(error.pos[0]);
    if (error.code === "MULTIPLE_DOCS") return { ...whole, line, problem: "holds more than one document", allowed: "one YAML document", fix: "remove the line --- and what does not belong here" };
    return { ...whole, line, problem: (error.message.split("\n")[0] ?? "").replace(/ at line \d+.*$/, "") };
  }
  let problem: ConfigProblem | undefined;
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return undefined;
      problem = { ...whole, line: lines.linePos(alias.range?.[0] ?? 0).line, problem: `*${alias.source} refers to nothing: no &${alias.source} stands before it`, fix: `write the value, or mark it with &${alias.source} where it first stands` };
      return visit.BREAK;
    },
  });
  return problem;
}

/** Settings written twice: YAML would take the last without a word. */
function duplicates(document: Document, lines: LineCounter): Finding[] {
  const found: Finding[] = [];
  visit(document, {
    Map: (_, map, ancestors) => {
      const seen = new Map<unknown, number>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const { line } = lines.linePos(key.range?.[0] ?? 0);
        const first = seen.get(key.value);
        const path = [...ancestors.flatMap((node) => keyOf(node)), String(key.value)];
        if (first === undefined) seen.set(key.value, line);
        else found.push({ key: shortKey(path), path, line, problem: `is set twice, first in line ${first}`, allowed: "every setting once", fix: "remove one of the two" });
      }
    },
  });
  return found;
}

/** Everything that is wrong around our settings: the file's shape and its namespaces. */
function problemsOutside(root: unknown): Finding[] {
  const shape = { key: "(the file)", path: [], allowed: "config: with the settings below it", fix: "start from Pulumi.rehearsal.yaml" };
  if (root === null || root === undefined) return [{ ...shape, problem: "is empty" }];
  if (!isRecord(root)) return [{ ...shape, line: 1, problem: `is ${article(root)}` }];
  const unknown = Object.keys(root).filter((key) => !pulumiKeys.includes(key)).map(unknownTopLevel);
  const config = root["config"];
  if (isRecord(config)) return [...unknown, ...Object.keys(config).flatMap((key) => foreignKey(key))];
  if (unknown.some(({ meant }) => meant === "config")) return unknown;
  const problem = config === undefined ? missing : `is ${article(config)}`;
  return [...unknown, { key: "config", path: ["config"], problem, allowed: "a section of settings", fix: `write config: and below it, indented, the settings as ${prefix}<setting>` }];
}

function unknownTopLevel(key: string): Finding {
  const finding = { key, path: [key], problem: "is not a key of this file", allowed: pulumiKeys.join(", ") };
  if (key.startsWith(prefix)) return { ...finding, meant: key.slice(prefix.length), fix: "indent it by two spaces and put it below config:" };
  if (keysAt([]).includes(key)) return { ...finding, meant: key, fix: `put it below config: as ${prefix}${key}` };
  const guess = near(key, pulumiKeys);
  return { ...finding, meant: guess, fix: guess === undefined ? "remove it" : `did you mean ${guess}?` };
}

/** A key below config: that is nobody's: neither ours nor, as it seems, another namespace of Pulumi's. */
function foreignKey(key: string): Finding[] {
  const [namespace = "", setting] = [key.split(":")[0], key.includes(":") ? key.slice(key.indexOf(":") + 1) : undefined];
  const finding = { key, path: ["config", key], allowed: `${prefix}<setting>` };
  if (setting !== undefined) {
    if (namespace === project || near(namespace, [project]) === undefined) return [];
    return [{ ...finding, meant: setting, problem: `has the unknown namespace ${namespace}`, fix: `did you mean ${prefix}${setting}?` }];
  }
  if (key === project) return [{ ...finding, problem: "is a section of its own", fix: `write ${prefix} before every setting, on one level` }];
  return [{ ...finding, meant: key, problem: "has no namespace", fix: `write ${prefix}${key}` }];
}

/** Whether settings can stand where they belong; else "is required" of each of them would only hide why. */
function isReadable(root: unknown): boolean {
  return isRecord(root) && isRecord(root["config"]) && !(project in root["config"]);
}

function ownProblems(result: z.ZodSafeParseResult<Settings>, raw: Record<string, unknown>, definite: boolean): Finding[] {
  if (!result.success) return result.error.issues.flatMap((issue) => problemsOf(issue, raw));
  // Of a setting that is there twice nobody knows what it contradicts.
  if (!definite) return [];
  return crossRules.flatMap(({ key, broken, allowed, fix }) => {
    const problem = broken(result.data);
    return problem === undefined ? [] : [{ key, path: settingPath(key.split(".")), value: valueAt(raw, key.split(".")), problem, allowed, fix }];
  });
}

/** The settings in our namespace; other namespaces (`aws:`, `pulumi:`) are Pulumi's business. */
function ownSettings(root: unknown): Record<string, unknown> {
  const config = isRecord(root) && isRecord(root["config"]) ? root["config"] : {};
  return Object.fromEntries(Object.entries(config).filter(([key]) => key.startsWith(prefix)).map(([key, value]) => [key.slice(prefix.length), value]));
}

function problemsOf(issue: z.core.$ZodIssue, raw: Record<string, unknown>): Finding[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownSetting([...path, key], raw));
  const value = valueAt(raw, path);
  const { allowed, fix } = helpAt(path);
  const finding = { key: path.join("."), path: settingPath(path), value, allowed, fix };
  if (value === undefined) return [{ ...finding, problem: missing }];
  if (issue.code === "invalid_type") return [{ ...finding, problem: `is ${article(value)}` }];
  if (issue.code === "invalid_value") {
    const numberAsText = typeof value === "string" && issue.values.includes(Number(value));
    if (numberAsText) return [{ ...finding, problem: "is text, not a number", fix: `write ${value} without quotes` }];
    return [{ ...finding, problem: value === null ? "is empty" : "is not one of the allowed values" }];
  }
  const ownFix: unknown = issue.code === "custom" ? issue.params?.["fix"] : undefined;
  return [{ ...finding, problem: issue.message, fix: typeof ownFix === "string" ? ownFix : fix }];
}

function unknownSetting(path: readonly string[], raw: Record<string, unknown>): Finding {
  const key = path.at(-1) ?? "";
  const siblings = keysAt(path.slice(0, -1));
  const guess = near(key, siblings);
  const value = valueAt(raw, path);
  return {
    key: path.join("."),
    path: settingPath(path),
    // Whoever writes `password: …` here must not read it in the log of a build.
    value: typeof value === "string" && guess === undefined ? abbreviated(value, 4) : value,
    problem: "is not a setting",
    allowed: siblings.join(", "),
    meant: guess === undefined ? undefined : [...path.slice(0, -1), guess].join("."),
    fix: guess === undefined ? "remove it" : `did you mean ${guess}?`,
  };
}

/** The known word that was probably meant: at most every third letter is wrong. */
export function near(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const guess = closest(word.toLowerCase(), known.map((one) => one.toLowerCase()));
  const wrong = distance(word.toLowerCase(), guess);
  return wrong <= Math.floor(guess.length / 3) ? known.find((one) => one.toLowerCase() === guess) : undefined;
}

function article(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a section";
  return typeof value === "string" ? "text" : typeof value === "boolean" ? "true or false" : "a number";
}

function schemaAt(path: readonly string[]): z.core.$ZodType | undefined {
  return path.reduce<z.core.$ZodType | undefined>((schema, key) => unwrap(schema)?.shape[key] as z.core.$ZodType | undefined, settingsSchema);
}

function unwrap(schema: z.core.$ZodType | undefined): z.ZodObject | undefined {
  const def = schema?._zod.def as { type: string; innerType?: z.core.$ZodType } | undefined;
  if (def?.type === "object") return schema as z.ZodObject;
  return def?.innerType === undefined ? undefined : unwrap(def.innerType);
}

function keysAt(path: readonly string[]): string[] {
  return Object.keys(unwrap(schemaAt(path))?.shape ?? {});
}

function helpAt(path: readonly string[]): { allowed: string; fix: string } {
  // What stands in a list is explained by the list.
  const found = (schemaAt(path.filter((key) => !/^\d+$/.test(key))) as z.ZodType | undefined)?.meta() as { allowed: string; fix: string } | undefined;
  if (found === undefined) throw new Error(`the setting ${path.join(".")} has no help text`);
  return found;
}

/** Where a setting stands in the file. */
function settingPath([first = "", ...rest]: readonly string[]): string[] {
  return ["config", prefix + first, ...rest];
}

/** The other way round: a place in the file as the messages name it. */
function shortKey(path: readonly string[]): string {
  const [top, first = "", ...rest] = path;
  return top === "config" && first !== "" ? [first.startsWith(prefix) ? first.slice(prefix.length) : first, ...rest].join(".") : path.join(".");
}

/** Adds the line: the key's own, or for what is missing in a section the section's. A number is shown as it was written. */
function locate({ path, ...finding }: Finding, document: Document, lines: LineCounter): ConfigProblem {
  const { key, value, problem, allowed, fix } = finding;
  const pair = pairAt(document, path) ?? (path.length > 2 ? pairAt(document, path.slice(0, -1)) : undefined);
  const start = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
  const written = typeof value === "number" && isScalar(pair?.value) ? pair.value.source : undefined;
  const line = finding.line ?? (start === undefined ? undefined : lines.linePos(start).line);
  return { key, line, value: written ?? value, problem, allowed, fix };
}

function pairAt(document: Document, path: readonly string[]): Pair | undefined {
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  return isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === path.at(-1)) : undefined;
}

function keyOf(node: unknown): string[] {
  const { key } = (typeof node === "object" && node !== null && "key" in node ? node : {}) as { key?: unknown };
  return isScalar(key) ? [String(key.value)] : [];
}

function valueAt(raw: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), raw);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
