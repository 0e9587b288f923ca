import type { BundleArgs } from "../../components/render/bundle.ts";
import type { UserDataArgs } from "../../components/render/cloud-init.ts";
import type { Window } from "../../components/window.ts";

/** 64 hex digits that look like a checksum: they compress as badly as one. */
function sum(seed: number): string {
  let state = seed;
  return Array.from({ length: 64 }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor(state / 65_536).toString(16).at(-1);
  }).join("");
}

export const bundleArgs: BundleArgs = {
  address: "10.10.0.100",
  subnetCidr: "10.10.0.0/24",
  dhcp: { first: "10.10.0.110", last: "10.10.0.199" },
  resolver: "10.10.0.2",
  blockedNames: ["blocked.moonback.internal"],
  assets: ["spin-only", "spin-tailscale"].map((variant, index) => ({
    variant,
    repository: `ghcr.io/urmanac/talos-cozystack-${variant}/talos`,
    digest: `sha256:${sum(3 * index + 1)}`,
    vmlinuz: `sha256:${sum(3 * index + 2)}`,
    initramfs: `sha256:${sum(3 * index + 3)}`,
  })),
};

export const homelabArgs: BundleArgs = {
  ...bundleArgs,
  address: "192.168.7.2",
  subnetCidr: "192.168.7.0/24",
  dhcp: { first: "192.168.7.50", last: "192.168.7.99" },
  resolver: "192.168.7.1",
  homelab: { interface: "eth0", router: "192.168.7.1" },
};

/** With three control planes the bastion serves the Kubernetes API. */
export const threeControlPlanes: BundleArgs = { ...bundleArgs, apiServers: ["10.10.0.11", "10.10.0.12", "10.10.0.13"] };

export const tunnel = { endpoint: "[2001:db8::51]:51820", peerPublicKey: "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=", address: "10.99.0.2/32" };

export const userDataArgs: UserDataArgs = {
  hostname: "tf-bastion",
  operatorPublicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5hZk2y7q1m0dQn9C0m3vO1bJxkq6b3mH8oQ0xw9y2a",
  hostPublicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHn2c4V8o6r0t4y8i2p6s0d4g8k2z6x0v4n8q2w6e0r4",
  secrets: [{ parameter: "/moonback/lab/bastion/ssh-host-key", path: "/opt/moonback/secrets/ssh_host_ed25519_key" }],
  bundle: [],
};

export const evening: Window = { start: "18:00", hours: 5, timezone: "Europe/Berlin", days: ["mon", "tue", "wed", "thu", "fri"] };
