import ipaddr from "ipaddr.js";
import { canonical, isRecord, type Properties } from "./values.ts";

/** What values of a property look like and when two of them mean the same. */
export interface Kind {
  readonly name: string;
  /** Both values are set and fully known. */
  equal(a: unknown, b: unknown): boolean;
  /** What is wrong with a known value, as the end of a sentence. */
  problem(value: unknown): string | undefined;
  /** The one form in which a value is kept, if there are several. */
  normalise?(value: unknown): unknown;
}

const ofType = (name: "string" | "number" | "boolean"): Kind => ({
  name,
  equal: (a, b) => a === b,
  problem: (value) => (typeof value === name ? undefined : `must be a ${name}`),
});

export const text = ofType("string");
export const number = ofType("number");
export const flag = ofType("boolean");

/** An address range: `2001:DB8::/64` and `2001:db8:0::/64` are one. */
export const cidr: Kind = {
  name: "cidr",
  equal: (a, b) => normaliseCidr(a) === normaliseCidr(b),
  problem: (value) =>
    typeof value === "string" && ipaddr.isValidCIDR(value) ? undefined : "must be an address range such as 10.0.0.0/16",
};

/** The canonical text of an address range; anything else unchanged. */
export function normaliseCidr(value: unknown): unknown {
  if (typeof value !== "string" || !ipaddr.isValidCIDR(value)) return value;
  const [address, length] = ipaddr.parseCIDR(value);
  return `${address.toString()}/${length}`;
}

/** One of a few words. */
export function oneOf(...values: readonly string[]): Kind {
  return {
    name: "string",
    equal: (a, b) => a === b,
    problem: (value) => (values.includes(value as string) ? undefined : `must be one of ${values.join(", ")}`),
  };
}

/** A flag that the official provider takes as a word, so that "not set" can be told from false. */
export const flagText: Kind = oneOf("true", "false");

/** Bytes as base64 text. */
export const base64: Kind = {
  name: "string",
  equal: (a, b) => a === b,
  problem: (value) =>
    typeof value === "string" && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value) ? undefined : "must be base64 text",
};

/** IP addresses in no order: `2001:DB8::1` and `2001:db8:0::1` are one. */
export const addressSet: Kind = {
  name: "set of strings",
  equal: (a, b) => textSet.equal(normaliseAddresses(a), normaliseAddresses(b)),
  problem: (value) =>
    Array.isArray(value) && value.every((item) => typeof item === "string" && ipaddr.isValid(item)) ? undefined : "must be a list of IP addresses",
};

function normaliseAddresses(value: unknown): unknown {
  return Array.isArray(value) ? value.map(normaliseAddress) : value;
}

/** The canonical text of an IP address; anything else unchanged. */
export function normaliseAddress(value: unknown): unknown {
  return typeof value === "string" && ipaddr.isValid(value) ? ipaddr.parse(value).toString() : value;
}

/** Strings in an order that counts. */
export const textList: Kind = {
  name: "list of strings",
  equal: (a, b) => canonical(a) === canonical(b),
  problem: (value) => textSet.problem(value),
};

/** Strings in no order. */
export const textSet: Kind = {
  name: "set of strings",
  equal: (a, b) => canonical(sorted(a)) === canonical(sorted(b)),
  problem: (value) =>
    Array.isArray(value) && value.every((item) => typeof item === "string") ? undefined : "must be a list of strings",
};

function sorted(value: unknown): unknown {
  return Array.isArray(value) ? [...new Set(value as string[])].sort() : value;
}

/** Tags. Those the cloud itself puts (`aws:…`) are not the program's business. */
export const tags: Kind = {
  name: "tags",
  equal: (a, b) => canonical(ownTags(a)) === canonical(ownTags(b)),
  problem: (value) => {
    if (!isRecord(value)) return "must be a map of strings";
    const wrong = Object.entries(value).find(([, inner]) => typeof inner !== "string");
    if (wrong) return `must be a map of strings; '${wrong[0]}' is not a string`;
    const reserved = Object.keys(value).find((key) => key.startsWith("aws:"));
    return reserved === undefined ? undefined : `must not use the reserved prefix aws: ('${reserved}')`;
  },
};

/** The tags without the cloud's own. */
export function ownTags(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(isRecord(value) ? value : {}).filter(([key]) => !key.startsWith("aws:")),
  ) as Record<string, string>;
}

/** A JSON document, given as text or as an object (kept as text), compared by content. */
export const json: Kind = {
  name: "JSON document",
  equal: (a, b) => canonical(parse(a)) === canonical(parse(b)),
  problem: (value) => {
    if (isRecord(value)) return undefined;
    if (typeof value !== "string") return "must be a JSON document";
    try {
      JSON.parse(value);
      return undefined;
    } catch (error) {
      return `must be a JSON document: ${error instanceof Error ? error.message : String(error)}`;
    }
  },
  normalise: (value) => (isRecord(value) ? JSON.stringify(value) : value),
};

function parse(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

/** A list of objects that is really a set: `atoms` gives one text for each member, whatever the grouping. */
export function setOf(name: string, keys: readonly string[], atoms: (items: Properties[]) => string[]): Kind {
  const asSet = (value: unknown): string => canonical([...new Set(atoms(value as Properties[]))].sort());
  return {
    name,
    equal: (a, b) => asSet(a) === asSet(b),
    problem: (value) => {
      if (!Array.isArray(value)) return `must be a list of ${name}`;
      for (const item of value as unknown[]) {
        if (!isRecord(item)) return `must be a list of ${name}`;
        const unknown = Object.keys(item).find((key) => !keys.includes(key));
        if (unknown !== undefined) return `has '${unknown}', which the stand-in does not support in ${name}: ${keys.join(", ")}`;
      }
      return undefined;
    },
  };
}
