import { vpcResolver } from "../components/addresses.ts";
import type { BundleArgs } from "../components/render/bundle.ts";
import type { Environment } from "./config.ts";
import { variants } from "./settings.ts";

/** Names that no machine here has any business with; the first is there so that blocking can be seen at work. */
const blockedNames = ["blocked.moonback.internal"];

/** The netboot bundle of an environment, as its bastion serves it. */
export function bundleOf({ bastion, network, image = {} }: Environment): BundleArgs {
  return {
    address: bastion.address,
    subnetCidr: network.subnetCidr,
    dhcp: bastion.dhcpRange,
    resolver: vpcResolver(network.vpcCidr),
    blockedNames,
    assets: variants.flatMap((variant) => {
      const published = image[variant];
      return published === undefined ? [] : [{ variant, repository: `ghcr.io/urmanac/talos-cozystack-${variant}/talos`, ...published }];
    }),
  };
}
