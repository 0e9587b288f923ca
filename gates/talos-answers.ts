// What talosctl v1.11 prints, read as a person would. It has no JSON for these.
import type { Ran, Talos } from "./gate.ts";
import { lastLine } from "./compose.ts";

export interface TalosService {
  readonly id: string;
  readonly state: string;
  /** `OK`, `Fail`, `?`. */
  readonly health: string;
}

/** `talosctl services`: NODE SERVICE STATE HEALTH LAST CHANGE LAST EVENT. */
export async function talosServices(talos: Talos, address: string): Promise<TalosService[]> {
  return rows(must(await talos.run(address, "services"))).map(({ service = "", state = "", health = "" }) => ({ id: service, state, health }));
}

export interface EtcdMember {
  readonly hostname: string;
  readonly learner: boolean;
}

/** `talosctl etcd members`: NODE ID HOSTNAME PEER-URLS CLIENT-URLS LEARNER. */
export async function etcdMembers(talos: Talos, address: string): Promise<EtcdMember[]> {
  return rows(must(await talos.run(address, "etcd", "members"))).map(({ hostname = "", learner = "" }) => ({ hostname, learner: learner === "true" }));
}

/** What a node's Talos says of its own version and architecture. */
export async function talosVersion(talos: Talos, address: string): Promise<{ readonly tag: string; readonly arch: string }> {
  const text = must(await talos.run(address, "version"));
  const server = text.slice(text.indexOf("Server:"));
  const value = (key: string): string => new RegExp(`^\\s*${key}:\\s+(.+)$`, "m").exec(server)?.[1]?.trim() ?? "?";
  return { tag: value("Tag"), arch: value("OS/Arch") };
}

/** The system extensions of the image that a node runs. */
export async function talosExtensions(talos: Talos, address: string): Promise<string[]> {
  const text = must(await talos.run(address, "get", "extensions", "--output", "json"));
  return objects(text).flatMap((one) => (one as { spec?: { metadata?: { name?: string } } }).spec?.metadata?.name ?? []).sort();
}

function must({ code, stdout, stderr }: Ran): string {
  if (code !== 0) throw new Error(`talosctl: ${lastLine(stderr) || `exit code ${code}`}`);
  return stdout;
}

/** A table whose columns begin where the words of its first line do. */
export function rows(table: string): Record<string, string>[] {
  const [head = "", ...lines] = table.split("\n").filter((line) => line.trim() !== "");
  const columns = [...head.matchAll(/\S+(?: \S+)*/g)].map((match) => ({ name: match[0].toLowerCase(), from: match.index }));
  return lines.map((line) => Object.fromEntries(columns.map(({ name, from }, index) => [name, line.slice(from, columns[index + 1]?.from).trim()])));
}

/** JSON objects one after the other, as `-o json` prints a list. */
export function objects(text: string): unknown[] {
  const found: unknown[] = [];
  let depth = 0;
  let from = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const letter = text[index];
    if (quoted) {
      if (letter === "\\") index++;
      else if (letter === '"') quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === "{" && depth++ === 0) from = index;
    else if (letter === "}" && --depth === 0) found.push(JSON.parse(text.slice(from, index + 1)));
  }
  return found;
}
