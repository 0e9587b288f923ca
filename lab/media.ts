// What the lab's machine is made of, from Debian 13: the first with an arm64 iPXE. Fetched and unpacked, never installed.
import { readFileSync } from "node:fs";
import { copyFile, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { UserError } from "../common/errors.ts";
import { ensureEntry, freshLogFile, type EntryId } from "../toolchain/cache.ts";
import { contentKey } from "../toolchain/catalog.ts";
import { systemContext, type Context } from "../toolchain/context.ts";
import { runStep } from "../toolchain/step.ts";
import { debianMirror, sourcesLine } from "./debian-mirror.ts";
import { environment } from "./environment.ts";

export interface Media {
  readonly ipxe: string;
  readonly kernel: string;
  readonly firmware: string;
  readonly busybox: string;
  /** Drivers of the network card, in the order in which they load. */
  readonly modules: readonly string[];
  /** Package and version, one a line. */
  readonly packages: readonly string[];
}

const suite = "trixie";
/** Names the kernel's package of the day. */
const kernelPackage = "linux-image-cloud-arm64";
const packages = ["busybox-static", "ipxe", "qemu-efi-aarch64"] as const;
const modules = ["net/core/failover", "drivers/net/net_failover", "drivers/net/virtio_net"] as const;

const executable = "busybox";
const id: EntryId = { name: "netboot-media", version: suite, key: contentKey([kernelPackage, ...packages, ...modules]) };

/** The files, fetched first where the cache does not have them. About 37 MB, once. */
export async function ensureMedia(options: { progress: (line: string) => void; signal?: AbortSignal }): Promise<Media> {
  const context = systemContext({ ...options, env: environment });
  const { folder } = await ensureEntry(context, { ...id, doing: "fetching the netboot lab's machine from Debian", executable, make: (into) => fetchMedia(context, into) });
  return {
    ipxe: join(folder, "ipxe.efi"),
    kernel: join(folder, "vmlinuz"),
    firmware: join(folder, "firmware.fd"),
    busybox: join(folder, executable),
    modules: modules.map((module) => join(folder, moduleFile(module))),
    packages: readFileSync(join(folder, "packages.txt"), "utf8").trim().split("\n"),
  };
}

async function fetchMedia(context: Context, folder: string): Promise<void> {
  const mirror = await debianMirror();
  if (mirror instanceof UserError) throw mirror;
  const logFile = await freshLogFile(context, id);
  const scratch = join(folder, "apt");
  const root = join(scratch, "root");
  for (const path of ["lists/partial", "archives/partial", "root"]) await mkdir(join(scratch, path), { recursive: true });
  await writeFile(join(scratch, "sources.list"), sourcesLine(mirror, suite), { mode: 0o600 });
  await writeFile(join(scratch, "status"), "");
  const settings = aptSettings(scratch);
  const apt = (doing: string, ...args: string[]): Promise<void> => runStep(context, { doing, command: "apt-get", args: [...args, ...settings], cwd: scratch, env: context.env, logFile });

  context.progress(`fetching firmware, iPXE, kernel and busybox for arm64 from Debian ${suite} (about 50 MB, once)`);
  await apt(`reading Debian ${suite}'s list of packages`, "update", "--error-on=any");
  const wanted = [...packages, await dependencyOf(kernelPackage, settings)];
  await apt("fetching the lab's packages", "download", ...wanted);
  for (const name of (await readdir(scratch)).filter((file) => file.endsWith(".deb"))) {
    await runStep(context, { doing: `unpacking ${name}`, command: "dpkg-deb", args: ["--extract", name, root], cwd: scratch, env: context.env, logFile });
  }
  await keep(root, folder);
  await writeFile(join(folder, "packages.txt"), await versionsOf(wanted, settings));
  await rm(scratch, { recursive: true });
}

/** apt as ever, but with lists, source and architecture of its own: nothing of the machine's is read but how to reach a mirror, and nothing is changed. */
function aptSettings(scratch: string): string[] {
  const settings = {
    "Dir::Etc::SourceList": join(scratch, "sources.list"),
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::State::Lists": join(scratch, "lists"),
    "Dir::State::Status": join(scratch, "status"),
    "Dir::Cache": scratch,
    "APT::Architecture": "arm64",
    "APT::Architectures": "arm64",
    "Acquire::Languages": "none",
    "Acquire::AllowInsecureRepositories": "false",
    "APT::Get::AllowUnauthenticated": "false",
  };
  return Object.entries(settings).flatMap(([name, value]) => ["--option", `${name}=${value}`]);
}

/** Only what the lab uses stays in the cache. */
async function keep(root: string, folder: string): Promise<void> {
  const kernels = (await readdir(join(root, "boot"))).filter((name) => name.startsWith("vmlinuz-"));
  const [kernel = ""] = kernels;
  const release = kernel.replace("vmlinuz-", "");
  const files = {
    "ipxe.efi": "usr/lib/ipxe/ipxe-arm64.efi",
    "firmware.fd": "usr/share/qemu-efi-aarch64/QEMU_EFI.fd",
    vmlinuz: `boot/${kernel}`,
    [executable]: "usr/bin/busybox",
  };
  for (const [to, from] of Object.entries(files)) await copyFile(join(root, from), join(folder, to));
  for (const module of modules) {
    const { stdout } = await execa("xz", ["--decompress", "--stdout", join(root, "usr/lib/modules", release, "kernel", `${module}.ko.xz`)], { env: environment, encoding: "buffer" });
    await writeFile(join(folder, moduleFile(module)), stdout);
  }
}

const moduleFile = (module: string): string => `${module.split("/").at(-1) ?? ""}.ko`;

async function dependencyOf(name: string, settings: readonly string[]): Promise<string> {
  const { stdout } = await execa("apt-cache", [...settings, "depends", name], { env: environment });
  const found = /Depends: (\S+)/.exec(stdout)?.[1];
  if (found === undefined) throw new Error(`Debian's ${name} names no kernel: ${stdout}`);
  return found;
}

async function versionsOf(names: readonly string[], settings: readonly string[]): Promise<string> {
  const { stdout } = await execa("apt-cache", [...settings, "show", "--no-all-versions", ...names], { env: environment });
  return [...stdout.matchAll(/^Package: (\S+)[^]*?^Version: (\S+)/gm)].map(([, name = "", version = ""]) => `${name} ${version}\n`).join("");
}
