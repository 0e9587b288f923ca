import { stringify } from "yaml";
import { ports, registryCaches, type RegistryCache } from "../ports.ts";
import { assetsRegistry } from "./assets.ts";
import { images } from "./images.ts";
import { bastionHostName, piholeEnvironment } from "./pihole.ts";

export interface ComposeArgs {
  readonly address: string;
  /** Whom pihole asks. */
  readonly resolver: string;
  /** The control planes, where the Kubernetes API is served here for them. */
  readonly apiServers?: readonly string[];
}

/** Paths inside containers stand in this file only: the same files serve where the paths are others. */
const inside = {
  apiProxy: "/usr/local/etc/haproxy/haproxy.cfg",
  assets: "/assets",
  assetsList: "/netboot/assets.txt",
  assetsScript: "/netboot/assets.sh",
  cache: "/var/lib/registry",
  dnsmasq: "/etc/dnsmasq.conf",
  matchbox: "/var/lib/matchbox",
  pihole: "/etc/dnsmasq.d/10-moonback.conf",
  proxy: "/etc/squid/squid.conf",
  registry: "/etc/distribution/config.yml",
  tftp: "/tftp",
} as const;

/** compose.yaml. Everything is on the host's network: its ports are the contract with the nodes. */
export function renderCompose({ address, resolver, apiServers }: ComposeArgs): string {
  const services = [
    service("dnsmasq", images.dnsmasq, {
      command: ["--keep-in-foreground", `--conf-file=${inside.dnsmasq}`, `--tftp-root=${inside.tftp}`, "--log-facility=-"],
      volumes: [`./dnsmasq.conf:${inside.dnsmasq}:ro`, `./tftp:${inside.tftp}:ro`],
      cap_add: ["NET_ADMIN", "NET_RAW"],
      // Its ports as the kernel lists them, in hexadecimal: nothing in the image can ask for a lease.
      healthcheck: healthy("CMD-SHELL", [ports.dhcp, ports.tftp].map((port) => `grep -q :${port.toString(16).toUpperCase().padStart(4, "0")} /proc/net/udp`).join(" && ")),
    }),
    service("matchbox", images.matchbox, {
      command: [`-address=${address}:${ports.matchbox}`, `-data-path=${inside.matchbox}`, `-assets-path=${inside.assets}`, "-log-level=debug"],
      volumes: [`./matchbox:${inside.matchbox}:ro`, `assets:${inside.assets}:ro`],
      healthcheck: answers(`http://${address}:${ports.matchbox}/`),
    }),
    ...registryCaches.map((cache) => registry(cache, address)),
    service("pihole", images.pihole, {
      environment: piholeEnvironment(resolver),
      volumes: [`./pihole.conf:${inside.pihole}:ro`],
      // The image's own check asks 127.0.0.1, where nothing answers here.
      healthcheck: healthy("CMD", "dig", "+short", "+norecurse", "+retry=0", `@${address}`, bastionHostName),
    }),
    service("proxy", images.proxy, {
      volumes: [`./squid.conf:${inside.proxy}:ro`],
      healthcheck: healthy("CMD", "bash", "-c", `exec 3<>/dev/tcp/${address}/${ports.proxy}`),
    }),
    ...(apiServers === undefined ? [] : [apiProxy(address)]),
    service("assets", images.assets, {
      entrypoint: ["/busybox/sh", inside.assetsScript],
      environment: { REGISTRY: `${address}:${portOf(assetsRegistry)}`, ASSETS: inside.assets, LIST: inside.assetsList },
      volumes: [`./assets.sh:${inside.assetsScript}:ro`, `./assets.txt:${inside.assetsList}:ro`, `assets:${inside.assets}`],
      // It ends when all is there.
      restart: "on-failure",
    }),
  ];
  const volumes = ["assets", ...registryCaches.map(({ host }) => `cache-${host}`)];
  return stringify(
    { name: "netboot", services: Object.fromEntries(services), volumes: Object.fromEntries(volumes.map((name) => [name, {}])) },
    { lineWidth: 0, aliasDuplicateObjects: false, version: "1.1" },
  );
}

interface Service {
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly cap_add?: readonly string[];
  readonly restart?: "on-failure";
  readonly healthcheck?: object;
}

function service(name: string, image: string, more: Service): [string, object] {
  return [name, { image, container_name: name, network_mode: "host", restart: "unless-stopped", ...more }];
}

function registry({ host, port, metricsPort, upstream }: RegistryCache, address: string): [string, object] {
  return service(`registry-${host}`, images.registry, {
    command: ["serve", inside.registry],
    environment: {
      REGISTRY_HTTP_ADDR: `${address}:${port}`,
      REGISTRY_HTTP_DEBUG_ADDR: `${address}:${metricsPort}`,
      REGISTRY_PROXY_REMOTEURL: upstream,
      // A cache has no limit of size, so what nobody asks for again must go: after a week.
      REGISTRY_PROXY_TTL: "168h",
      REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: inside.cache,
      // By default it sends traces to a collector that is not there.
      OTEL_TRACES_EXPORTER: "none",
    },
    volumes: [`./registry.yml:${inside.registry}:ro`, `cache-${host}:${inside.cache}`],
    healthcheck: answers(`http://${address}:${port}/v2/`),
  });
}

/** It runs as nobody in particular: the image's own user may have this port. */
function apiProxy(address: string): [string, object] {
  return service("kube-api", images.apiProxy, {
    volumes: [`./haproxy.cfg:${inside.apiProxy}:ro`],
    healthcheck: healthy("CMD", "nc", "-z", address, String(ports.kubernetesApi)),
  });
}

function portOf(host: string): number {
  const cache = registryCaches.find((candidate) => candidate.host === host);
  if (cache === undefined) throw new Error(`there is no cache for ${host}`);
  return cache.port;
}

/** A check by the busybox of an Alpine image. */
function answers(url: string): object {
  return healthy("CMD", "wget", "-q", "-O", "/dev/null", url);
}

function healthy(...test: readonly string[]): object {
  return { test, interval: "10s", timeout: "5s", retries: 3, start_period: "30s" };
}
