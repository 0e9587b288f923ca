import { acquireConfig } from "./acquire-config.ts";
import { installerFiles } from "./installer.ts";
import { kernelArguments } from "./kernel-args.ts";
import type { MachineConfig } from "./machine-config.ts";
import type { Services } from "./services.ts";
import type { Talos } from "./talos.ts";

/** What runs before there is a machine config. */
export function startEarlyServices(services: Services): void {
  for (const id of ["machined", "auditd", "syslogd", "udevd", "containerd"]) {
    services.load(id, { healthCheck: true });
    services.set(id, "Running", `Started task ${id}`);
    services.check(id, undefined);
  }
  services.load("dashboard", { healthCheck: false });
  services.set("dashboard", "Running", 'Process Process(["/sbin/dashboard"]) started');
}

/** The machine config on STATE, else the one that the command line tells where to fetch; undefined in maintenance. */
export async function bootConfig(node: Talos, cmdline: string): Promise<MachineConfig | undefined> {
  const { disk, facts, network } = node.site;
  const stored = disk.config;
  if (stored !== undefined) return node.validate(stored);
  const url = kernelArguments(cmdline).get("talos.config");
  if (url === undefined) {
    node.status.stage = "maintenance";
    node.say("entering maintenance service: there is neither a machine config on STATE nor talos.config on the command line");
    return undefined;
  }
  const config = await acquireConfig({
    url, facts, network,
    signal: node.signal,
    validate: (text) => node.validate(text),
    say: (line) => node.say(line),
    failed: (type, error) => node.events.publish({ type, value: { error } }),
  });
  // There is no STATE before Talos is on the disk.
  if (disk.installed !== undefined) disk.keepConfig(config.text);
  return config;
}

/** Writes the installer's Talos to the disk, and starts over from there. */
export async function installTalos(node: Talos): Promise<void> {
  const { image } = node.config.machine.install;
  node.status.stage = "installing";
  node.say(`install sequence: installing Talos to disk from "${image}"`);
  const files = installerFiles(image, await node.images.fetch(image));
  node.site.disk.install(files);
  node.site.disk.keepConfig(node.config.text);
  node.say("installation successful, rebooting from disk");
  node.end("kexec");
}
