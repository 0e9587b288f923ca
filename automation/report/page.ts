import { createHash } from "node:crypto";
import { checksSection } from "./checks-section.ts";
import { durationsSection } from "./durations-section.ts";
import { historySection } from "./history-section.ts";
import { html, Markup } from "./markup.ts";
import type { Report } from "./model.ts";
import { runsSection } from "./runs-section.ts";
import { banner, figures, header, redNow, standingSection } from "./standing-section.ts";
import { style } from "./style.ts";
import { counted, timesIn } from "./words.ts";

/** How a report begins, so that no other file is ever taken for one. */
export const reportBeginning = `<!doctype html>\n<html lang="en" data-made-by="moonback report">`;

/** Nothing may be fetched and nothing may run; of styles the page's own only, whatever a ledger holds. */
const policy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; base-uri 'none'; form-action 'none'`;

const sections = [
  ["stages", "Stages"],
  ["history", "Red to green"],
  ["checks", "Checks"],
  ["durations", "Durations"],
  ["runs", "Runs"],
] as const;

/** Pure: the whole page. It needs no script, no other file and no network. */
export function pageOf(report: Report): string {
  const { about, headline, runs } = report;
  const time = timesIn(about.timezone);
  const body = html`
${header(report, time)}
${runs.length === 0 ? "" : html`<nav aria-label="On this page"><ul>${sections.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>`}
<main>
${banner(report)}
${runs.length === 0 ? "" : figures(report)}
${redNow(report, time)}
${standingSection(report, time)}
${runs.length === 0 ? "" : [historySection(report, time), checksSection(report, time), durationsSection(report, time), runsSection(report, time)]}
</main>
${footer(report)}`;
  const head = html`
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${about.environment}: ${headline.text} (Moon and Back)</title>
<style>${new Markup(style)}</style>
</head>
<body>`;
  return `${reportBeginning}${head.text}${body.text}\n</body>\n</html>\n`;
}

/** Where it is all from, and what could not be read of that. */
function footer({ about, strange }: Report): Markup {
  const lines = strange.reduce((sum, one) => sum + one.lines, 0);
  const some = strange.slice(0, 20).map(({ what, lines: count }) => `${what} (${count})`).join(", ");
  const more = strange.length > 20 ? ` and ${strange.length - 20} other kinds` : "";
  return html`<footer>
<p>From <code>${about.ledger}</code>. <code>npm run report -- ${about.environment}</code> makes this page anew.</p>
${lines === 0 ? "" : html`<p>${counted(lines, "line")} of the ledger could not be told, or only in part: another version wrote ${lines === 1 ? "it" : "them"}, or something is missing: ${some}${more}.</p>`}
</footer>`;
}
