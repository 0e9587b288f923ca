import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { closest } from "fastest-levenshtein";
import { LineCounter, isNode, isScalar, parseDocument, type Document } from "yaml";
import { type z } from "zod";
import { ExitCode, UserError } from "../common/errors.ts";
import { ConfigError, type ConfigProblem } from "./config-problems.ts";
import { project } from "./project.ts";
import { beforeUp, crossRules, settingsSchema, type Settings } from "./settings.ts";

/** One environment as the rest of the program sees it: validated settings and its name. */
export interface Environment extends Settings {
  readonly name: string;
}

/** Keys that Pulumi itself writes at the top of a stack's settings file. */
const pulumiKeys = ["config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment"];
/** No hyphen: `<env>-<stage>` must fall apart in one way only. */
const environmentName = /^[a-z][a-z0-9]{0,15}$/;

export function settingsFile(environment: string): string {
  return `Pulumi.${environment}.yaml`;
}

/** The environments that have a settings file in `directory`, sorted. */
export function listEnvironments(directory: string): string[] {
  return readdirSync(directory)
    .map((file) => /^Pulumi\.([a-z][a-z0-9]*)\.yaml$/.exec(file)?.[1])
    .filter((name) => name !== undefined)
    .sort();
}

/**
 * Reads and validates Pulumi.<name>.yaml. Nothing but that file is read.
 * @throws ConfigError with every problem at once; UserError when there is no such environment.
 */
export function loadEnvironment(directory: string, name: string): Environment {
  const file = settingsFile(name);
  if (!environmentName.test(name) || !existsSync(join(directory, file))) {
    const known = listEnvironments(directory);
    const guess = known.length > 0 ? closest(name, known) : undefined;
    throw new UserError(`There is no environment "${name}": ${file} does not exist. Known: ${known.join(", ") || "none"}.`, {
      exitCode: ExitCode.usage,
      fix: guess === undefined ? `Write ${file}; Pulumi.rehearsal.yaml is an example.` : `Did you mean "${guess}"? Else write ${file}.`,
    });
  }
  const source = readFileSync(join(directory, file), "utf8");
  const { settings, problems } = parseSettings(source);
  if (settings === undefined) throw new ConfigError(file, problems);
  return { name, ...settings };
}

/** What an environment still lacks before it may be built. A plan works without. */
export function missingForUp(environment: Environment): ConfigProblem[] {
  return beforeUp
    .filter((setting) => setting.missing(environment))
    .map(({ key, allowed, fix }) => ({ key, problem: "is needed before up and is not set", allowed, fix }));
}

type Parsed =
  | { readonly settings: Settings; readonly problems: readonly [] }
  | { readonly settings?: undefined; readonly problems: readonly ConfigProblem[] };

/** Pure: the text of a settings file to settings, or to everything that is wrong with it. */
export function parseSettings(source: string): Parsed {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, uniqueKeys: true });
  const [syntax] = document.errors;
  if (syntax !== undefined) {
    const { line } = lines.linePos(syntax.pos[0]);
    const problem = (syntax.message.split("\n")[0] ?? "").replace(/ at line \d+.*$/, "");
    return { problems: [{ key: "(the file)", line, problem, allowed: "YAML", fix: "mend the YAML; indentation is two spaces" }] };
  }
  const root: unknown = document.toJS();
  const problems = topLevelProblems(root, document, lines);
  const raw = ownSettings(root);
  const result = settingsSchema.safeParse(raw);
  if (!result.success) problems.push(...result.error.issues.flatMap((issue) => problemsOf(issue, raw)));
  else {
    for (const rule of crossRules) {
      const problem = rule.broken(result.data);
      if (problem !== undefined) problems.push({ key: rule.key, value: valueAt(raw, rule.key.split(".")), problem, allowed: rule.allowed, fix: rule.fix });
    }
  }
  if (problems.length === 0 && result.success) return { settings: result.data, problems: [] };
  return { problems: problems.map((entry) => ({ ...entry, line: entry.line ?? lineOf(document, lines, entry.key) })) };
}

function topLevelProblems(root: unknown, document: Document, lines: LineCounter): ConfigProblem[] {
  const allowed = pulumiKeys.join(", ");
  if (!isRecord(root) || (root["config"] !== undefined && !isRecord(root["config"]))) {
    return [{ key: "config", value: isRecord(root) ? root["config"] : root, problem: "is not a section", allowed: "a section of settings", fix: `indent the ${project}: settings below config:` }];
  }
  const unknown = Object.keys(root).filter((key) => !pulumiKeys.includes(key));
  const wrong = unknown.map((key) => ({ key, line: nodeLine(document, lines, [key]), value: root[key], problem: "is not a key of this file", allowed, fix: suggestion(key, pulumiKeys, `move it below config: as ${project}:${key}`) }));
  const bare = Object.keys(isRecord(root["config"]) ? root["config"] : {}).filter((key) => !key.includes(":"));
  return [
    ...wrong,
    ...bare.map((key) => ({ key, line: nodeLine(document, lines, ["config", key]), problem: "has no namespace", allowed: `${project}:<setting>`, fix: `write ${project}:${key}` })),
  ];
}

/** The settings in our namespace; other namespaces (`aws:`, `pulumi:`) are Pulumi's business. */
function ownSettings(root: unknown): Record<string, unknown> {
  const config = isRecord(root) && isRecord(root["config"]) ? root["config"] : {};
  const prefix = `${project}:`;
  return Object.fromEntries(Object.entries(config).filter(([key]) => key.startsWith(prefix)).map(([key, value]) => [key.slice(prefix.length), value]));
}

function problemsOf(issue: z.core.$ZodIssue, raw: Record<string, unknown>): ConfigProblem[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(path);
    return issue.keys.map((key) => ({
      key: [...path, key].join("."),
      value: valueAt(raw, [...path, key]),
      problem: "is not a setting",
      allowed: known.join(", "),
      fix: suggestion(key, known, "remove it"),
    }));
  }
  const value = valueAt(raw, path);
  const { allowed, fix } = helpAt(path);
  const problem = value === undefined ? "is required and is not set" : issue.code === "invalid_type" ? `is ${article(value)}` : issue.code === "invalid_value" ? "is not one of the allowed values" : issue.message;
  return [{ key: path.join("."), value, problem, allowed, fix }];
}

function suggestion(key: string, known: readonly string[], otherwise: string): string {
  const guess = closest(key, [...known]);
  const near = guess.toLowerCase().startsWith(key.toLowerCase().slice(0, 3));
  return near ? `did you mean ${guess}?` : otherwise;
}

function article(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a section" : typeof value === "number" ? "a number" : `a ${typeof value}`;
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
  const found = (schemaAt(path) as z.ZodType | undefined)?.meta() as { allowed: string; fix: string } | undefined;
  if (found === undefined) throw new Error(`the setting ${path.join(".")} has no help text`);
  return found;
}

function lineOf(document: Document, lines: LineCounter, key: string): number | undefined {
  const [first, ...rest] = key.split(".");
  return nodeLine(document, lines, ["config", `${project}:${first ?? ""}`, ...rest]);
}

function nodeLine(document: Document, lines: LineCounter, path: string[]): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const items = isNode(parent) && "items" in parent ? (parent.items as { key?: unknown }[]) : [];
  const pair = items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
  return isScalar(pair?.key) && pair.key.range ? lines.linePos(pair.key.range[0]).line : undefined;
}

function valueAt(raw: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), raw);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
