import { readTar } from "./formats/tar.ts";
import type { PulledImage } from "./pulls.ts";

/** What an installer writes to a disk and a network serves for booting. */
export interface TalosImageFiles {
  readonly vmlinuz: Buffer;
  readonly initramfs: Buffer;
}

const paths = { vmlinuz: "usr/install/arm64/vmlinuz", initramfs: "usr/install/arm64/initramfs.xz" } as const;

/** Kernel and initramfs of a pulled installer image; throws for an image that is none. */
export function installerFiles(reference: string, { layers }: PulledImage): TalosImageFiles {
  const files = new Map(layers.flatMap((layer) => [...readTar(layer)]));
  const file = (path: string): Buffer => {
    const found = files.get(path);
    if (found === undefined) throw new Error(`${reference} is no Talos installer: it has no ${path}`);
    return found;
  };
  return { vmlinuz: file(paths.vmlinuz), initramfs: file(paths.initramfs) };
}
