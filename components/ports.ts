/** One pull-through cache: which registry it stands for, where it answers, where it counts, and whom it asks. */
export interface RegistryCache {
  /** The registry's name in image references. */
  readonly host: string;
  readonly port: number;
  /** Prometheus' `/metrics`; open on the bastion only. */
  readonly metricsPort: number;
  readonly upstream: string;
}

/** The caches in the order of their ports, which follow each other: the security group opens them as one range. */
export const registryCaches = [
  // Docker Hub answers at another name than the one that its image references carry.
  { host: "docker.io", port: 5050, metricsPort: 5150, upstream: "https://registry-1.docker.io" },
  { host: "gcr.io", port: 5051, metricsPort: 5151, upstream: "https://gcr.io" },
  { host: "ghcr.io", port: 5052, metricsPort: 5152, upstream: "https://ghcr.io" },
  { host: "quay.io", port: 5053, metricsPort: 5153, upstream: "https://quay.io" },
  { host: "registry.k8s.io", port: 5054, metricsPort: 5154, upstream: "https://registry.k8s.io" },
] as const satisfies readonly RegistryCache[];

/** The bastion's other services. */
export const ports = {
  dns: 53,
  dhcp: 67,
  tftp: 69,
  proxy: 3128,
  kubernetesApi: 6443,
  matchbox: 8080,
} as const;

/**
 * The services that nodes use on the bastion; the ports are the contract between both (spec of the netboot bundle).
 * DHCP and TFTP are not among them: in a VPC AWS answers DHCP, and nobody boots by TFTP.
 */
export const bastionServices = [
  { name: "dns", protocol: "udp", fromPort: ports.dns, toPort: ports.dns },
  { name: "dns over tcp", protocol: "tcp", fromPort: ports.dns, toPort: ports.dns },
  { name: "matchbox", protocol: "tcp", fromPort: ports.matchbox, toPort: ports.matchbox },
  { name: "registry caches", protocol: "tcp", fromPort: registryCaches[0].port, toPort: registryCaches[4].port },
  { name: "forward proxy", protocol: "tcp", fromPort: ports.proxy, toPort: ports.proxy },
  { name: "kubernetes api", protocol: "tcp", fromPort: ports.kubernetesApi, toPort: ports.kubernetesApi },
] as const;
