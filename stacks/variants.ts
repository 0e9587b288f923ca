/** The Talos images: with Spin alone, and with Tailscale for the gateways. */
export const variants = ["spin-only", "spin-tailscale"] as const;
export type Variant = (typeof variants)[number];
