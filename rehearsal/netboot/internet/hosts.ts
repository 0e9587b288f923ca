/** The registries of the rehearsal's internet, in the order of the bastion's caches. */
export interface InternetHost {
  /** The name that clients connect to. */
  readonly name: string;
  /** The name in image references, where it is another one. */
  readonly registry: string;
  /** Whether the real host has an IPv6 address. ghcr.io has none (siderolabs/talos#6281). */
  readonly ipv6: boolean;
}

export const internetHosts = [
  { name: "registry-1.docker.io", registry: "docker.io", ipv6: true },
  { name: "gcr.io", registry: "gcr.io", ipv6: true },
  { name: "ghcr.io", registry: "ghcr.io", ipv6: false },
  { name: "quay.io", registry: "quay.io", ipv6: true },
  { name: "registry.k8s.io", registry: "registry.k8s.io", ipv6: true },
] as const satisfies readonly InternetHost[];

/** By either name; undefined for a host that the rehearsal's internet does not have. */
export function internetHost(name: string): InternetHost | undefined {
  return internetHosts.find((host) => host.name === name || host.registry === name);
}
