import { networkFoundation } from "./01-network-foundation.ts";
import { bastion } from "./02-bastion.ts";
import { netboot } from "./03-netboot.ts";
import { talosNetboots } from "./04-talos-netboots.ts";
import { gdpr } from "./09-gdpr.ts";
import type { Gate } from "./gate.ts";

/** Every gate that exists, in the order of its number. The registry of stages says when each must be green. */
export const gates: readonly Gate[] = [networkFoundation, bastion, netboot, talosNetboots, gdpr];
