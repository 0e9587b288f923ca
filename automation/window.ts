import { ExitCode, UserError } from "../common/errors.ts";
import { isInside, nextStart } from "../components/window.ts";
import type { Environment } from "../stacks/config.ts";
import type { World } from "../worlds/world.ts";

/** Tells a rehearsed clock the time, as an ISO 8601 instant. */
const clockVariable = "MOONBACK_NOW";

/** Refuses to start machines outside the window: AWS's own schedule would end them, or, worse, not until tomorrow. */
export function refuseOutsideWindow({ environment, world }: { readonly environment: Environment; readonly world: Pick<World, "clock"> }, variables: NodeJS.ProcessEnv = process.env): void {
  const { window, name } = environment;
  const now = timeOf(world, variables);
  if (now === undefined || isInside(window, now)) return;
  const opens = nextStart(window, now);
  const when = new Intl.DateTimeFormat("en-GB", { timeZone: window.timezone, weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" });
  throw new UserError(`The window of ${name} is closed: it is ${when.format(now)} in ${window.timezone}, and it opens again on ${when.format(opens)} for ${window.hours} h.`, {
    exitCode: ExitCode.refused,
    fix: `Wait until then, or change moon-and-back:window in Pulumi.${name}.yaml. \`npm run preview -- ${name}\` works at any time.`,
  });
}

/** The time that counts; nothing where a rehearsed clock was told none: that one is always inside. */
export function timeOf({ clock }: Pick<World, "clock">, variables: NodeJS.ProcessEnv = process.env): Date | undefined {
  const told = variables[clockVariable];
  if (told === undefined || told === "") return clock === "real" ? new Date() : undefined;
  if (clock === "real") {
    throw new UserError(`${clockVariable} is set, but only a rehearsal's clock can be told the time.`, { exitCode: ExitCode.usage, fix: `Unset ${clockVariable}.` });
  }
  const now = new Date(told);
  if (Number.isNaN(now.getTime())) {
    throw new UserError(`${clockVariable} is "${told}", which is no instant.`, { exitCode: ExitCode.usage, fix: "Write it as 2026-11-22T18:10:00+01:00." });
  }
  return now;
}
