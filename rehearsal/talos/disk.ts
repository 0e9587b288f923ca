import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TalosImageFiles } from "./installer.ts";

/** Talos' partitions that can be wiped by themselves. */
export const partitions = ["STATE", "EPHEMERAL"] as const;
export type Partition = (typeof partitions)[number];

/** A node's root volume: a folder that a new instance does not have, and that goes with a terminated one. */
export class Disk {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    for (const name of ["boot", "state", "ephemeral"]) mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
  }

  /** What is on the boot partition; undefined while Talos is not installed. */
  get installed(): TalosImageFiles | undefined {
    const [vmlinuz, initramfs] = [join(this.#folder, "boot/vmlinuz"), join(this.#folder, "boot/initramfs.xz")];
    return existsSync(initramfs) ? { vmlinuz: readFileSync(vmlinuz), initramfs: readFileSync(initramfs) } : undefined;
  }

  /** A new volume of an image that netboots. */
  writeIpxe(): void {
    writeFileSync(join(this.#folder, "boot/ipxe"), "", { mode: 0o600 });
  }

  get netboots(): boolean {
    return existsSync(join(this.#folder, "boot/ipxe"));
  }

  /** In place of whatever was there: there is one disk, and iPXE was on it. */
  install({ vmlinuz, initramfs }: TalosImageFiles): void {
    empty(join(this.#folder, "boot"));
    writeFileSync(join(this.#folder, "boot/vmlinuz"), vmlinuz, { mode: 0o600 });
    writeFileSync(join(this.#folder, "boot/initramfs.xz"), initramfs, { mode: 0o600 });
  }

  /** The machine config on STATE. */
  get config(): string | undefined {
    const file = join(this.#folder, "state/config.yaml");
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  }

  keepConfig(text: string): void {
    writeFileSync(join(this.#folder, "state/config.yaml"), text, { mode: 0o600 });
  }

  /** /var: what etcd and Kubernetes keep. */
  get ephemeral(): string {
    return join(this.#folder, "ephemeral");
  }

  wipe(which: readonly Partition[]): void {
    for (const name of which) empty(join(this.#folder, name.toLowerCase()));
  }

  /** The whole disk, bootloader and all. */
  wipeAll(): void {
    this.wipe(partitions);
    empty(join(this.#folder, "boot"));
  }
}

function empty(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
}
