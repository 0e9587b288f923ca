/** How objects of any kind are read: nothing of an object's shape is certain before it is looked at. */
import { isRecord, type Properties } from "../values.ts";

export const ANNOTATIONS = {
  autonamed: "pulumi.com/autonamed",
  deletionPropagation: "pulumi.com/deletionPropagationPolicy",
  patchFieldManager: "pulumi.com/patchFieldManager",
  patchForce: "pulumi.com/patchForce",
  replaceUnready: "pulumi.com/replaceUnready",
  skipAwait: "pulumi.com/skipAwait",
  timeoutSeconds: "pulumi.com/timeoutSeconds",
  waitFor: "pulumi.com/waitFor",
} as const;

/** The value at a path of keys; `undefined` as soon as there is nothing. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isRecord(inner) ? inner[key] : undefined), value);
}

export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
}

export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === "number" ? found : undefined;
}

/** The objects of a list; anything else in it is left out. */
export function recordsAt(value: unknown, ...path: readonly string[]): readonly Properties[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found.filter(isRecord) : [];
}

export function nameOf(object: unknown): string {
  return textAt(object, "metadata", "name") ?? "";
}

export function namespaceOf(object: unknown): string {
  return textAt(object, "metadata", "namespace") ?? "";
}

export function annotationOf(object: unknown, name: string): string | undefined {
  return textAt(object, "metadata", "annotations", name);
}

export function isAnnotated(object: unknown, name: string): boolean {
  return annotationOf(object, name) === "true";
}

/** `namespace/name`, or the name alone of what has no namespace: the id under which the official provider records it. */
export function idOf(object: unknown): string {
  const namespace = namespaceOf(object);
  return namespace === "" ? nameOf(object) : `${namespace}/${nameOf(object)}`;
}

export function fromId(id: string): { namespace: string; name: string } {
  const slash = id.indexOf("/");
  return slash < 0 ? { namespace: "", name: id } : { namespace: id.slice(0, slash), name: id.slice(slash + 1) };
}

/** `Deployment default/web`, for messages. */
export function describe(object: unknown): string {
  return `${textAt(object, "kind") ?? "object"} ${idOf(object)}`;
}

/** A copy with another value at a path, without the key where the value is `undefined`; objects on the way are made. */
export function withAt(object: Properties, path: readonly string[], value: unknown): Properties {
  const [key, ...rest] = path;
  if (key === undefined) return object;
  const others = Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
  if (rest.length === 0) return value === undefined ? others : { ...object, [key]: value };
  const inner = object[key];
  if (!isRecord(inner) && value === undefined) return object;
  return { ...object, [key]: withAt(isRecord(inner) ? inner : {}, rest, value) };
}
