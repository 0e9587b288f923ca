import type { GuestCall } from "./guest-call.ts";

/** A service of the machine itself, as systemd sees it. */
export interface Unit {
  readonly active: boolean;
  /** Throws with what the unit's log would say. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const verbs = ["start", "stop", "restart", "reload-or-restart", "enable", "disable", "is-active"];

/** Answers `systemctl VERB [--now] UNIT…` for the units that a machine has. */
export async function systemctl({ argv, user, out, error }: GuestCall, unitOf: (name: string) => Unit | undefined): Promise<number> {
  const options = argv.filter((word) => word.startsWith("-"));
  const [verb = "", ...names] = argv.filter((word) => !word.startsWith("-"));
  const unknown = options.find((option) => option !== "--now" && option !== "--quiet");
  if (unknown !== undefined || !verbs.includes(verb) || names.length === 0) {
    error(unknown === undefined ? `Unknown command verb ${verb} of the rehearsal's systemctl (${verbs.join(", ")} UNIT).\n` : `systemctl: unrecognized option '${unknown}'\n`);
    return 1;
  }
  for (const name of names) {
    const unit = unitOf(name.replace(/\.service$/, ""));
    if (verb === "is-active") {
      out(unit?.active === true ? "active\n" : "inactive\n");
      if (unit?.active !== true) return 3;
      continue;
    }
    if (user !== "root") {
      error(`Failed to ${verb} ${name}: Interactive authentication required.\n`);
      return 1;
    }
    if (unit === undefined) {
      error(`Failed to ${verb} ${name}: Unit ${name} not found.\n`);
      return 5;
    }
    const now = options.includes("--now");
    try {
      if (verb === "stop" || verb.includes("restart") || (verb === "disable" && now)) await unit.stop();
      if (verb === "start" || verb.includes("restart") || (verb === "enable" && now)) await unit.start();
    } catch (cause) {
      error(`${cause instanceof Error ? cause.message : String(cause)}\nJob for ${name} failed because the control process exited with error code.\n`);
      return 1;
    }
  }
  return 0;
}
