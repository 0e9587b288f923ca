import { cidrContains } from "../../../common/cidr.ts";

/** What a rule is asked about. */
export interface SquidRequest {
  /** IPv4 address of the client, in the plan. */
  readonly source: string;
  readonly method: string;
  readonly host: string;
  readonly port: number;
}
type Test = (request: SquidRequest) => boolean;

export interface SquidConf {
  readonly listen: readonly { readonly address: string; readonly port: number }[];
  readonly allows: (request: SquidRequest) => boolean;
}

/** Directives without effect on what is let through; their values are not looked at. */
const withoutEffect = new Set([
  "access_log",
  "buffered_logs",
  "cache",
  "cache_effective_group",
  "cache_effective_user",
  "cache_log",
  "cache_mem",
  "cache_store_log",
  "client_lifetime",
  "connect_timeout",
  "coredump_dir",
  "dns_nameservers",
  "forwarded_for",
  "half_closed_clients",
  "httpd_suppress_version_string",
  "logfile_rotate",
  "max_filedescriptors",
  "maximum_object_size",
  "netdb_filename",
  "pid_filename",
  "pinger_enable",
  "pipeline_prefetch",
  "read_timeout",
  "request_timeout",
  "shutdown_lifetime",
  "strip_query_terms",
  "via",
  "visible_hostname",
]);

/** The list of names that squid 6 knows without being told (its `default ACLs`), as far as the bundle may use them. */
const predefined: Readonly<Record<string, Test>> = { all: () => true, CONNECT: ({ method }) => method === "CONNECT" };

/** Reads squid's configuration. A directive or kind of acl that is not known here ends it, as one that squid does not know. */
export function parseSquidConf(text: string): SquidConf {
  const acls = new Map<string, Test>(Object.entries(predefined));
  const rules: { readonly allow: boolean; readonly test: Test }[] = [];
  const listen: { address: string; port: number }[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const [directive = "", ...values] = raw.replace(/(^|\s)#.*$/, "").trim().split(/\s+/);
    if (directive === "") continue;
    const bad = (why: string): Error => new Error(`squid: ${why} at line ${index + 1} of squid.conf`);
    if (directive === "acl") defineAcl(acls, values, bad);
    else if (directive === "http_port") listen.push(listenOf(values, bad));
    else if (directive === "http_access") rules.push(ruleOf(acls, values, bad));
    else if (!withoutEffect.has(directive)) throw bad(`unrecognized directive "${directive}"`);
  }
  if (listen.length === 0) throw new Error("squid: no http_port in squid.conf");
  return {
    listen,
    allows: (request) => {
      const rule = rules.find(({ test }) => test(request));
      // Nothing fits: the opposite of the last rule (squid.conf, http_access); without any rule nothing is allowed.
      return rule?.allow ?? rules.at(-1)?.allow === false;
    },
  };
}

function defineAcl(acls: Map<string, Test>, [name, kind, ...values]: string[], bad: (why: string) => Error): void {
  if (name === undefined || kind === undefined || values.length === 0) throw bad("an acl needs a name, a type and a value");
  const test = testOf(kind, values, bad);
  const before = acls.get(name);
  // Lines of the same name add up.
  acls.set(name, before === undefined ? test : (request) => before(request) || test(request));
}

function testOf(kind: string, values: readonly string[], bad: (why: string) => Error): Test {
  switch (kind) {
    case "src": {
      const ranges = values.map((value) => (value.includes("/") ? value : `${value}${value.includes(":") ? "/128" : "/32"}`));
      return ({ source }) => ranges.some((range) => cidrContains(range, `${source}/32`));
    }
    case "dstdomain": {
      // -n: no reverse lookup of addresses, which there is none of here anyway.
      const names = values.filter((value) => value !== "-n").map((value) => value.toLowerCase());
      return ({ host }) => names.some((name) => (name.startsWith(".") ? host === name.slice(1) || host.endsWith(name) : host === name));
    }
    case "port": {
      if (!values.every((value) => /^\d+(-\d+)?$/.test(value))) throw bad("bad port");
      const ranges = values.map((value) => value.split("-").map(Number));
      return ({ port }) => ranges.some(([first = 0, last = first]) => first <= port && port <= last);
    }
    case "method":
      return ({ method }) => values.includes(method);
    default:
      throw bad(`the rehearsal does not know acl type "${kind}"`);
  }
}

function listenOf([where = "", ...options]: string[], bad: (why: string) => Error): { address: string; port: number } {
  const [, address, port] = /^(\d{1,3}(?:\.\d{1,3}){3}):(\d+)$/.exec(where) ?? [];
  if (address === undefined || options.length > 0) throw bad("http_port must be <address>:<port> without options");
  return { address, port: Number(port) };
}

function ruleOf(acls: ReadonlyMap<string, Test>, [verdict, ...names]: string[], bad: (why: string) => Error): { allow: boolean; test: Test } {
  if ((verdict !== "allow" && verdict !== "deny") || names.length === 0) throw bad("http_access needs allow or deny, and acls");
  const tests = names.map((text): Test => {
    const [not, name] = text.startsWith("!") ? [true, text.slice(1)] : [false, text];
    const test = acls.get(name);
    if (test === undefined) throw bad(`ACL not found: ${name}`);
    return (request) => test(request) !== not;
  });
  return { allow: verdict === "allow", test: (request) => tests.every((test) => test(request)) };
}
