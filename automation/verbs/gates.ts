import { ExitCode } from "../../common/errors.ts";
import { fixOfAsking, redGates, runGates, selectGates } from "../gates.ts";
import { confirmAccount } from "../preflight.ts";
import type { Session } from "../session.ts";

export interface GatesOptions {
  readonly only?: readonly string[];
  readonly exercise: boolean;
}

/** What was up before needs no time to come up; a finding that flaps gets this long, in milliseconds. */
const patienceMs = 10_000;

/** Looks again whether what was proved still holds. Starts nothing and, unless told to exercise, changes nothing. */
export async function gates(session: Session, options: GatesOptions): Promise<ExitCode> {
  const chosen = selectGates(options.only);
  const { console, journal, environment, world } = session;
  return journal.around(
    { kind: "run", verb: "gates" },
    async () => {
      // In a world that is not there nobody can be asked whose it is; every check says so by itself.
      if ((await world.state()) === "running") await confirmAccount(session);
      const results = await runGates(session, chosen, { exercise: options.exercise, patienceMs });
      const red = redGates(results);
      const proved = results.filter(({ status }) => status === "green").length;
      const aside = results.length - proved - red.length;
      console.result(`${environment.name}: ${proved} of ${results.length} gates green${aside === 0 ? "" : `, ${aside} not applicable`}${red.length === 0 ? "" : `; red: ${red.map(({ gate }) => gate.number).join(", ")}`}.`);
      if (red.length > 0) console.say("wait", `next: ${fixOfAsking(red) ?? `\`npm run preview -- ${environment.name}\` shows what differs from the settings, \`npm run up -- ${environment.name}\` mends that; what was stopped on the bastion starts there (docs/gates.md)`}`);
      return red.length > 0 ? ExitCode.gateRed : ExitCode.done;
    },
    (code) => ({ status: code === ExitCode.done ? "green" : "red" }),
  );
}
