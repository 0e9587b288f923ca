import { ports } from "../ports.ts";

/** A node as matchbox knows it. */
export interface MatchboxNodeArgs {
  /** `talos-node-1` */
  readonly name: string;
  /** Of its interface, `02:00:00:00:00:01`. */
  readonly mac: string;
  /** Which of the served images it boots. */
  readonly variant: string;
  /** IPv4 address of the bastion. */
  readonly bastion: string;
  /** Whole; a secret. */
  readonly machineConfig: string;
}

export function matchboxUrl(bastion: string): string {
  return `http://${bastion}:${ports.matchbox}`;
}

/**
 * What Talos is started with (talos.dev, "PXE Booting", v1.11). The initramfs is named, since EFI looks for it by name; an arm64
 * machine would print to ttyAMA0, which EC2 does not keep.
 */
export const kernelArguments = ["initrd=initramfs.xz", "init_on_alloc=1", "slab_nomerge", "pti=on", "console=ttyS0", "printk.devkmsg=on", "talos.platform=metal"] as const;

/**
 * The files that make matchbox serve one node, by their path in its data folder: the config first, the group that leads to it
 * last. The MAC in every address names who asks, since matchbox writes down what is asked and not by whom.
 */
export function renderMatchboxNode({ name, mac, variant, bastion, machineConfig }: MatchboxNodeArgs): Record<string, string> {
  // matchbox runs what it serves through Go's templates.
  if (machineConfig.includes("{{")) throw new Error(`the machine config of ${name} holds {{, which matchbox would take for a template's`);
  const who = `mac=${mac.replaceAll(":", "-")}`;
  const url = matchboxUrl(bastion);
  const asset = (file: string): string => `${url}/assets/talos/${variant}/${file}?${who}`;
  return {
    [`generic/${name}.yaml`]: machineConfig,
    [`profiles/${name}.json`]: json({
      id: name,
      name: `Talos on ${name}`,
      boot: { kernel: asset("vmlinuz"), initrd: [`--name initramfs.xz ${asset("initramfs.xz")}`], args: [...kernelArguments, `talos.config=${url}/generic?${who}`] },
      generic_id: `${name}.yaml`,
    }),
    [`groups/${name}.json`]: json({ id: name, name, profile: name, selector: { mac } }),
  };
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
