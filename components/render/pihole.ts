import { lines } from "./file.ts";

export interface PiholeArgs {
  readonly address: string;
  /** Names that answer 0.0.0.0, they and all below them. */
  readonly blockedNames: readonly string[];
}

/** The bastion's own name; pihole answers it by itself, so it proves that pihole runs, not its upstream. */
export const bastionHostName = "bastion.moonback.internal";

/** pihole.conf, read by the dnsmasq inside pihole. */
export function renderPihole({ address, blockedNames }: PiholeArgs): string {
  return lines(
    "# Only this address: the host may have a resolver of its own on another.",
    `listen-address=${address}`,
    "bind-interfaces",
    `host-record=${bastionHostName},${address}`,
    ...blockedNames.map((name) => `address=/${name}/0.0.0.0`),
  );
}

/** Settings of pihole itself, as variables (docs.pi-hole.net, "Configuring FTL via the environment"). */
export function piholeEnvironment(resolver: string): Record<string, string> {
  return {
    FTLCONF_dns_upstreams: resolver,
    // pihole says nothing about interfaces: our own file does, and is read only if told so.
    FTLCONF_dns_listeningMode: "NONE",
    FTLCONF_misc_etc_dnsmasq_d: "true",
    // A node asks more than a thousand times a minute while it installs a platform.
    FTLCONF_dns_rateLimit_count: "0",
    FTLCONF_dns_rateLimit_interval: "0",
    // No web pages, no time server: nobody asked for them.
    FTLCONF_webserver_port: "",
    FTLCONF_ntp_ipv4_active: "false",
    FTLCONF_ntp_ipv6_active: "false",
    FTLCONF_ntp_sync_active: "false",
  };
}
