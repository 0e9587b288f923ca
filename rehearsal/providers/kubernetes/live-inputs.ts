/** Finds out how what a program has declared is in the cluster, and no more: what others add to an object is theirs. */
import { isRecord, type Properties } from "../values.ts";
import { same } from "./differences.ts";
import { at } from "./objects.ts";
import { below, belowItem, type Fields, managedIn, mergingOf, union } from "./ownership.ts";
import { amountOf } from "./quantities.ts";

/**
 * The inputs that would say what is there, at the places that the program has declared. Where nothing has changed since it
 * was recorded they are the program's own words, so that what the server writes otherwise is no drift.
 * @param recorded the object as it was when it was last seen; empty where nobody knows
 */
export function liveInputs(inputs: Properties, recorded: Properties, live: Properties): Properties {
  const fields = union(managedIn(live).map((managed) => managed.fields));
  const found = liveValue(inputs, withStringData(recorded, inputs), withStringData(live, inputs), fields);
  return isRecord(found) ? found : {};
}

function liveValue(input: unknown, before: unknown, now: unknown, fields: Fields): unknown {
  // What never came back is written only, or the same as nothing.
  if (now === undefined) return before === undefined ? input : undefined;
  if (isRecord(input) && isRecord(now)) return liveRecord(input, before, now, fields);
  if (before !== undefined && same(before, now)) return input;
  if (Array.isArray(input) && Array.isArray(now)) return liveList(input, Array.isArray(before) ? before : [], now, fields);
  // The server's spelling of a value does not change by itself.
  return before === undefined && means(input, now) ? input : now;
}

function liveRecord(input: Properties, before: unknown, now: Properties, fields: Fields): Properties {
  const entries = Object.entries(input)
    .map(([key, value]) => [key, liveValue(value, at(before, key), now[key], below(fields, key))] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function liveList(input: readonly unknown[], before: readonly unknown[], now: readonly unknown[], fields: Fields): unknown[] {
  const merging = mergingOf(fields);
  if (merging.by === "value") return input.filter((item) => now.some((other) => means(item, other)));
  if (merging.by === "whole") return now.map((item, index) => (index < input.length ? liveValue(input[index], before[index], item, {}) : item));
  const { keys } = merging;
  // In the program's order: items of others stand between them.
  return input.flatMap((item) => {
    const found = counterpart(item, now, keys);
    return found === undefined ? [] : [liveValue(item, counterpart(item, before, keys), found, belowItem(fields, found))];
  });
}

/** The item of a list with the same keys, as far as the program has said them: the server fills in the rest. */
function counterpart(item: unknown, list: readonly unknown[], keys: readonly string[]): Properties | undefined {
  const said = keys.filter((key) => at(item, key) !== undefined);
  return list.filter(isRecord).find((other) => said.every((key) => same(other[key], at(item, key))));
}

/** Whether two values are the same to the API server. */
function means(input: unknown, now: unknown): boolean {
  if (same(input, now)) return true;
  const amount = amountOf(input);
  // A text and the same text as a number are two things, unless the server counts with it.
  return amount !== undefined && amount === amountOf(now) && typeof now === "string";
}

/** A Secret's `stringData` is written only, and comes back in `data`. */
function withStringData(object: Properties, inputs: Properties): Properties {
  const { stringData } = inputs;
  if (!isRecord(stringData) || object["kind"] !== "Secret" || object["apiVersion"] !== "v1") return object;
  const shown = Object.keys(stringData)
    .map((key) => [key, at(object, "data", key)] as const)
    .filter(([, value]) => typeof value === "string")
    .map(([key, value]) => [key, Buffer.from(String(value), "base64").toString()]);
  return { ...object, stringData: Object.fromEntries(shown) };
}

const NOISE = ["creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

/** What a program may not declare, taken out of what it has declared, or of an object that is imported. */
export function withoutNoise(object: Properties): Properties {
  const { metadata } = object;
  const declared = Object.fromEntries(Object.entries(object).filter(([key]) => key !== "status"));
  if (!isRecord(metadata)) return declared;
  return { ...declared, metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !NOISE.includes(key))) };
}
