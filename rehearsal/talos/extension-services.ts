import type { Extension } from "./formats/initramfs.ts";
import type { MachineConfig } from "./machine-config.ts";
import type { Services } from "./services.ts";

interface ExtensionService {
  readonly id: string;
  /** What it waits for with this machine config; nothing when it runs. */
  readonly waitsFor: (config: MachineConfig) => string | undefined;
}

/** Of the extensions that the variants have, those that bring a service (siderolabs/extensions v1.11.5). */
const extensionServices: Readonly<Record<string, ExtensionService>> = {
  // It has `configuration: true`: without an ExtensionServiceConfig it never starts.
  tailscale: { id: "ext-tailscale", waitsFor: ({ extensionServices: configured }) => (configured.includes("tailscale") ? undefined : "extension service config") },
  // It waits for the device that the kernel module makes.
  zfs: { id: "ext-zfs-service", waitsFor: ({ machine: { kernel } }) => (kernel.modules.some(({ name }) => name === "zfs") ? undefined : 'file "/dev/zfs" to exist') },
};

/** Starts what may start, and says what the others wait for; again after a change of the machine config. */
export function settleExtensionServices(extensions: readonly Extension[], config: MachineConfig, services: Services): void {
  for (const { name } of extensions) {
    const service = extensionServices[name];
    if (service === undefined) continue;
    services.load(service.id, { healthCheck: false });
    const waitsFor = service.waitsFor(config);
    if (waitsFor === undefined) services.set(service.id, "Running", `Started task ${service.id} for container ${service.id}`);
    else services.set(service.id, "Waiting", `Waiting for ${waitsFor}`);
  }
}
