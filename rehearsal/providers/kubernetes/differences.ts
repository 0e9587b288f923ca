import { canonical, isRecord, UNKNOWN } from "../values.ts";
import type { Path } from "./paths.ts";

/** One place at which two values differ, as far down as both have the same shape. */
export interface PlaceOfChange {
  readonly path: Path;
  readonly kind: "add" | "delete" | "update";
  /** What is wanted there; `undefined` where it is to go. */
  readonly wanted: unknown;
}

/** Every place at which the wanted value differs from the one before. What is not known yet differs from everything. */
export function differences(before: unknown, wanted: unknown, path: Path = []): readonly PlaceOfChange[] {
  if (before === undefined && wanted === undefined) return [];
  if (wanted === undefined) return [{ path, kind: "delete", wanted }];
  if (before === undefined) return [{ path, kind: "add", wanted }];
  if (wanted === UNKNOWN) return [{ path, kind: "update", wanted }];
  if (isRecord(before) && isRecord(wanted)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(wanted)]);
    return [...keys].flatMap((key) => differences(before[key], wanted[key], [...path, key]));
  }
  if (Array.isArray(before) && Array.isArray(wanted)) {
    const longer = Math.max(before.length, wanted.length);
    return Array.from({ length: longer }, (_, index) => differences(before[index], wanted[index], [...path, index])).flat();
  }
  return same(before, wanted) ? [] : [{ path, kind: "update", wanted }];
}

/** Whether two values are the same to the last key. */
export function same(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === "object" && typeof b === "object" && canonical(a) === canonical(b));
}
