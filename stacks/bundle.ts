import { vpcResolver } from "../components/addresses.ts";
import { renderBundle, type BundleArgs } from "../components/render/bundle.ts";
import { secretFiles } from "../components/render/cloud-init.ts";
import type { RenderedFile } from "../components/render/file.ts";
import { renderWireguard, type WireguardArgs } from "../components/render/wireguard.ts";
import { nodesOf, talosRepository, type Environment } from "./config.ts";
import { variants } from "./variants.ts";

/** Names that no machine here has any business with; the first is there so that blocking can be seen at work. */
const blockedNames = ["blocked.moonback.internal"];

/** The netboot bundle of an environment, as its bastion serves it. */
export function bundleOf(environment: Environment): BundleArgs {
  const { bastion, network, image = {} } = environment;
  const controlPlanes = nodesOf(environment).filter(({ role }) => role === "controlplane").map(({ address }) => address);
  return {
    address: bastion.address,
    subnetCidr: network.subnetCidr,
    dhcp: bastion.dhcpRange,
    resolver: vpcResolver(network.vpcCidr),
    blockedNames,
    assets: variants.flatMap((variant) => {
      const published = image[variant];
      return published === undefined ? [] : [{ variant, repository: talosRepository(variant), ...published }];
    }),
    // As `apiEndpoint` has it: one control plane answers for itself.
    ...(controlPlanes.length === 1 ? {} : { apiServers: controlPlanes }),
  };
}

/** The tunnel home, where the bastion leaves by one. */
export function tunnelOf({ bastion: { egress, wireguard } }: Environment): Omit<WireguardArgs, "privateKeyFile"> | undefined {
  if (egress !== "wireguard" || wireguard === undefined) return undefined;
  const { endpoint, peerPublicKey, address } = wireguard;
  return { endpoint, peerPublicKey, address: `${address}/32` };
}

/** The files in the bastion's user data that hang on settings: the bundle, and the tunnel where there is one. */
export function settledFiles(environment: Environment): RenderedFile[] {
  const tunnel = tunnelOf(environment);
  return [
    ...renderBundle(bundleOf(environment)),
    ...(tunnel === undefined ? [] : [{ path: "wireguard/home.conf", content: renderWireguard({ ...tunnel, privateKeyFile: secretFiles.wireguardKey }) }]),
  ];
}
