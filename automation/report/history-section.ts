import type { GateHistory } from "./history.ts";
import { html, type Markup } from "./markup.ts";
import type { Report } from "./model.ts";
import type { Run } from "./runs.ts";
import { counted, took, wordOf, type TimeOf } from "./words.ts";

/** How high each mark stands, in pixels: what is green is up. */
const levels = { green: 9, "not-applicable": 18, "broken off": 18, red: 27 } as const;
const shapes = { green: "m-green", "not-applicable": "m-aside", "broken off": "m-open", red: "m-red" } as const;
/** The widest that a run is drawn, in pixels. */
const widest = 64;

/** Each gate over the runs: red below, green above. */
export function historySection(report: Report, time: TimeOf): Markup {
  const { history, shown, runs } = report;
  const first = shown[0];
  const last = shown.at(-1);
  if (first === undefined || last === undefined) return html``;
  const scope = shown.length === runs.length ? counted(runs.length, "run") : `the last ${shown.length} of ${runs.length} runs`;
  return html`<section aria-labelledby="history"><h2 id="history">Red to green</h2>
<p class="about">Every gate over ${scope}: green stands above, red below, and a line leads from look to look. A red mark leads to what was seen.</p>
${symbols}
<ul class="history">
${history.map((gate) => html`<li><h3>${gate.row.number} <span>${gate.row.name}</span></h3>
${strip(gate, shown)}
<p class="small">${tale(gate)}</p></li>
`)}<li class="axis"><h3><span>run</span></h3>
${axis(shown)}
<p class="small">${time(first.began)} to ${time(last.last)}</p></li>
</ul>
<ul class="legend">${legend.filter(([shape]) => isUsed(shape, report)).map(([shape, words]) => html`<li><svg width="14" height="14" aria-hidden="true"><use href="#${shape}" x="7" y="7"/></svg> ${words}</li>`)}</ul></section>`;
}

const legend = [
  ["m-green", "green"],
  ["m-red", "red"],
  ["m-aside", "does not apply"],
  ["m-open", "broken off"],
  ["v-up", "up"],
  ["v-down", "down: what was found before is void (dotted)"],
  ["v-gates", "gates"],
  ["v-preview", "preview"],
  ["v-other", "another verb"],
] as const;

/** A legend of what is not there is noise. */
function isUsed(shape: (typeof legend)[number][0], { history, shown }: Report): boolean {
  return shown.some(({ verb }) => shape === shapeOf(verb)) || history.some(({ marks }) => marks.some((status) => status !== undefined && shapes[status] === shape));
}

const symbols = html`<svg width="0" height="0" class="unseen" aria-hidden="true"><defs>
<g id="m-green" class="mark green"><circle r="5" fill="currentColor"/></g>
<g id="m-red" class="mark red"><circle r="9" fill="transparent"/><path d="M-4.5-4.5 4.5 4.5M-4.5 4.5 4.5-4.5" stroke="currentColor" stroke-width="3" stroke-linecap="round"/></g>
<g id="m-aside" class="mark aside"><circle r="3.5" fill="none" stroke="currentColor" stroke-width="1.5"/></g>
<g id="m-open" class="mark open"><path d="M-5 0H5" stroke="currentColor" stroke-width="3" stroke-dasharray="2.5 1.25"/></g>
<g id="v-up" class="mark"><path d="M-4.5 3.5 0-4.5 4.5 3.5Z" fill="currentColor"/></g>
<g id="v-down" class="mark"><path d="M-4.5-3.5 0 4.5 4.5-3.5Z" fill="none" stroke="currentColor" stroke-width="1.5"/></g>
<g id="v-gates" class="mark"><circle r="1.75" fill="currentColor"/></g>
<g id="v-other" class="mark"><circle r="2.5" fill="none" stroke="currentColor"/></g>
<g id="v-preview" class="mark"><path d="M-3.5 0H3.5" stroke="currentColor" stroke-width="1.5"/></g>
</defs></svg>`;

function middle(place: number, { length }: readonly unknown[]): string {
  return `${(((place + 0.5) / length) * 100).toFixed(2)}%`;
}

function strip({ row, marks, gone }: GateHistory, shown: readonly Run[]): Markup {
  const words = marks.map((status) => (status === undefined ? "not looked at" : wordOf(status))).join(", ");
  return html`<svg class="strip" width="${shown.length * widest}" height="36" role="group" aria-label="Gate ${row.number} ${row.name}, run by run: ${words}">
${gone.map((place) => html`<line class="gone" x1="${middle(place, shown)}" x2="${middle(place, shown)}" y1="0" y2="36"/>`)}${steps(marks, gone)}
${marks.map((status, place) => status && mark(status, middle(place, shown), shown[place]))}
</svg>`;
}

/** The line from each look to the next, at the height of the first; broken where the stage was taken down. */
function steps(marks: GateHistory["marks"], gone: readonly number[]): Markup[] {
  let before: { readonly place: number; readonly level: number } | undefined;
  return marks.flatMap((status, place) => {
    if (gone.includes(place)) before = undefined;
    if (status !== "green" && status !== "red") return [];
    const from = before;
    const level = levels[status];
    before = { place, level };
    if (from === undefined) return [];
    const [x1, x2] = [middle(from.place, marks), middle(place, marks)];
    const rise = from.level === level ? "" : html`<line class="step" x1="${x2}" x2="${x2}" y1="${from.level}" y2="${level}"/>`;
    return [html`<line class="step" x1="${x1}" x2="${x2}" y1="${from.level}" y2="${from.level}"/>${rise}`];
  });
}

function mark(status: keyof typeof levels, x: string, run: Run | undefined): Markup {
  const sign = html`<use href="#${shapes[status]}" x="${x}" y="${levels[status]}"><title>${run?.verb}: ${wordOf(status)}</title></use>`;
  return status === "red" && run !== undefined ? html`<a href="#run-${run.index}" aria-label="${run.verb}: red; see this run">${sign}</a>` : sign;
}

function shapeOf(verb: string): string {
  return legend.find(([shape]) => shape === `v-${verb}`)?.[0] ?? "v-other";
}

function axis(shown: readonly Run[]): Markup {
  return html`<svg class="strip" width="${shown.length * widest}" height="18" role="img" aria-label="Runs, oldest first: ${shown.map(({ verb }) => verb).join(", ")}">
${shown.map(({ verb }, place) => html`<use href="#${shapeOf(verb)}" x="${middle(place, shown)}" y="9"><title>${verb}</title></use>`)}
</svg>`;
}

/** A gate's history in words. */
function tale({ counts, mended, redSince }: GateHistory): string {
  const looks = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (looks === 0) return "never run";
  const found = (["green", "red", "not-applicable", "broken off"] as const).filter((status) => counts[status] > 0).map((status) => `${counts[status]} ${wordOf(status)}`);
  const back = mended === undefined ? "" : `; red to green ${mended.times === 1 ? "once," : `${mended.times} times, the last`} after ${took(mended.afterMs)}`;
  return `${found.join(", ")}${back}${redSince === undefined ? "" : "; red now"}`;
}

