import { isIpv4Address } from "../../../common/cidr.ts";

export interface HaproxyServer {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** What the bundle's haproxy.cfg says. Times are in milliseconds. */
export interface HaproxyConf {
  readonly frontend: string;
  readonly backend: string;
  readonly listen: { readonly address: string; readonly port: number };
  readonly servers: readonly HaproxyServer[];
  /** How often another server is tried when one does not take the connection. */
  readonly retries: number;
  readonly timeouts: { readonly connect: number; readonly check: number; readonly client: number; readonly server: number };
  /** The question to every server, the answers of one that is up, and how many in a row turn it. */
  readonly check: { readonly path: string; readonly statuses: readonly number[]; readonly interval: number; readonly rise: number; readonly fall: number };
}

/** Sections in the order in which they must come, with their lines; a name takes what is kept. All names are needed, each once. */
const sections: readonly { readonly head: RegExp; readonly lines: readonly RegExp[] }[] = [
  { head: /^global$/, lines: [/^log stdout format raw local0$/, /^maxconn \d+$/] },
  {
    head: /^defaults$/,
    lines: [
      /^mode tcp$/,
      /^log global$/,
      /^option tcplog$/,
      /^option dontlognull$/,
      /^retries (?<retries>\d+)$/,
      /^option (?<redispatch>redispatch 1)$/,
      /^timeout connect (?<connect>\S+)$/,
      /^timeout check (?<check>\S+)$/,
      /^timeout client (?<client>\S+)$/,
      /^timeout server (?<server>\S+)$/,
    ],
  },
  { head: /^frontend (?<frontend>[\w.:-]+)$/, lines: [/^bind (?<bind>\S+)$/, /^default_backend (?<target>\S+)$/] },
  {
    head: /^backend (?<backend>[\w.:-]+)$/,
    lines: [
      /^balance (?<balance>roundrobin)$/,
      /^option httpchk GET (?<path>\/\S*)$/,
      /^http-check expect status (?<statuses>\d{3}(?:,\d{3})*)$/,
      /^default-server check check-ssl verify none inter (?<inter>\S+) fall (?<fall>[1-9]\d*) rise (?<rise>[1-9]\d*) on-marked-down shutdown-sessions$/,
    ],
  },
];
const needed = sections.flatMap(({ head, lines }) => [head, ...lines]).flatMap((pattern) => [...pattern.source.matchAll(/\(\?<(\w+)>/g)].map(([, name = ""]) => name));

const milliseconds: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Reads haproxy's configuration. What is not known here ends it: haproxy may know it and do what the rehearsal does not. */
export function parseHaproxyConf(text: string): HaproxyConf {
  const values = new Map<string, string>();
  const servers: HaproxyServer[] = [];
  let begun = 0;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.replace(/(^|\s)#.*$/, "").trim().replace(/\s+/g, " ");
    if (line === "") continue;
    const bad = (why: string): Error => new Error(`haproxy: ${why} at line ${index + 1} of haproxy.cfg`);
    const [, name, where] = /^server ([\w.:-]+) (\S+)$/.exec(line) ?? [];
    if (begun === sections.length && name !== undefined && where !== undefined) {
      if (!values.has("inter")) throw bad("a server before default-server, so without its check,");
      servers.push({ name, ...addressOf(where, bad) });
      continue;
    }
    const head = sections[begun]?.head.exec(line) ?? null;
    const found = head ?? firstMatch(sections[begun - 1]?.lines ?? [], line);
    if (found === null) throw bad(`the rehearsal does not know "${line}"`);
    if (head !== null) begun++;
    for (const [key, value] of Object.entries(found.groups ?? {})) {
      if (values.has(key)) throw bad(`"${line}" after another such line`);
      values.set(key, value);
      if (key === "bind") addressOf(value, bad);
      if (["connect", "check", "client", "server", "inter"].includes(key)) durationOf(value, bad);
    }
  }
  return confOf(values, servers);
}

function confOf(values: ReadonlyMap<string, string>, servers: readonly HaproxyServer[]): HaproxyConf {
  const bad = (why: string): Error => new Error(`haproxy: ${why} in haproxy.cfg`);
  const missing = needed.filter((name) => !values.has(name));
  if (missing.length > 0) throw bad(`the rehearsal wants ${missing.join(", ")}`);
  if (servers.length === 0) throw bad("no server");
  const text = (name: string): string => values.get(name) ?? "";
  const time = (name: string): number => durationOf(text(name), bad);
  if (text("target") !== text("backend")) throw bad(`unable to find required default_backend "${text("target")}"`);
  return {
    frontend: text("frontend"),
    backend: text("backend"),
    listen: addressOf(text("bind"), bad),
    servers,
    retries: Number(text("retries")),
    timeouts: { connect: time("connect"), check: time("check"), client: time("client"), server: time("server") },
    check: { path: text("path"), statuses: text("statuses").split(",").map(Number), interval: time("inter"), rise: Number(text("rise")), fall: Number(text("fall")) },
  };
}

function firstMatch(patterns: readonly RegExp[], line: string): RegExpExecArray | null {
  for (const pattern of patterns) {
    const found = pattern.exec(line);
    if (found !== null) return found;
  }
  return null;
}

function addressOf(text: string, bad: (why: string) => Error): { address: string; port: number } {
  const [, address = "", port] = /^([\d.]+):(\d{1,5})$/.exec(text) ?? [];
  if (!isIpv4Address(address)) throw bad(`"${text}" is not <address>:<port>`);
  return { address, port: Number(port) };
}

function durationOf(text: string, bad: (why: string) => Error): number {
  const [, count, unit = ""] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? [];
  const each = milliseconds[unit];
  if (each === undefined) throw bad(`"${text}" is not a time such as 3s`);
  return Number(count) * each;
}
