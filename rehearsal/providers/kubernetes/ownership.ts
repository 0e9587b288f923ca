/**
 * Who owns which field, as the API server keeps it in `metadata.managedFields`: trees of `f:<key>`, and below lists that are
 * merged item by item `k:<keys>` or `v:<value>`. Format: kubernetes-sigs/structured-merge-diff v6, `fieldpath/serialize.go`.
 */
import { isRecord, type Properties } from "../values.ts";
import { at, recordsAt, textAt } from "./objects.ts";

/** A tree of fields. */
export type Fields = Properties;

/** One manager's fields in an object. */
export interface Managed {
  readonly manager: string;
  readonly operation: string;
  readonly fields: Fields;
  readonly entry: Properties;
}

export function managedIn(object: unknown): readonly Managed[] {
  return recordsAt(object, "metadata", "managedFields").map((entry) => ({
    manager: textAt(entry, "manager") ?? "",
    operation: textAt(entry, "operation") ?? "",
    fields: fieldsOf(entry),
    entry,
  }));
}

function fieldsOf(entry: Properties): Fields {
  const fields = at(entry, "fieldsV1");
  return isRecord(fields) ? fields : {};
}

/** All the fields of several trees. */
export function union(trees: readonly Fields[]): Fields {
  return trees.reduce<Fields>((merged, tree) => {
    const added = Object.entries(tree).map(([key, inner]) => {
      const known = merged[key];
      return [key, isRecord(known) && isRecord(inner) ? union([known, inner]) : inner];
    });
    return { ...merged, ...(Object.fromEntries(added) as Fields) };
  }, {});
}

/** Whether the tree has the field at a path of keys, or anything in it. */
export function owns(fields: Fields, path: readonly string[]): boolean {
  return at(fields, ...path.map((key) => `f:${key}`)) !== undefined;
}

/** The part of a tree below a key. */
export function below(fields: Fields, key: string): Fields {
  const inner = fields[`f:${key}`];
  return isRecord(inner) ? inner : {};
}

/** How the API server merges a list: by keys of its items, as a set of values, or as one piece. */
export type Merging = { readonly by: "keys"; readonly keys: readonly string[] } | { readonly by: "value" } | { readonly by: "whole" };

export function mergingOf(fields: Fields): Merging {
  const items = Object.keys(fields);
  const keyed = items.find((item) => item.startsWith("k:"));
  if (keyed !== undefined) return { by: "keys", keys: Object.keys(JSON.parse(keyed.slice(2)) as object) };
  return items.some((item) => item.startsWith("v:")) ? { by: "value" } : { by: "whole" };
}

/** The part of a tree below one item of a list that is merged by keys. */
export function belowItem(fields: Fields, item: Properties): Fields {
  const found = Object.entries(fields).find(([key]) => {
    if (!key.startsWith("k:")) return false;
    return Object.entries(JSON.parse(key.slice(2)) as object).every(([name, value]) => item[name] === value);
  });
  return isRecord(found?.[1]) ? found[1] : {};
}
