import { ports } from "../ports.ts";
import { lines } from "./file.ts";

export interface ProxyArgs {
  readonly address: string;
  /** Who may use it. */
  readonly subnetCidr: string;
  /** Whom it may be asked for, at port 443: `example.org`, or `.example.org` with all names below it. */
  readonly hosts: readonly string[];
}

/**
 * Whom nodes need beyond the registry caches: Flux and pods pull without them, and tailscale must reach its own world.
 * What a registry's address redirects to counts as the registry.
 */
export const defaultProxyHosts: readonly string[] = [
  // Docker Hub, its tokens and its stores of blobs.
  ".docker.io",
  "production.cloudflare.docker.com",
  "production.cloudfront.docker.com",
  "docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com",
  // gcr.io, whose blobs are in Google's stores. Not registry.k8s.io: to a machine in AWS it gives buckets of S3, whose names
  // could be anybody's. Its cache brings it.
  "gcr.io",
  "storage.googleapis.com",
  ".pkg.dev",
  "ghcr.io",
  ".quay.io",
  // Flux: sources and releases, and ghcr.io's blobs.
  "github.com",
  "api.github.com",
  "codeload.github.com",
  ".githubusercontent.com",
  // tailscale: control plane, relays, and the log host that it insists on.
  ".tailscale.com",
  ".tailscale.io",
];

/** squid.conf: tunnels (CONNECT) from the node network to port 443 of the listed hosts, nothing else. */
export function renderProxy({ address, subnetCidr, hosts }: ProxyArgs): string {
  return lines(
    "# Tunnels from the nodes to port 443 of the hosts below. It sees names, never content.",
    `http_port ${address}:${ports.proxy}`,
    `acl nodes src ${subnetCidr}`,
    "acl tunnel method CONNECT",
    "acl https port 443",
    // -n: an address instead of a name is refused without a reverse lookup, whose answer its owner could choose.
    ...narrowest(hosts).map((host) => `acl hosts dstdomain -n ${host}`),
    "http_access deny !nodes",
    "http_access deny !tunnel",
    "http_access deny !https",
    "http_access allow hosts",
    "http_access deny all",
    "# Nothing is kept: what passes is encrypted.",
    "cache deny all",
    "cache_mem 8 MB",
    "pinger_enable off",
    "# By default squid reserves memory for as many descriptors as a container may have: a thousand million.",
    "max_filedescriptors 4096",
    "shutdown_lifetime 1 seconds",
  );
}

/** Without doubles and without what another entry covers: squid stops at a list with both. */
function narrowest(hosts: readonly string[]): string[] {
  const all = [...new Set(hosts)];
  const covers = (wide: string, host: string): boolean => wide.startsWith(".") && wide !== host && `.${host}`.replace(/^\.\./, ".").endsWith(wide);
  return all.filter((host) => !all.some((other) => covers(other, host)));
}
