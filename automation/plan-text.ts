// A plan as a reviewer reads it: pure, and the same text for the same program, so that `diff` of two plans is what a change does.
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { specialSecretSig, specialSigKey, unknownValue } from "@pulumi/pulumi/runtime/rpc.js";
import type { RenderedFile } from "../components/render/file.ts";
import type { DeclaredResource } from "./engine-events.ts";

/** What one stage declares. */
export interface StagePlan {
  readonly stage: string;
  /** By type, then by name. */
  readonly resources: readonly DeclaredResource[];
  /** What the settings alone decide of the user data, which as a whole is not known before its keys are made. */
  readonly files: readonly RenderedFile[];
}

const stackType = "pulumi:pulumi:Stack";
const providerType = "pulumi:providers:";

/**
 * The resources of each stage: those below the component that has the stage's name, and its providers, `<package>-<stage>`.
 * Components and the engine's own default providers make nothing, and are left out.
 * @throws Error for a resource of no stage: a plan that hides one is worse than none
 */
export function byStage(planned: readonly DeclaredResource[], stages: readonly string[]): ReadonlyMap<string, readonly DeclaredResource[]> {
  const byUrn = new Map(planned.map((resource) => [resource.urn, resource]));
  const found = new Map<string, DeclaredResource[]>(stages.map((name) => [name, []]));
  for (const resource of planned) {
    if (resource.component || (resource.type.startsWith(providerType) && resource.name.startsWith("default_"))) continue;
    const root = rootOf(resource, byUrn);
    const stage = root.type.startsWith(providerType) ? root.name.slice(root.type.length - providerType.length + 1) : root.name;
    const list = found.get(stage);
    if (list === undefined) throw new Error(`${resource.type} ${resource.name} belongs to no stage: what it hangs on is called ${root.name}`);
    list.push(resource);
  }
  for (const list of found.values()) list.sort((a, b) => compare(a.type, b.type) || compare(a.name, b.name));
  return found;
}

/** What stands right below the stack on the way up from a resource. */
function rootOf(resource: DeclaredResource, byUrn: ReadonlyMap<string, DeclaredResource>): DeclaredResource {
  const parent = resource.parent === undefined ? undefined : byUrn.get(resource.parent);
  return parent === undefined || parent.type === stackType ? resource : rootOf(parent, byUrn);
}

/** One stage's plan, a property a line. */
export function planLines({ stage, resources, files }: StagePlan): string[] {
  return [
    `${stage}: ${counted(resources.length, "resource")}${resources.length === 0 ? "" : ` (${kindsOf(resources)})`}`,
    ...resources.flatMap(({ type, name, marked }) => [`  + ${type} ${name}`, ...leaves(marked).map(({ path, leaf }) => `      ${path}: ${leafText(leaf)}`)]),
    ...(files.length === 0 ? [] : [`  = ${counted(files.length, "file")} of its user data`, ...files.map(({ path, content }) => `      ${path}: ${digest(Buffer.from(content))}`)]),
  ];
}

/** The same for programs. What is unknown or secret is `null` in `inputs`, and its path is in the list. */
export function planEvent({ stage, resources, files }: StagePlan): Readonly<Record<string, unknown>> {
  return {
    kind: "plan",
    stage,
    resources: resources.map(({ type, name, marked }) => {
      const paths = (wanted: Leaf): string[] => leaves(marked).flatMap(({ path, leaf }) => (leaf === wanted ? [path] : []));
      return { type, name, inputs: plain(marked), unknown: paths(unknown), secret: paths(secret) };
    }),
    files: files.map(({ path, content }) => ({ path, sha256: sha256(Buffer.from(content)), bytes: Buffer.byteLength(content) })),
  };
}

/** "DefaultSecurityGroup, 2 SecurityGroup, Vpc": the types, without their packages. */
function kindsOf(resources: readonly DeclaredResource[]): string {
  const counts = new Map<string, number>();
  for (const { type } of resources) {
    const kind = type.startsWith(providerType) ? `${type.slice(providerType.length)} provider` : (type.split(":").at(-1) ?? type);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => (count === 1 ? kind : `${count} ${kind}`)).join(", ");
}

const unknown = Symbol("known after it is made");
const secret = Symbol("secret");
const ownUrn = Symbol("its own URN");
type Leaf = string | number | boolean | null | typeof unknown | typeof secret | typeof ownUrn | readonly [] | Readonly<Record<string, never>>;

/** Every value with the path to it, in the order of the keys; the engine's own (`__defaults`) are left out. */
function leaves(value: unknown, path = ""): { readonly path: string; readonly leaf: Leaf }[] {
  const marked = markOf(value);
  if (marked !== undefined) return [{ path, leaf: marked }];
  if (typeof value !== "object" || value === null) return [{ path, leaf: value as string | number | boolean | null }];
  const inner = Array.isArray(value) ? value.map((each, index) => [`[${index}]`, each as unknown] as const) : entriesOf(value).map(([key, each]) => [keyPath(key, path), each] as const);
  if (inner.length === 0) return path === "" ? [] : [{ path, leaf: Array.isArray(value) ? [] : {} }];
  return inner.flatMap(([step, each]) => leaves(each, path + step));
}

/** The value in plain JSON. */
function plain(value: unknown): unknown {
  const marked = markOf(value);
  if (marked === ownUrn) return leafText(ownUrn);
  if (marked !== undefined) return null;
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === "object" && value !== null ? Object.fromEntries(entriesOf(value).map(([key, each]) => [key, plain(each)])) : value;
}

/** What the engine says of a value instead of the value. */
function markOf(value: unknown): typeof unknown | typeof secret | typeof ownUrn | undefined {
  if (typeof value === "string") {
    if (value.includes(unknownValue)) return unknown;
    // It names the stack, and this plan's stack is not the one that is built.
    return value.startsWith("urn:pulumi:") ? ownUrn : undefined;
  }
  const isSecret = typeof value === "object" && value !== null && (value as Readonly<Record<string, unknown>>)[specialSigKey] === specialSecretSig;
  return isSecret ? secret : undefined;
}

function entriesOf(value: object): [string, unknown][] {
  return Object.entries(value).filter(([key]) => !key.startsWith("__")).sort(([a], [b]) => compare(a, b));
}

function keyPath(key: string, path: string): string {
  if (!/^[\w:-]+$/.test(key)) return `[${JSON.stringify(key)}]`;
  return path === "" ? key : `.${key}`;
}

/** Longer text than this nobody reads in a plan: a digest tells whether it is another one. */
const longest = 200;

function leafText(leaf: Leaf): string {
  if (typeof leaf === "symbol") return `(${leaf.description ?? ""})`;
  if (typeof leaf !== "string") return JSON.stringify(leaf);
  if (isJson(leaf)) return JSON.stringify(JSON.parse(leaf));
  if (leaf.length > longest || leaf.includes("\n")) return digest(unpacked(leaf));
  // Whatever could be taken for something else is quoted.
  return /^(|true|false|null|-?\d+(\.\d+)?|[\s"([{].*|.*\s)$/s.test(leaf) ? JSON.stringify(leaf) : leaf;
}

/** Whether a text is a JSON document, such as a policy. */
function isJson(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What is inside gzip and base64, as user data is packed: packing is no difference. */
function unpacked(text: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : Buffer.from(text);
}

/** "sha256:0a1b2c3d4e5f, 5.3 kB". */
function digest(bytes: Buffer): string {
  const size = bytes.length < 1_000 ? `${bytes.length} B` : `${(bytes.length / 1_000).toFixed(1)} kB`;
  return `sha256:${sha256(bytes).slice(0, 12)}, ${size}`;
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** By code units: the order must not hang on anybody's language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
