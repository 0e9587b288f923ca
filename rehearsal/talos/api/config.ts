import { randomUUID } from "node:crypto";
import { errorMessage } from "../../../common/errors.ts";
import { needsReboot } from "../applying.ts";
import { rebootNode } from "../lifecycle.ts";
import type { MachineConfig } from "../machine-config.ts";
import type { Talos } from "../talos.ts";
import type { Calls } from "./calls.ts";
import type { Message } from "./descriptors.ts";
import { invalid } from "./failure.ts";

/** How long a config is tried when the caller does not say, in milliseconds (constants.ConfigTryTimeout). */
const tryMs = 60_000;

interface ApplyRequest {
  readonly data: Buffer;
  readonly mode: "REBOOT" | "AUTO" | "NO_REBOOT" | "STAGED" | "TRY";
  readonly dry_run: boolean;
  readonly try_mode_timeout: { readonly seconds: string; readonly nanos: number } | null;
}

/** Another machine config for a node that runs (v1alpha1_server.go, ApplyConfiguration). */
export function configCalls(node: Talos): Calls {
  let rollback: NodeJS.Timeout | undefined;
  node.signal.addEventListener("abort", () => clearTimeout(rollback), { once: true });

  const apply = async (request: Message): Promise<Message> => {
    const { data, mode: asked, dry_run: dryRun, try_mode_timeout: limit } = request as unknown as ApplyRequest;
    if (asked !== "TRY") clearTimeout(rollback);
    const config = await validated(node, data.toString());
    const reboot = needsReboot(node.config.text, config.text);
    if (reboot !== undefined && (asked === "TRY" || asked === "NO_REBOOT")) throw invalid(reboot);
    const mode = asked === "AUTO" ? (reboot === undefined ? "NO_REBOOT" : "REBOOT") : asked;
    const details = { REBOOT: "Applied configuration with a reboot", NO_REBOOT: "Applied configuration without a reboot", TRY: "Applied configuration without a reboot", STAGED: "Staged configuration to be applied after the next reboot" }[mode];
    const because = asked === "AUTO" && reboot !== undefined ? `: ${reboot}` : "";
    if (dryRun) return { mode, mode_details: `Dry run summary:\n${details} (skipped in dry-run).\n` };
    node.say(`apply config request: mode ${asked.toLowerCase()}`);
    if (mode !== "TRY") node.site.disk.keepConfig(config.text);
    if (mode === "REBOOT") rebootNode(node, randomUUID());
    if (mode === "NO_REBOOT") await node.reconfigure(config);
    if (mode !== "TRY") return { mode, mode_details: details + because };

    const before = node.config;
    await node.reconfigure(config);
    const ms = limit === null ? tryMs : Number(limit.seconds) * 1_000 + limit.nanos / 1_000_000;
    rollback = setTimeout(() => {
      node.say("machine config is rolled back: it was tried only");
      node.reconfigure(before).catch((error: unknown) => node.say(errorMessage(error)));
    }, ms);
    return { mode, mode_details: `${details}\nThe config is applied in 'try' mode and will be automatically reverted back in ${ms / 1_000}s` };
  };
  return { unary: { "/machine.MachineService/ApplyConfiguration": apply }, streaming: {} };
}

async function validated(node: Talos, text: string): Promise<MachineConfig> {
  let config: MachineConfig;
  try {
    config = await node.validate(text);
  } catch (error) {
    throw invalid(errorMessage(error));
  }
  return config;
}
