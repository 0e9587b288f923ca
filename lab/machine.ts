import type { Media } from "./media.ts";
import { device } from "./needs.ts";
import { machine } from "./node-boot.ts";

/** QEMU's command line for the machine; the files take what it says on its two serial ports. */
export function machineCommand({ firmware }: Media, logs: { readonly firmware: string; readonly kernel: string }): string[] {
  return [
    "qemu-system-aarch64",
    // In software: the host need not be arm64, and needs no KVM.
    ...["-machine", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "1024"],
    ...["-display", "none", "-monitor", "none", "-nodefaults", "-no-reboot"],
    ...["-bios", firmware, "-serial", `file:${escaped(logs.firmware)}`],
    // ttyS0, as EC2's Graviton has it: the kernel's arguments are used as they are.
    ...["-chardev", `file,id=kernel,path=${escaped(logs.kernel)}`, "-device", "pci-serial,chardev=kernel"],
    // No option ROM: the firmware's own PXE is to ask.
    ...["-netdev", `tap,id=home,ifname=${device},script=no,downscript=no`, "-device", `virtio-net-pci,netdev=home,mac=${machine.mac},romfile=`],
    // Without a source of randomness firmware since 2024 has no network (edk2, CVE-2023-45237).
    ...["-device", "virtio-rng-pci"],
  ];
}

/** QEMU reads a comma as the end of a value. */
function escaped(path: string): string {
  return path.replaceAll(",", ",,");
}
