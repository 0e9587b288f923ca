import type { RenderedFile } from "./file.ts";

/**
 * matchbox's data for a machine that nobody declared. Its template (matchbox v0.11.0, http/ipxe.go) always writes
 * `kernel KERNEL ARGS`, then `boot`. `kernel` without a name fails, `|| exit 1` leaves the script, and the machine's firmware
 * goes on to its next boot device; after a good end of iPXE it would not. Without any group matchbox answers 404, which looks like a fault in its log.
 */
export function renderMatchbox(): RenderedFile[] {
  return [
    { path: "matchbox/groups/default.json", content: json({ id: "default", name: "any machine that no other group selects", profile: "unknown" }) },
    { path: "matchbox/profiles/unknown.json", content: json({ id: "unknown", name: "boots nothing", boot: { kernel: "||", args: ["exit", "1"] } }) },
  ];
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
