import { errorMessage } from "../../common/errors.ts";
import { systemClock } from "../../common/poll.ts";
import { pauseMs } from "./image-store.ts";
import { configUrl, type MachineFacts } from "./kernel-args.ts";
import type { MachineConfig } from "./machine-config.ts";
import type { NodeNetwork } from "./network.ts";

export interface AcquirePlan {
  /** `talos.config` of the kernel's command line. */
  readonly url: string;
  readonly facts: MachineFacts;
  readonly network: NodeNetwork;
  /** Throws for a config that Talos would not take. */
  readonly validate: (text: string) => Promise<MachineConfig>;
  readonly say: (line: string) => void;
  /** Hears of each failure: what talosctl's watchers are told. */
  readonly failed: (kind: "machine.ConfigLoadErrorEvent" | "machine.ConfigValidationErrorEvent", message: string) => void;
  readonly signal: AbortSignal;
}

/** Fetches the machine config until there is one that Talos takes; each failure is on the console. */
export async function acquireConfig({ url, facts, network, validate, say, failed, signal }: AcquirePlan): Promise<MachineConfig> {
  for (let failures = 1; ; failures++) {
    let kind: Parameters<AcquirePlan["failed"]>[0] = "machine.ConfigLoadErrorEvent";
    try {
      const from = configUrl(url, facts);
      say(`fetching machine config from: "${from}"`);
      const { status, body } = await network.get(from, { signal });
      if (status !== 200) throw new Error(`failed to download config, status code ${status}, body ${JSON.stringify(body.toString().slice(0, 200))}`);
      kind = "machine.ConfigValidationErrorEvent";
      const config = await validate(body.toString());
      say(`machine config loaded successfully {"component": "controller-runtime", "controller": "config.AcquireController", "sources": ["metal"]}`);
      return config;
    } catch (error) {
      signal.throwIfAborted();
      const message = kind === "machine.ConfigLoadErrorEvent" ? `error acquiring via platform metal: ${errorMessage(error)}` : `failed to validate config acquired via platform metal: ${errorMessage(error)}`;
      say(message);
      failed(kind, message);
      await systemClock.wait(pauseMs(failures), signal);
    }
  }
}
