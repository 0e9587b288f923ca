import { createHash } from "node:crypto";

/**
 * Names one life of the machines: AWS ends them every day, and whatever was put on them went with them. What is put on a machine
 * takes this as a trigger, so that the next window's `up` drops what is dead and puts it there again.
 * @param ids instance ids, in any order
 */
export function generationOf(ids: readonly string[]): string {
  if (ids.length === 0) return "none";
  return createHash("sha256").update([...ids].sort().join("\n")).digest("hex").slice(0, 12);
}
