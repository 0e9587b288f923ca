import { stagesProved, type GateRow, type Registry } from "./registry.ts";
import type { GateLook, Run } from "./runs.ts";

/** A gate over all runs: how often it was found red, and how it came back. */
export interface GateHistory {
  readonly row: GateRow;
  /** One for each run that the strip shows; nothing where the run did not look. */
  readonly marks: readonly (GateLook["status"] | undefined)[];
  readonly counts: Readonly<Record<GateLook["status"], number>>;
  /** The last time it went from red to green: the run that saw it, how long after the first look that was red, and how often it did. */
  readonly mended?: { readonly run: Run; readonly afterMs: number; readonly times: number };
  /** Places among the runs shown where its stage was taken down. */
  readonly gone: readonly number[];
  /** The run that first saw it red, if it is red still. */
  readonly redSince?: Run;
}

/** Pure: a gate's history over all runs, with marks for those shown. */
export function gateHistory(registry: Registry, row: GateRow, runs: readonly Run[], shown: readonly Run[]): GateHistory {
  const proved = stagesProved(registry, row);
  const takesDown = ({ verb, stages: work }: Run): boolean => verb === "down" && work.some(({ stage, status }) => status === "green" && proved.includes(stage));
  const counts = { green: 0, red: 0, "not-applicable": 0, "broken off": 0 };
  let red: { readonly run: Run; readonly at: string } | undefined;
  let mended: GateHistory["mended"];
  for (const run of runs) {
    // What is red and taken down was not mended.
    if (takesDown(run)) red = undefined;
    const look = run.gates.get(row.key);
    if (look === undefined) continue;
    counts[look.status] += 1;
    if (look.status === "red") red ??= { run, at: look.at };
    if (look.status !== "green" || red === undefined) continue;
    // Somebody may have set the clock back in between.
    mended = { run, afterMs: Math.max(0, Date.parse(look.at) - Date.parse(red.at)), times: (mended?.times ?? 0) + 1 };
    red = undefined;
  }
  return {
    row,
    marks: shown.map(({ gates }) => gates.get(row.key)?.status),
    counts,
    ...(mended === undefined ? {} : { mended }),
    gone: shown.flatMap((run, place) => (takesDown(run) ? [place] : [])),
    ...(red === undefined ? {} : { redSince: red.run }),
  };
}
