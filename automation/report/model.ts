import { stageStatus, takenDown, type StageStatus } from "../standing.ts";
import { answered, lastFindings, type Answered, type RowFindings } from "./findings.ts";
import { gateHistory, type GateHistory } from "./history.ts";
import { registry, rowFinder, type Registry } from "./registry.ts";
import { runsOf, type Run } from "./runs.ts";
import { sift, type Sifted } from "./sift.ts";
import { headline, type Headline } from "./verdict.ts";

/** What is known beside the ledger. */
export interface About {
  readonly environment: string;
  readonly target: "local-world" | "aws";
  readonly region: string;
  /** The time zone of all times shown, IANA. */
  readonly timezone: string;
  /** When the page is made, in milliseconds. */
  readonly now: number;
  /** Where the whole is, from the project's folder. */
  readonly ledger: string;
}

/** Everything that the page says. */
export interface Report {
  readonly about: About;
  readonly headline: Headline;
  readonly standing: readonly (StageStatus & { readonly takenDownAt?: string })[];
  readonly findings: readonly RowFindings[];
  /** Who answered the last findings. */
  readonly answered: Answered;
  /** Whether anything at all in the ledger was answered by a stand-in. */
  readonly standIns: boolean;
  readonly history: readonly GateHistory[];
  /** Every run, oldest first. */
  readonly runs: readonly Run[];
  /** Those that are told in full, oldest first. */
  readonly shown: readonly Run[];
  /** The last runs of `up` that came to a stage, oldest first. */
  readonly ups: readonly Run[];
  readonly strange: Sifted["strange"];
}

/** How many runs the page tells in full, and of how many the stages' durations are drawn. */
const shownRuns = 30;
const shownUps = 8;

/** Pure: the page's content, from what stands in a ledger. */
export function reportOf(lines: readonly unknown[], about: About, known: Registry = registry): Report {
  const { events, strange } = sift(lines);
  const runs = runsOf(events, rowFinder(known));
  const shown = runs.slice(-shownRuns);
  const goneAt = takenDown(events);
  const findings = lastFindings(events, known);
  const standing = stageStatus(events, known.stages);
  return {
    about,
    headline: headline(standing, runs.length > 0),
    standing: standing.map((stage) => {
      const at = events[goneAt(stage.stage)]?.at;
      return { ...stage, ...(at === undefined ? {} : { takenDownAt: at }) };
    }),
    findings,
    answered: answered(findings),
    standIns: events.some(({ via }) => via === "stand-in"),
    history: known.rows.map((row) => gateHistory(known, row, runs, shown)),
    runs,
    shown,
    ups: runs.filter(({ verb, stages: work }) => verb === "up" && work.length > 0).slice(-shownUps),
    strange: [...strange, ...unknown(events, known)],
  };
}

/** Names that this version does not have, with how many events are about them. */
function unknown(events: Sifted["events"], known: Registry): Sifted["strange"] {
  const names = known.stages.map(({ name }) => name);
  const rowOf = rowFinder(known);
  const about = events.flatMap((event) => {
    const { kind, stage, gate, check } = event;
    if (kind === "stage" && !names.includes(stage ?? "")) return [`stage "${short(stage)}"`];
    if (kind === "gate" && rowOf(event) === undefined) return [`gate "${short(gate)}"`];
    if (kind === "check" && rowOf(event) === undefined) return [`check "${short(check)}"`];
    return [];
  });
  return [...Map.groupBy(about, (what) => what)].map(([what, { length }]) => ({ what, lines: length }));
}

function short(name = ""): string {
  return name.slice(0, 40);
}
