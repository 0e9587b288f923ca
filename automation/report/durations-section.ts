import { html, type Markup } from "./markup.ts";
import type { Report } from "./model.ts";
import type { Run, StageWork } from "./runs.ts";
import { listed } from "./verdict.ts";
import { statusMark, took, type TimeOf } from "./words.ts";

interface Part {
  readonly name: string;
  /** Its colour. */
  readonly tint: string;
  /** Nothing where it did not end. */
  readonly durationMs: number | undefined;
}

/** How many tints the stages take turns with. */
const tints = 6;

/** How long the last runs of `up` took, and what for. */
export function durationsSection({ ups, standing }: Report, time: TimeOf): Markup {
  if (ups.length === 0) return html``;
  const order = standing.map(({ stage }) => stage);
  const bars = ups.map((run) => ({ run, parts: partsOf(run, order) }));
  const longest = Math.max(1, ...bars.map(({ parts }) => totalOf(parts)));
  return html`<section aria-labelledby="durations"><h2 id="durations">How long an up takes</h2>
<p class="about">The last ${ups.length === 1 ? "one" : ups.length}, newest first: first builds, changes, and runs that found nothing to change.</p>
<ol class="bars">
${bars.toReversed().map(({ run, parts }) => html`<li>
<p><strong>${took(run.durationMs) || statusMark(run.outcome)}</strong> ${kindOf(run)} ${run.outcome === "green" || run.durationMs === undefined ? "" : statusMark(run.outcome)} <span class="small">${time(run.began)}</span></p>
${bar(parts, longest)}
<ul class="legend">${parts.map(({ name, tint, durationMs }) => html`<li><span class="swatch ${tint}" aria-hidden="true"></span> ${name} ${durationMs === undefined ? "did not end" : took(durationMs)}</li>`)}</ul></li>
`)}</ol></section>`;
}

function totalOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { durationMs = 0 }) => sum + durationMs, 0);
}

/** Where a run's time went. What is neither a stage's nor a gate's is the start of engine and world, and the steps between. */
function partsOf({ stages, gates, durationMs }: Run, order: readonly string[]): Part[] {
  const parts = stages.map((work): Part => ({ name: work.stage, tint: `t${Math.max(0, order.indexOf(work.stage)) % tints}`, durationMs: work.durationMs }));
  const proof: Part = { name: "gates", tint: "t-gates", durationMs: [...gates.values()].reduce((sum, look) => sum + look.durationMs, 0) };
  const rest = (durationMs ?? 0) - totalOf([...parts, proof]);
  return [...(rest > 0 ? [{ name: "world, engine and the rest", tint: "t-rest", durationMs: rest }] : []), ...parts, ...(gates.size > 0 ? [proof] : [])];
}

function bar(parts: readonly Part[], longest: number): Markup {
  let from = 0;
  const rects = parts.map(({ tint, durationMs = 0 }) => {
    const rect = html`<rect class="${tint}" x="${share(from, longest)}" width="${share(durationMs, longest)}" height="18"/>`;
    from += durationMs;
    return rect;
  });
  return html`<svg class="bar" width="100%" height="18" aria-hidden="true">${rects}</svg>`;
}

function share(durationMs: number, longest: number): string {
  return `${((durationMs / longest) * 100).toFixed(2)}%`;
}

/** What kind of an up it was, in words. */
export function kindOf({ stages }: Run): string {
  const names = (wanted: (work: StageWork) => boolean): string[] => stages.filter(wanted).map(({ stage }) => stage);
  const isDone = ({ status }: StageWork): boolean => status === "green";
  const isIdle = ({ evidence }: StageWork): boolean => evidence === "unchanged";
  const built = names((work) => isDone(work) && work.first && !isIdle(work));
  if (built.length === stages.length) return "first build";
  const words = [
    // An earlier run had made it, and was not there to see it done.
    ["finished", names((work) => isDone(work) && work.first && isIdle(work))],
    ["built", built],
    ["changed", names((work) => isDone(work) && !work.first && !isIdle(work))],
    ["stopped in", names((work) => !isDone(work))],
  ] as const;
  return words.flatMap(([word, of]) => (of.length === 0 ? [] : [`${word} ${listed(of)}`])).join(", ") || "nothing to change";
}
