// What a node's machine config has beyond what `talosctl gen config` writes: patches, as Talos merges them.
import { stringify } from "yaml";
import { ports, registryCaches } from "../ports.ts";

export interface MachineConfigArgs {
  readonly name: string;
  readonly address: string;
  readonly role: "controlplane" | "worker";
  /** Image with digest that installs the variant: `ghcr.io/…/talos@sha256:…`. */
  readonly installImage: string;
  /** IPv4 address of the bastion: DNS, caches and the way out. */
  readonly bastion: string;
  /** The VPC's own DNS server, asked when the bastion does not answer. */
  readonly resolver: string;
  readonly vpcCidr: string;
  readonly subnetCidr: string;
  /** Addresses of all control planes. */
  readonly controlPlanes: readonly string[];
  /** What the operator wants otherwise (v1alpha1); merged last. */
  readonly patch?: Readonly<Record<string, unknown>>;
}

/** Ranges inside the cluster; CozyStack's own (docs, "Talos configuration"). */
export const clusterNetwork = { podCidr: "10.244.0.0/16", serviceCidr: "10.96.0.0/16", dnsDomain: "cozy.local" } as const;

/** Amazon's time service, at a link-local address of every instance (EC2 user guide, "Amazon Time Sync Service"). */
const timeServer = "169.254.169.123";

/** The disk of a t4g instance (Nitro: EBS volumes are NVMe devices). It holds iPXE until Talos is installed over it. */
const installDisk = "/dev/nvme0n1";

/** The patches of one node, in the order in which they are merged. Pure; no secret is in them. */
export function renderMachinePatches(args: MachineConfigArgs): string[] {
  const cluster = args.role === "controlplane" ? { ...common, ...controlPlane(args) } : common;
  return [{ machine: machine(args), cluster }, ...(args.patch === undefined ? [] : [args.patch])].map(yaml);
}

/** A document of its own that lets the tailscale extension start: without it Talos waits for it, and does not finish booting. A secret. */
export function renderTailscaleService({ authKey, bastion, name }: { readonly authKey: string; readonly bastion: string; readonly name: string }): string {
  return yaml({
    apiVersion: "v1alpha1",
    kind: "ExtensionServiceConfig",
    name: "tailscale",
    environment: [`TS_AUTHKEY=${authKey}`, `TS_HOSTNAME=${name}`, `HTTPS_PROXY=${proxyUrl(bastion)}`],
  });
}

/** Of every node. */
function machine({ name, address, installImage, bastion, resolver, vpcCidr, subnetCidr }: MachineConfigArgs): object {
  return {
    certSANs: [address],
    network: { hostname: name, nameservers: [bastion, resolver] },
    time: { servers: [timeServer] },
    install: { disk: installDisk, image: installImage, wipe: true },
    // No way out but these: a cache that does not answer must be seen, not gone around.
    registries: { mirrors: Object.fromEntries(registryCaches.map(({ host, port }) => [host, { endpoints: [`http://${bastion}:${port}`], skipFallback: true }])) },
    env: {
      http_proxy: proxyUrl(bastion),
      https_proxy: proxyUrl(bastion),
      no_proxy: ["localhost", "127.0.0.1", "169.254.169.0/24", vpcCidr, clusterNetwork.podCidr, clusterNetwork.serviceCidr, ".svc", `.${clusterNetwork.dnsDomain}`].join(","),
    },
    kubelet: { nodeIP: { validSubnets: [subnetCidr] }, extraConfig: { maxPods: 512 } },
    // What CozyStack's storage and network need (cozystack.io/docs, "Install Talos Linux").
    kernel: { modules: [{ name: "openvswitch" }, { name: "drbd", parameters: ["usermode_helper=disabled"] }, { name: "zfs" }, { name: "spl" }] },
    sysctls: { "net.ipv4.neigh.default.gc_thresh1": "4096", "net.ipv4.neigh.default.gc_thresh2": "8192", "net.ipv4.neigh.default.gc_thresh3": "16384" },
    files: [
      {
        path: "/etc/cri/conf.d/20-customization.part",
        op: "create",
        permissions: 0o644,
        content: '[plugins]\n  [plugins."io.containerd.cri.v1.runtime"]\n    device_ownership_from_security_context = true\n',
      },
    ],
  };
}

/** Of the cluster section, on every node: CozyStack brings the network plugin and what kube-proxy does. */
const common = {
  network: { cni: { name: "none" }, dnsDomain: clusterNetwork.dnsDomain, podSubnets: [clusterNetwork.podCidr], serviceSubnets: [clusterNetwork.serviceCidr] },
  proxy: { disabled: true },
  discovery: { enabled: false },
};

function controlPlane({ bastion, subnetCidr, controlPlanes }: MachineConfigArgs): object {
  return {
    allowSchedulingOnControlPlanes: true,
    apiServer: { certSANs: ["127.0.0.1", bastion, ...controlPlanes] },
    etcd: { advertisedSubnets: [subnetCidr] },
  };
}

function proxyUrl(bastion: string): string {
  return `http://${bastion}:${ports.proxy}`;
}

function yaml(value: object): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
