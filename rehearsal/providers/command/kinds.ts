import type { Kind } from "../kinds.ts";
import { canonical, isRecord } from "../values.ts";

const same = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);

/** Anything, in an order that counts. */
export const list: Kind = {
  name: "list",
  equal: same,
  problem: (value) => (Array.isArray(value) ? undefined : "must be a list"),
};

/** A program and its arguments. */
export const argv: Kind = {
  name: "list of strings",
  equal: same,
  problem: (value) => (Array.isArray(value) && value.every((item) => typeof item === "string") ? undefined : "must be a list of strings"),
};

/** Variables. Their values may be secrets, so none is ever named. */
export const textMap: Kind = {
  name: "map of strings",
  equal: same,
  problem: (value) => (isRecord(value) && Object.values(value).every((item) => typeof item === "string") ? undefined : "must be a map of strings"),
};

export const logging: Kind = {
  name: "logging",
  equal: same,
  problem: (value) => (["stdout", "stderr", "stdoutAndStderr", "none"].includes(value as string) ? undefined : "must be one of stdout, stderr, stdoutAndStderr, none"),
};
