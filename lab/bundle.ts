// The home-lab bundle as an operator gets it: written by `npm run render`, with iPXE and one node's files put into it.
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { parse } from "yaml";
import { UserError } from "../common/errors.ts";
import { ports } from "../components/ports.ts";
import { firmwares } from "../components/render/dnsmasq.ts";
import { writeInitramfs } from "./initramfs.ts";
import type { Media } from "./media.ts";
import { device } from "./needs.ts";
import { machine, machineConfig, nodeBoot } from "./node-boot.ts";

/** The home network; in a namespace of its own every address is free. */
export const network = { address: "10.10.0.100", bits: 24, subnet: "10.10.0.0/24", dhcp: "10.10.0.110-10.10.0.199", router: "10.10.0.1" } as const;

/** What must be seen of a machine that boots by these files. */
export interface Expected {
  readonly mac: string;
  readonly ipxe: string;
  readonly bootScript: string;
  /** Paths with queries, as matchbox logs them. */
  readonly kernel: string;
  readonly initramfs: string;
  readonly config: string;
  readonly configSha256: string;
  readonly arguments: readonly string[];
}

const arm64 = firmwares.find(({ tag }) => tag === "efi-arm64");

/** Writes everything that dnsmasq and matchbox read into an empty folder, and says what must come of it. */
export async function writeBundle(folder: string, media: Media): Promise<Expected> {
  if (arm64 === undefined) throw new Error("the bundle names no iPXE for arm64");
  const { address, subnet, dhcp, router } = network;
  const options = ["--homelab", "--out", folder, "--address", address, "--subnet", subnet, "--dhcp", dhcp, "--router", router, "--interface", device];
  const checkout = join(import.meta.dirname, "..");
  const { failed, all } = await execa(process.execPath, [join(checkout, "automation/moonback.mjs"), "render", "bastion", ...options], { cwd: checkout, stdin: "ignore", all: true, reject: false });
  if (failed) throw new UserError(`\`npm run render -- bastion --homelab\` failed:\n${all}`);

  copyFileSync(media.ipxe, join(folder, "tftp", arm64.file));
  for (const { path, content } of nodeBoot(address)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const assets = join(folder, "assets/talos", machine.variant);
  mkdirSync(assets, { recursive: true });
  symlinkSync(media.kernel, join(assets, "vmlinuz"));
  await writeInitramfs(media, join(assets, "initramfs.xz"));
  return expectedOf(address, arm64.file);
}

/** Read from what was rendered, not from what lies in the folder by the time of the boot. */
function expectedOf(address: string, ipxe: string): Expected {
  const profile = nodeBoot(address).find(({ path }) => path.startsWith("matchbox/profiles/"));
  const { boot } = JSON.parse(profile?.content ?? "{}") as { boot: { kernel: string; initrd: string[]; args: string[] } };
  // iPXE's options come before the address.
  const initramfs = boot.initrd[0]?.split(" ").at(-1) ?? "";
  const configUrl = boot.args.find((argument) => argument.startsWith("talos.config="))?.replace("talos.config=", "") ?? "";
  return {
    mac: machine.mac,
    ipxe,
    bootScript: `http://${address}:${ports.matchbox}/boot.ipxe`,
    kernel: pathOf(boot.kernel),
    initramfs: pathOf(initramfs),
    config: pathOf(configUrl),
    configSha256: createHash("sha256").update(machineConfig).digest("hex"),
    arguments: boot.args,
  };
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return `${pathname}${search}`;
}

/** A service's command from the bundle's compose.yaml, with the paths in its container made those of the folder. */
export function composeCommand(folder: string, service: string): string[] {
  const { services } = parse(readFileSync(join(folder, "compose.yaml"), "utf8")) as { services: Record<string, { command: string[]; volumes: string[] }> };
  const found = services[service];
  if (found === undefined) throw new Error(`compose.yaml has no service ${service}`);
  const paths = found.volumes.map((volume) => volume.split(":"));
  return found.command.map((argument) => {
    const mount = paths.find(([, inside = ""]) => argument.endsWith(`=${inside}`));
    return mount === undefined ? argument : argument.replace(/=.*/, `=${join(folder, mount[0] ?? "")}`);
  });
}
