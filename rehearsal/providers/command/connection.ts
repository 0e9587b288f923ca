import { type Kind, number, text } from "../kinds.ts";
import { canonical, containsUnknown, isRecord } from "../values.ts";
import { parseHostKey } from "./host-key.ts";

/** How to get in: the part of @pulumi/command's `ConnectionArgs` that the stand-in supports. */
export interface Connection {
  /** Never dialled: the stand-in knows one host, see {@link SSH_ADDRESS}. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly privateKey: string;
  /** A line of `authorized_keys`. */
  readonly hostKey: string;
  /** How many dials may fail before the next failure is final; -1 is no limit. */
  readonly dialErrorLimit: number;
  /** Seconds; 0 is no limit. */
  readonly perDialTimeout: number;
}

/** The official provider's own. */
const DEFAULTS = { port: 22, user: "root", dialErrorLimit: 10, perDialTimeout: 15 };
const KINDS: Readonly<Record<keyof Connection, Kind>> = {
  host: text, port: number, user: text, privateKey: text, hostKey: text, dialErrorLimit: number, perDialTimeout: number,
};
const REQUIRED = {
  host: "",
  privateKey: ": the stand-in knows no other way in",
  hostKey: ": the stand-in pins every host",
};

export function connectionOf(value: unknown): Connection {
  return { ...DEFAULTS, ...(value as Omit<Connection, keyof typeof DEFAULTS>) };
}

/** What is wrong with a connection, as far as it is known; never says a value. */
export function connectionProblem(value: unknown): string | undefined {
  if (!isRecord(value)) return "must be an object";
  const unsupported = Object.keys(value).find((key) => !Object.hasOwn(KINDS, key));
  if (unsupported !== undefined) return `has '${unsupported}', which the stand-in does not support; it supports: ${Object.keys(KINDS).sort().join(", ")}`;
  for (const [key, why] of Object.entries(REQUIRED)) {
    if (value[key] === undefined) return `needs '${key}'${why}`;
  }
  for (const [key, kind] of Object.entries(KINDS)) {
    const problem = value[key] === undefined || containsUnknown(value[key]) ? undefined : kind.problem(value[key]);
    if (problem !== undefined) return `has a '${key}' that ${problem}`;
  }
  const { hostKey } = value;
  if (containsUnknown(hostKey) || parseHostKey(hostKey as string)) return undefined;
  return "has a 'hostKey' that must be a public key such as 'ssh-ed25519 AAAA…'";
}

export const connection: Kind = {
  name: "connection",
  equal: (a, b) => canonical(connectionOf(a)) === canonical(connectionOf(b)),
  problem: connectionProblem,
};
