import { renderApiProxy } from "./api-proxy.ts";
import { renderAssetsList, renderAssetsScript, type TalosAssets } from "./assets.ts";
import { renderCompose } from "./compose.ts";
import { renderBootScript, renderDnsmasq } from "./dnsmasq.ts";
import type { RenderedFile } from "./file.ts";
import { renderHomelabReadme } from "./homelab-readme.ts";
import { renderMatchbox } from "./matchbox.ts";
import { renderPihole } from "./pihole.ts";
import { defaultProxyHosts, renderProxy } from "./proxy.ts";
import { renderRegistry } from "./registries.ts";

/** What the netboot bundle must know; the same for the bastion and for a Docker host at home. */
export interface BundleArgs {
  /** IPv4 address of the machine that runs it; all services answer there. */
  readonly address: string;
  /** IPv4 range of the nodes' network: who may use the proxy, and DHCP's mask. */
  readonly subnetCidr: string;
  /** The addresses that DHCP hands out, both included. */
  readonly dhcp: { readonly first: string; readonly last: string };
  /** The DNS server that pihole asks: in a VPC its own resolver (`vpcResolver`), at home the router or a public one. */
  readonly resolver: string;
  /** Names that pihole answers with 0.0.0.0, they and all below them. */
  readonly blockedNames: readonly string[];
  /** The published Talos images; none before the first is published. */
  readonly assets: readonly TalosAssets[];
  /** Whom nodes may reach through the proxy. Default: `defaultProxyHosts`. */
  readonly proxyHosts?: readonly string[];
  /** Addresses of the control planes, where there are several: their Kubernetes API is then served here for them. */
  readonly apiServers?: readonly string[];
  /** A home network, where DHCP and PXE are real: the interface that machines boot on, and the way out that they are told. */
  readonly homelab?: { readonly interface: string; readonly router: string };
}

/** The files of the bundle, relative to its folder. No secret is among them, and no path outside that folder. */
export function renderBundle(args: BundleArgs): RenderedFile[] {
  return [
    { path: "compose.yaml", content: renderCompose(args) },
    { path: "dnsmasq.conf", content: renderDnsmasq(args) },
    { path: "tftp/boot.ipxe", content: renderBootScript(args.address) },
    ...renderMatchbox(),
    { path: "registry.yml", content: renderRegistry() },
    { path: "pihole.conf", content: renderPihole(args) },
    { path: "squid.conf", content: renderProxy({ ...args, hosts: args.proxyHosts ?? defaultProxyHosts }) },
    ...(args.apiServers === undefined ? [] : [{ path: "haproxy.cfg", content: renderApiProxy({ address: args.address, apiServers: args.apiServers }) }]),
    { path: "assets.sh", content: renderAssetsScript(), executable: true },
    { path: "assets.txt", content: renderAssetsList(args.assets) },
    ...(args.homelab === undefined ? [] : [{ path: "README.txt", content: renderHomelabReadme({ ...args, interface: args.homelab.interface }) }]),
  ];
}
