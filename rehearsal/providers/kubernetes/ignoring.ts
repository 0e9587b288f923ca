import type { Properties } from "../values.ts";
import { at, withAt } from "./objects.ts";
import { managedIn, owns, union } from "./ownership.ts";
import { parsePath } from "./paths.ts";

/**
 * What is applied where the program ignores changes: fields that others own are left to them, others stay as they are. As the
 * official provider does it (await.go, `handleSSAIgnoreFields`), for paths of keys.
 */
export function withoutIgnored(body: Properties, ignoreChanges: readonly string[], live: Properties, fieldManager: string): Properties {
  const managed = managedIn(live);
  const ours = union(managed.filter(({ manager }) => manager === fieldManager).map(({ fields }) => fields));
  const theirs = union(managed.filter(({ manager }) => manager !== fieldManager).map(({ fields }) => fields));
  return ignoreChanges.map(parsePath).reduce<Properties>((result, path) => {
    const keys = path?.filter((step) => typeof step === "string");
    if (path === undefined || keys?.length !== path.length) return result;
    if (owns(theirs, keys) && !owns(ours, keys)) return withAt(result, keys, undefined);
    const value = at(live, ...keys);
    return value === undefined ? result : withAt(result, keys, value);
  }, body);
}
