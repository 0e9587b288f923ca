import type { Kind } from "./kinds.ts";
import { isRecord, type Properties } from "./values.ts";

/** One property inside a nested block. */
export interface Field {
  readonly kind: Kind;
  readonly required?: true;
  /** What the cloud has when the program says nothing. */
  readonly default?: unknown;
  /** The cloud chooses when the program says nothing: then whatever is there is right. */
  readonly computed?: true;
}

export type Fields = Readonly<Record<string, Field>>;

/** A nested object, compared property by property. */
export function block(name: string, fields: Fields): Kind {
  return {
    name,
    equal: (a, b) => equalBlocks(fields, a, b),
    problem: (value) => blockProblem(name, fields, value),
  };
}

/** A list of nested objects, in an order that counts. */
export function blocks(name: string, fields: Fields): Kind {
  return {
    name: `list of ${name}`,
    equal: (a, b) => Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => equalBlocks(fields, item, b[index])),
    problem: (value) => listProblem(name, fields, value),
  };
}

/** A list of nested objects that is really a set. */
export function blockSet(name: string, fields: Fields): Kind {
  return {
    name: `set of ${name}`,
    equal: (a, b) => Array.isArray(a) && Array.isArray(b) && holdsAll(fields, a, b) && holdsAll(fields, b, a),
    problem: (value) => listProblem(name, fields, value),
  };
}

function holdsAll(fields: Fields, items: readonly unknown[], others: readonly unknown[]): boolean {
  return items.every((item) => others.some((other) => equalBlocks(fields, item, other)));
}

function equalBlocks(fields: Fields, a: unknown, b: unknown): boolean {
  if (!isRecord(a) || !isRecord(b)) return a === b;
  return Object.entries(fields).every(([property, field]) => equalFields(field, a[property], b[property]));
}

function equalFields(field: Field, given: unknown, other: unknown): boolean {
  if (field.computed && (given === undefined || other === undefined)) return true;
  const [a, b] = [given ?? field.default, other ?? field.default];
  return a === undefined || b === undefined ? a === b : field.kind.equal(a, b);
}

function listProblem(name: string, fields: Fields, value: unknown): string | undefined {
  if (!Array.isArray(value)) return `must be a list of ${name}`;
  return value.map((item) => blockProblem(name, fields, item)).find((problem) => problem !== undefined);
}

function blockProblem(name: string, fields: Fields, value: unknown): string | undefined {
  if (!isRecord(value)) return `must be an object: ${name}`;
  const unsupported = Object.keys(value).find((property) => !(property in fields));
  if (unsupported !== undefined) {
    return `has '${unsupported}', which the stand-in does not support in ${name}: ${Object.keys(fields).join(", ")}`;
  }
  const missing = Object.keys(fields).find((property) => fields[property]?.required && value[property] === undefined);
  if (missing !== undefined) return `needs '${missing}' in ${name}`;
  return firstProblem(name, fields, value);
}

function firstProblem(name: string, fields: Fields, value: Properties): string | undefined {
  for (const [property, field] of Object.entries(fields)) {
    const problem = value[property] === undefined ? undefined : field.kind.problem(value[property]);
    if (problem !== undefined) return `has a wrong '${property}' in ${name}: it ${problem}`;
  }
  return undefined;
}
