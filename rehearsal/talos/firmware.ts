import type { SeenImage } from "../netboot/aws-view.ts";
import { talosFiles, talosVariants, talosVersion } from "../netboot/internet/talos-files.ts";
import type { Console } from "./console.ts";
import type { Disk } from "./disk.ts";
import { efiProblem } from "./formats/pe.ts";
import type { IpxeHost } from "./ipxe/host.ts";
import { Ipxe, type Boot } from "./ipxe/run.ts";
import { kernelArguments, type MachineFacts } from "./kernel-args.ts";
import type { NodeNetwork } from "./network.ts";
import { systemClock } from "../../common/poll.ts";
import { firstHost, netmaskOf } from "./subnet.ts";

/** What the machine begins with: a kernel's first file system and its command line. */
export interface Start {
  readonly initramfs: Buffer;
  readonly cmdline: string;
}

export interface FirmwarePlan {
  readonly image: SeenImage;
  /** As it was given; undefined for none. */
  readonly userData: string | undefined;
  readonly facts: MachineFacts;
  readonly network: NodeNetwork;
  readonly subnetCidr: string;
  readonly disk: Disk;
  readonly console: Console;
  readonly signal: AbortSignal;
}

/** What an installed Talos is started with; its boot image holds it, and nothing from outside adds to it. */
const installedCmdline = "talos.platform=metal console=ttyS0 init_on_alloc=1 slab_nomerge pti=on printk.devkmsg=on";

/** Images of this account that are Talos, by their names. */
const talosImage = new RegExp(`^talos-${talosVersion.replaceAll(".", String.raw`\.`)}-(${talosVariants.join("|")})-arm64$`);
const isIpxeImage = ({ name }: SeenImage): boolean => /^iPXE \(/.test(name);
export const isNodeImage = (image: SeenImage): boolean => isIpxeImage(image) || talosImage.test(image.name);

/** From power to a kernel: what is on the disk first, as EC2's firmware does it. Undefined: there is nothing to boot. */
export async function startOf(plan: FirmwarePlan): Promise<Start | undefined> {
  const { disk, console } = plan;
  const installed = disk.installed;
  if (installed !== undefined) {
    console.line(`Talos boots from disk`);
    return { initramfs: installed.initramfs, cmdline: installedCmdline + (disk.config === undefined ? bakedArgument(plan) : "") };
  }
  if (disk.netboots) return netboot(plan);
  console.line("UEFI: no bootable device");
  return undefined;
}

/** A new volume made of an image: iPXE, or an imported Talos. */
export function writeImage(image: SeenImage, disk: Disk): void {
  const variant = talosVariants.find((one) => one === talosImage.exec(image.name)?.[1]);
  if (variant !== undefined) disk.install(talosFiles(variant));
  else if (isIpxeImage(image)) disk.writeIpxe();
}

/**
 * The imported image's own argument. A real one is made for one environment, and names its bastion; these name the address .100 of
 * the subnet that the machine is in.
 */
function bakedArgument({ image, subnetCidr }: FirmwarePlan): string {
  if (!talosImage.test(image.name)) return "";
  const bastion = firstHost(subnetCidr).replace(/\.\d+$/, ".100");
  return ` talos.config=http://${bastion}:8080/generic?mac=\${mac}`;
}

/** iPXE's image for EC2: it takes a lease, fetches the user data and runs it (ipxe, config/cloud/aws.ipxe). */
async function netboot({ userData, facts, network, subnetCidr, console, signal }: FirmwarePlan): Promise<Start | undefined> {
  console.print("iPXE initialising devices... ok\n\niPXE -- Open Source Network Boot Firmware -- https://ipxe.org (a stand-in of the rehearsal)\nAmazon EC2 - iPXE boot via user-data\n");
  const host: IpxeHost = {
    ...facts,
    print: (text) => console.print(text),
    lease: () => ({ address: network.address, netmask: netmaskOf(subnetCidr), gateway: firstHost(subnetCidr) }),
    fetch: async (url, ends) => {
      const { status, body } = await network.get(url, { signal: ends, timeoutMs: 120_000 });
      return { status, body };
    },
    clock: systemClock,
    isEfi: (bytes) => efiProblem(bytes) === undefined,
  };
  const ipxe = new Ipxe(host);
  ipxe.configure();
  const url = "http://169.254.169.254/latest/user-data";
  if (userData === undefined) {
    console.line(`${url}... Not found (https://ipxe.org/2d0c618e)`);
    return undefined;
  }
  console.line(`${url}... ok`);
  const { boot } = await ipxe.run(Buffer.from(userData, "base64"), url, signal);
  if (boot === undefined) console.line("iPXE has ended: no more network devices");
  return boot === undefined ? undefined : linux(boot, console);
}

/** The kernel's own part of EFI: it takes the initramfs that its command line names (or the only one there is). */
function linux({ kernel: { cmdline }, initrds }: Boot, console: Console): Start | undefined {
  console.line("EFI stub: Booting Linux Kernel...");
  const wanted = kernelArguments(cmdline).get("initrd");
  const initrd = wanted === undefined ? initrds[0] : initrds.find(({ name }) => name === wanted);
  if (initrd === undefined) {
    console.line(wanted === undefined ? "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)" : `EFI stub: ERROR: Failed to open initrd= file: ${wanted}`);
    return undefined;
  }
  console.line(`EFI stub: Loaded initrd from command line option\n[    0.000000] Kernel command line: ${cmdline}`);
  return { initramfs: initrd.bytes, cmdline };
}
