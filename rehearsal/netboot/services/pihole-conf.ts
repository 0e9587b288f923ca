import { parseDirectives } from "./dnsmasq-conf.ts";

export interface PiholeConf {
  readonly listen: readonly string[];
  /** Name to IPv4 address. */
  readonly hosts: ReadonlyMap<string, string>;
  /** Domain, with all below it, to the one address that stands for "blocked". */
  readonly blocked: ReadonlyMap<string, string>;
}

const withoutEffect = new Set(["bind-interfaces", "no-hosts", "no-resolv", "bogus-priv", "domain-needed", "stop-dns-rebind", "log-queries"]);
const ipv4 = /^\d{1,3}(\.\d{1,3}){3}$/;

/** Reads the bundle's file in /etc/dnsmasq.d as Pi-hole's DNS does; what it holds and is not known here is refused. */
export function parsePiholeConf(text: string): PiholeConf {
  const listen: string[] = [];
  const hosts = new Map<string, string>();
  const blocked = new Map<string, string>();
  for (const { option, value, line } of parseDirectives(text)) {
    const bad = (why: string): Error => new Error(`pihole-FTL: ${why} at line ${line} of its dnsmasq configuration`);
    if (option === "listen-address" && value) listen.push(...value.split(","));
    else if (option === "host-record" && value) {
      const parts = value.split(",");
      const addresses = parts.filter((part) => ipv4.test(part));
      const names = parts.filter((part) => !ipv4.test(part));
      const [address] = addresses;
      if (address === undefined || addresses.length > 1 || names.length === 0) throw bad("bad host-record");
      for (const name of names) hosts.set(name.toLowerCase(), address);
    } else if (option === "address" && value) {
      const [, domains, address] = /^\/(.+)\/([^/]+)$/.exec(value) ?? [];
      if (domains === undefined || address === undefined || !ipv4.test(address)) throw bad("bad address");
      for (const domain of domains.split("/")) blocked.set(domain.toLowerCase(), address);
    } else if (!withoutEffect.has(option) || value !== undefined) throw bad(`bad option ${option}`);
  }
  return { listen, hosts, blocked };
}

/** The settings of Pi-hole 6 that the bundle may give in its environment (docs.pi-hole.net, FTL configuration). */
const known = new Set([
  "FTLCONF_dns_upstreams",
  "FTLCONF_dns_listeningMode",
  "FTLCONF_dns_port",
  "FTLCONF_dns_queryLogging",
  "FTLCONF_dns_rateLimit_count",
  "FTLCONF_dns_rateLimit_interval",
  "FTLCONF_dns_interface",
  "FTLCONF_dns_hosts",
  "FTLCONF_misc_etc_dnsmasq_d",
  "FTLCONF_misc_privacylevel",
  "FTLCONF_webserver_port",
  "FTLCONF_webserver_api_password",
  "FTLCONF_database_maxDBdays",
  "FTLCONF_ntp_ipv4_active",
  "FTLCONF_ntp_ipv6_active",
  "FTLCONF_ntp_sync_active",
  "TZ",
]);

/** Throws for a setting that is not known, and unless the bundle's file is read at all. */
export function checkPiholeEnvironment(environment: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(environment)) {
    if (!known.has(name)) throw new Error(`pihole-FTL: the rehearsal does not know the setting ${name}`);
  }
  if (environment["FTLCONF_misc_etc_dnsmasq_d"] !== "true") {
    throw new Error("pihole-FTL: /etc/dnsmasq.d is not read unless FTLCONF_misc_etc_dnsmasq_d is true (Pi-hole 6)");
  }
}
