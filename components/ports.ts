/** The services that nodes use on the bastion; the ports are the contract between both (spec of the netboot bundle). */
export const bastionServices = [
  { name: "dns", protocol: "udp", fromPort: 53, toPort: 53 },
  { name: "dns over tcp", protocol: "tcp", fromPort: 53, toPort: 53 },
  { name: "matchbox", protocol: "tcp", fromPort: 8080, toPort: 8080 },
  { name: "registry caches", protocol: "tcp", fromPort: 5050, toPort: 5054 },
  { name: "forward proxy", protocol: "tcp", fromPort: 3128, toPort: 3128 },
  { name: "kubernetes api", protocol: "tcp", fromPort: 6443, toPort: 6443 },
] as const;
