import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { execa } from "execa";
import { environment } from "./environment.ts";
import type { Media } from "./media.ts";

/** Writes the machine's initramfs: two scripts of ours, busybox, and the drivers of its network card. */
export async function writeInitramfs({ busybox, modules }: Media, file: string): Promise<void> {
  const root = `${file}.root`;
  for (const folder of ["bin", "dev", "lib", "proc"]) mkdirSync(join(root, folder), { recursive: true });
  const scripts = join(import.meta.dirname, "machine");
  const executables: Record<string, string> = { init: join(scripts, "init"), "bin/lease": join(scripts, "lease"), "bin/busybox": busybox };
  for (const [path, source] of Object.entries(executables)) {
    copyFileSync(source, join(root, path));
    chmodSync(join(root, path), 0o755);
  }
  const drivers = modules.map((module) => join("lib", basename(module)));
  modules.forEach((module, index) => copyFileSync(module, join(root, drivers[index] ?? "")));
  const content = ["bin", "dev", "lib", "proc", ...Object.keys(executables), ...drivers];
  const options = { env: environment, encoding: "buffer", cwd: root } as const;
  const { stdout: archive } = await execa("cpio", ["--create", "--format=newc", "--owner=0:0", "--quiet"], { ...options, input: content.join("\n") });
  // The kernel reads no other checksum of xz (Documentation/staging/xz.rst).
  const { stdout } = await execa("xz", ["--check=crc32", "--stdout"], { ...options, input: archive });
  writeFileSync(file, stdout);
  await rm(root, { recursive: true });
}
