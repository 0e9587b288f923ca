import { createHash } from "node:crypto";
import { join } from "node:path";
import { writeSecret } from "../kubernetes/certificates.ts";
import { readMachineConfig, type MachineConfig } from "./machine-config.ts";
import { runProgram } from "./program.ts";

export interface ValidatePlan {
  /** A folder of the node. */
  readonly folder: string;
  readonly mark: string;
  /** Path of the real talosctl. */
  readonly talosctl: string;
  readonly signal: AbortSignal;
}

/** Texts that were found valid: the same one again is. With many nodes a process for each boot would be most of the work. */
const known = new Set<string>();

/** A config that Talos would take, by the verdict of the real `talosctl validate`; throws with that verdict otherwise. */
export async function validConfig(text: string, { folder, mark, talosctl, signal }: ValidatePlan): Promise<MachineConfig> {
  const digest = createHash("sha256").update(text).digest("hex");
  if (known.has(digest)) return readMachineConfig(text);
  const file = join(folder, "validating.yaml");
  await writeSecret(file, text);
  const { code, text: said } = await runProgram(mark, talosctl, ["validate", "--mode", "metal", "--config", file], signal);
  signal.throwIfAborted();
  if (code !== 0) throw new Error(said.replaceAll(file, "the machine configuration").replace(/^error: /i, ""));
  known.add(digest);
  return readMachineConfig(text);
}
