import { html, clipped, type Markup } from "./markup.ts";
import type { Report } from "./model.ts";
import type { GateRow } from "./registry.ts";
import { counted, statusMark, took, viaMark, type TimeOf } from "./words.ts";

/** The top of the page: the headline, as of when, and what to do next. */
export function header({ about, headline: { tone, text }, runs }: Report, time: TimeOf): Markup {
  const sign = { green: "✓", red: "✗", open: "◐", none: "○" }[tone];
  const place = about.target === "local-world" ? "a local world that stands in for AWS" : `AWS ${about.region}`;
  const last = runs.at(-1);
  const lastRun = last === undefined ? "Nothing has run here yet: the ledger is empty or not there." : html`Last run: <strong>${last.verb}</strong> ${statusMark(last.outcome)} at ${time(last.last)}${last.durationMs === undefined ? "" : ` after ${took(last.durationMs)}`}.`;
  return html`<header>
<p class="eyebrow"><span>Moon and Back</span> <span>${about.environment}</span> <span>${place}</span></p>
<h1 class="${tone}"><span class="sign" aria-hidden="true">${sign}</span> ${text}</h1>
<p class="lead">${lastRun}</p>
${last?.error === undefined ? "" : html`<p class="error">${clipped(last.error, 600)}</p>`}
${next(about.environment, tone)}
<p class="small">Made ${time(about.now)} from the ledger alone; nobody was asked. All times are ${about.timezone}.</p>
</header>`;
}

function next(environment: string, tone: Report["headline"]["tone"]): Markup | undefined {
  const up = html`<code>npm run up -- ${environment}</code>`;
  if (tone === "red") return html`<p class="next">Next: <code>npm run preview -- ${environment}</code> shows what differs from the settings, ${up} mends that. What was stopped on a machine starts there.</p>`;
  if (tone === "open") return html`<p class="next">Next: ${up} goes on from where it stands.</p>`;
  return tone === "none" ? html`<p class="next">Next: ${up} builds it and proves every stage.</p>` : undefined;
}

/** Says who answered, wherever a stand-in answered anything. */
export function banner({ answered: { real, standIn, unsaid }, standIns, about }: Report): Markup | undefined {
  const all = real + standIn + unsaid;
  if (all === 0 && !standIns) return undefined;
  const rest = unsaid === 0 ? "" : ` Of ${unsaid} it is not recorded who answered.`;
  if (!standIns) return html`<aside class="banner quiet" aria-label="Who answered"><p>The real thing answered ${real} of ${counted(all, "check")}.${rest}</p></aside>`;
  const earlier = standIn === 0 ? " Earlier findings in this ledger are a stand-in's." : "";
  const proof = about.target === "local-world" ? " A green gate here proves the programs and their order against stand-ins. It does not prove AWS." : "";
  return html`<aside class="banner" aria-label="Who answered">
<p><strong>A ${viaMark("stand-in")} answered ${standIn} of the ${counted(all, "check")} below</strong>, the ${viaMark("real")} thing ${real}.${rest}${earlier}${proof}</p>
</aside>`;
}

/** The few numbers that are read from the last row of a hall. */
export function figures({ standing, findings, runs, ups }: Report): Markup {
  const gates = standing.flatMap((stage) => stage.gates);
  const green = gates.filter(({ status }) => status === "green").length;
  const looked = findings.flatMap((row) => row.checks).filter(({ status }) => status !== "never run");
  const present = looked.filter(({ past }) => !past);
  const checks = present.length === 0 ? looked : present;
  const count = (wanted: string): number => checks.filter(({ status }) => status === wanted).length;
  const aside = `${count("red")} red, ${count("not-applicable")} not applicable`;
  const done = ups.filter(({ outcome }) => outcome === "green");
  const first = done.findLast(({ stages }) => stages.every((stage) => stage.first));
  const again = done.findLast(({ stages }) => stages.every(({ evidence }) => evidence === "unchanged"));
  const unended = runs.filter(({ outcome }) => outcome === "did not end").length;
  const figure = (title: string, value: string, more: string): Markup => html`<div><dt>${title}</dt><dd><strong>${value}</strong> <span>${more}</span></dd></div>`;
  return html`<dl class="figures">
${figure("Gates green", `${green} of ${gates.length}`, `${counted(standing.filter(({ status }) => status === "green").length, "stage")} up`)}
${checks.length === 0 ? "" : figure(present.length === 0 ? "Checks were green" : "Checks green", `${count("green")} of ${checks.length}`, present.length === 0 ? `${aside}, before it was taken down` : aside)}
${first === undefined ? "" : figure("First build", took(first.durationMs), "nothing to every gate green")}
${again === undefined ? "" : figure("Nothing to change", took(again.durationMs), "every stage and gate looked at again")}
${figure("Runs", String(runs.length), unended === 0 ? "all ended" : `${unended} did not end`)}
</dl>`;
}

/** What is red now, where it is read first. */
export function redNow({ findings, standing }: Report, time: TimeOf): Markup | undefined {
  if (standing.every(({ status }) => status === "not built")) return undefined;
  const red = findings.flatMap(({ row: { ofPlans }, checks }) =>
    checks
      .filter(({ status, past }) => status === "red" && !past)
      .flatMap(({ check, found }) => found.filter(({ status }) => status === "red" || status === "failed").map((event) => ({ ofPlans, check, event }))),
  );
  if (red.length === 0) return undefined;
  return html`<section aria-labelledby="red"><h2 id="red">What is red${red.every(({ ofPlans }) => ofPlans) ? " in a plan" : ""}</h2>
<ul class="reds">
${red.map(({ ofPlans, check, event: { error = "no error was recorded", stage, at, via } }) => html`<li>
<p><code>${check.id}</code> ${check.title} ${viaMark(via)}</p>
<p class="error">${clipped(error, 600)}</p>
<p class="small">seen ${time(at)}${stage === undefined ? "" : `, ${ofPlans ? "in the plan of" : "at"} stage ${stage}`}</p></li>
`)}</ul></section>`;
}

/** Where each stage stands, with its gates. */
export function standingSection({ standing, findings, runs }: Report, time: TimeOf): Markup {
  const rows = findings.map(({ row }) => row);
  return html`<section aria-labelledby="stages"><h2 id="stages">Stages</h2>
<p class="about">Each must be proved green before the next begins.</p>
<ol class="stages">
${standing.map(({ stage, status, at, takenDownAt, gates }) => html`<li>
<h3>${stage}</h3>
<p>${statusMark(status)}</p>
<p class="small">${at === undefined ? takenDownAt && html`taken down ${time(takenDownAt)}` : time(at)}</p>
<ul>
${gates.map((gate) => html`<li>${gateName(gate.gate, rows, runs.length > 0)} ${statusMark(gate.status === "never run" && takenDownAt !== undefined ? "not run since" : gate.status)} ${gate.at === undefined ? "" : viaMark(gate.via)}</li>
`)}</ul></li>
`)}</ol></section>`;
}

/** A gate's number and name; a link to its checks where the page tells them. */
function gateName(number: string, rows: readonly GateRow[], linked: boolean): Markup {
  const row = rows.find((one) => one.number === number && !one.ofPlans);
  const words = html`${number} ${row?.name}`;
  return row !== undefined && linked ? html`<a href="#${row.key}">${words}</a>` : html`<span>${words}</span>`;
}
