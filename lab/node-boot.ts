import { renderMatchboxNode } from "../components/render/matchbox-node.ts";
import type { RenderedFile } from "../components/render/file.ts";

/** The machine of the lab, as matchbox knows it. */
export const machine = { name: "talos-node-1", mac: "52:54:00:00:00:11", variant: "spin-only" } as const;

/** What it is given as its machine config: only that it arrives is looked at. */
export const machineConfig = "version: v1alpha1\nmachine:\n  type: controlplane # of the netboot lab\n";

/** The files that `up` gives to matchbox for this machine, by their path in the bundle's folder. */
export function nodeBoot(bastion: string): RenderedFile[] {
  return Object.entries(renderMatchboxNode({ ...machine, bastion, machineConfig })).map(([path, content]) => ({ path: `matchbox/${path}`, content }));
}
