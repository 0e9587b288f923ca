import type { Difference, PropertyChange } from "../diff.ts";
import type { DiffRequest } from "../operations.ts";
import type { Properties } from "../values.ts";
import { type Context, isNamespaced, kindIn, plain } from "./context.ts";
import { differences } from "./differences.ts";
import { type KindId, kindOfObject } from "./kind.ts";
import { withoutNoise } from "./live-inputs.ts";
import { nameOf, namespaceOf, withAt } from "./objects.ts";
import { leadsInto, parsePath, pathText } from "./paths.ts";
import { replaces } from "./replacing.ts";
import { knownOf } from "./state.ts";

/** What the program wants otherwise, place by place. What is drift was put into the old inputs when the object was read. */
export async function diff({ oldInputs, newInputs, state, ignoreChanges }: DiffRequest, context: Context): Promise<Difference> {
  const wanted = plain(newInputs);
  const kind = kindIn(wanted, context);
  const namespaced = await isNamespaced(kind, context);
  const [before, after] = [plain(oldInputs), wanted].map((inputs) => comparable(inputs, namespaced, context)) as [Properties, Properties];
  const ignored = ignoreChanges.map(parsePath).filter((path) => path !== undefined);
  const oldKind = kindOfObject(before, context.named);
  const changes = differences(before, after)
    .filter(({ path }) => !ignored.some((pattern) => leadsInto(pattern, path)))
    .map((change): PropertyChange => ({
      property: pathText(change.path),
      replaces: replaces(change, { kind, inputs: after, mutability: context.settings.mutability }) || (change.path[0] === "apiVersion" && isOtherKind(oldKind, kind)),
      ...(change.kind === "update" ? {} : { kind: change.kind }),
    }));
  const live = knownOf(state).object;
  const isSameName = nameOf(after) === nameOf(live) && namespaceOf(after) === namespaceOf(live);
  return { changes, deleteBeforeReplace: isSameName && changes.some((change) => change.replaces) };
}

/** Whether it would be served elsewhere: another version of a group serves the same objects. */
function isOtherKind(a: KindId, b: KindId): boolean {
  return a.group !== b.group || a.kind !== b.kind;
}

/** A namespace is filled in before anybody knows whether the kind has any. */
function comparable(inputs: Properties, namespaced: boolean, { settings }: Context): Properties {
  const declared = withoutNoise(inputs);
  if (!namespaced) return withAt(declared, ["metadata", "namespace"], undefined);
  return namespaceOf(declared) === "" && declared["metadata"] !== undefined ? withAt(declared, ["metadata", "namespace"], settings.namespace) : declared;
}
