import { writeInitramfs, type Extension } from "../../talos/formats/initramfs.ts";
import { writeEfiProgram } from "../../talos/formats/pe.ts";

export const talosVariants = ["spin-only", "spin-tailscale"] as const;
export type TalosVariant = (typeof talosVariants)[number];

export const talosVersion = "v1.11.5";

/** The extensions of Talos v1.11.5 that the variants have, as siderolabs/extensions v1.11.5 describes them. */
const extensions = {
  drbd: { name: "drbd", version: `9.2.14-${talosVersion}`, author: "Alexander Prentki", description: "[extra] This system extension provides kernel module driver for DRBD built against a specific Talos version.\n" },
  spin: { name: "spin", version: "v0.21.0", author: "Sven Pfennig", description: "[extra] This system extension provides support for spin runtime (WebAssembly) containers.\n" },
  tailscale: { name: "tailscale", version: "1.88.1", author: "Beau Trepp", description: "[extra] Tailscale connects your team's devices and development environments for easy access to remote resources.\n" },
  zfs: { name: "zfs", version: `2.3.3-${talosVersion}`, author: "Aenix, Enix", description: "[extra] This system extension provides the ZFS kernel module, the ZFS utilities, and a service to import all ZFS pools on start and unmount all pools on stop.\n" },
} as const satisfies Record<string, Extension>;

const byVariant: Readonly<Record<TalosVariant, readonly Extension[]>> = {
  "spin-only": [extensions.drbd, extensions.spin, extensions.zfs],
  "spin-tailscale": [extensions.drbd, extensions.spin, extensions.tailscale, extensions.zfs],
};

export interface TalosFiles {
  readonly vmlinuz: Buffer;
  readonly initramfs: Buffer;
}

/** Kernel and initramfs of a variant, or of Talos as Sidero Labs publish it: true in form, with texts that say that they are neither. */
export function talosFiles(variant?: TalosVariant): TalosFiles {
  const of = variant === undefined ? "Talos without extensions" : `variant ${variant}`;
  const text = (what: string): string => `This is not ${what} of Talos Linux.\nIt is a stand-in of Moon and Back's rehearsal for ${of} (arm64). No machine can boot it.\n`;
  return {
    vmlinuz: writeEfiProgram(text("the kernel")),
    initramfs: writeInitramfs({ version: talosVersion, extensions: variant === undefined ? [] : byVariant[variant] }, text("the initramfs")),
  };
}
