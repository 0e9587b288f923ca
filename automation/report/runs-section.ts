import { clipped, html, table, type Markup } from "./markup.ts";
import type { Report } from "./model.ts";
import type { GateRow } from "./registry.ts";
import type { Run, StageWork } from "./runs.ts";
import { counted, statusMark, took, wordOf, type TimeOf } from "./words.ts";

/** How many red checks of a run are told. */
const shownReds = 12;

const columns = [
  { title: "Run", name: "run" },
  { title: "Outcome", name: "finding" },
  { title: "Took", name: "took" },
  { title: "What happened", name: "evidence" },
];

/** Every run that is told in full, newest first, and how many older ones there are. */
export function runsSection({ shown, runs, history, about }: Report, time: TimeOf): Markup {
  if (shown.length === 0) return html``;
  const known = history.map(({ row }) => row);
  const rows = shown.toReversed().map((run) => ({
    id: `run-${run.index}`,
    cells: [html`<strong>${run.verb}</strong> ${time(run.began)} <code>${clipped(run.id, 40)}</code>`, statusMark(run.outcome), html`${took(run.durationMs)}`, happened(run, known, time)],
  }));
  const older = runs.slice(0, runs.length - shown.length);
  return html`<section aria-labelledby="runs"><h2 id="runs">Runs</h2>
<p class="about">Newest first. What the engine printed in a run is in <code>logs/RUN.log</code> beside the ledger.</p>
${table("runs", "Runs, newest first", columns, rows)}
${older.length === 0 ? "" : html`<p class="small">${counted(older.length, "older run")} left out here (${outcomes(older)}). The whole is in <code>${about.ledger}</code>.</p>`}</section>`;
}

function outcomes(runs: readonly Run[]): string {
  return [...Map.groupBy(runs, ({ outcome }) => outcome)].map(([outcome, { length }]) => `${length} ${wordOf(outcome)}`).join(", ");
}

function happened(run: Run, known: readonly GateRow[], time: TimeOf): Markup {
  const { verb, stages, gates, red, error, outcome } = run;
  const looks = known.flatMap((row) => {
    const look = gates.get(row.key);
    return look === undefined ? [] : [{ row, look }];
  });
  return html`${stages.length === 0 ? "" : html`<p>${stages.map((work, place) => html`${place === 0 ? "" : "; "}<b>${work.stage}</b> ${stageWords(work, verb)}`)}</p>`}${
    looks.length === 0 ? "" : html`<ul class="looks">${looks.map(({ row, look }) => html`<li>${row.number}${row.ofPlans ? " plan" : ""} ${statusMark(look.status)}</li>`)}</ul>`
  }${
    red.length === 0 ? "" : html`<ul>${red.slice(0, shownReds).map(({ check, stage, error: seen = "no error was recorded" }) => html`<li><code>${check}</code> ${stage === undefined ? "" : `(${stage}) `}<span class="error">${clipped(seen, 400)}</span></li>`)}</ul>`
  }${red.length > shownReds ? html`<p>and ${red.length - shownReds} more red checks</p>` : ""}${
    error === undefined ? "" : html`<p class="error">${clipped(error, 600)}</p>`
  }${outcome === "did not end" ? html`<p>It never wrote its end: killed, or still under way when this page was made. Last heard of at ${time(run.last, "time")}.</p>` : ""}`;
}

function stageWords({ status, evidence = "", durationMs }: StageWork, verb: string): string {
  if (status === "started") return "was begun";
  if (status !== "green") return wordOf(status);
  const what = clipped(pastTense(evidence), 200);
  return `${verb === "down" ? "taken down, " : ""}${what}${durationMs === undefined ? "" : ` in ${took(durationMs)}`}`;
}

/** "done: 2 to create" was said of a plan, and has happened since. */
function pastTense(evidence: string): string {
  return evidence.replace(/^done: /, "").replace(/ to (create|update|replace|delete)\b/g, " $1d");
}
