import type { LedgerEvent } from "../ledger.ts";
import type { CheckFindings, RowFindings } from "./findings.ts";
import { clipped, html, table, type Markup } from "./markup.ts";
import type { Report } from "./model.ts";
import { statusMark, took, viaMark, type TimeOf } from "./words.ts";

const columns = [
  { title: "Check", name: "claim" },
  { title: "Status", name: "finding" },
  { title: "Evidence", name: "evidence" },
  { title: "Answered by", name: "who" },
  { title: "Took", name: "took" },
  { title: "When", name: "when" },
];

/** What each check claims, and what it last saw. */
export function checksSection({ findings }: Report, time: TimeOf): Markup {
  return html`<section aria-labelledby="checks"><h2 id="checks">Checks and evidence</h2>
<p class="about">The last finding of every check: what it claims, what it saw, and who answered.</p>
${findings.map((row) => gateDetails(row, time))}</section>`;
}

function gateDetails({ row, checks }: RowFindings, time: TimeOf): Markup {
  const open = checks.some(({ status, past }) => status === "red" && !past);
  const green = checks.filter(({ status }) => status === "green").length;
  const red = checks.filter(({ status }) => status === "red").length;
  const past = checks.some((check) => check.past);
  const vias = [...new Set(checks.flatMap(({ found }) => found.map(({ via }) => via)))];
  const words = checks.every(({ status }) => status === "never run") ? "never run" : `${green} of ${checks.length} green${red === 0 ? "" : `, ${red} red`}${past ? ", before it was taken down" : ""}`;
  return html`<details${open ? html` open` : ""}>
<summary><strong>${row.number} ${row.name}</strong> <span class="${red > 0 && !past ? "red" : "small"}">${words}</span> ${vias.map(viaMark)}</summary>
<div id="${row.key}">${table("checks", `Checks of gate ${row.number} ${row.name}`, columns, checks.map((check) => ({ cells: cellsOf(check, time) })))}</div>
</details>
`;
}

function cellsOf({ check, status, found, past }: CheckFindings, time: TimeOf): Markup[] {
  const last = found.at(-1);
  const vias = [...new Set(found.map(({ via }) => via))];
  return [
    html`${check.title} <code>${check.id}</code>`,
    statusMark(status, past && status !== "never run"),
    html`${found.map((event) => html`<p>${found.length > 1 ? html`<b>${event.stage}</b> ` : ""}${evidenceOf(event)}</p>`)}`,
    html`${vias.map(viaMark)}`,
    html`${took(last?.durationMs)}`,
    last === undefined ? html`` : time(last.at),
  ];
}

/** What was seen, and who was asked; of what is red, the error. */
function evidenceOf(event: LedgerEvent): Markup {
  const { what, by } = seen(event);
  const red = event.status === "red" || event.status === "failed";
  const words = clipped(what, 1_000);
  return html`${red ? html`<span class="error">${clipped(event.error ?? "no error was recorded", 1_000)}</span> ` : ""}${words}${by === "" ? "" : html` <span class="by">asked ${clipped(by, 200)}</span>`}`;
}

/** Evidence ends with who was asked, in brackets (automation/gates.ts). */
function seen({ evidence = "" }: LedgerEvent): { readonly what: string; readonly by: string } {
  const { what, by } = /^(?:(?<what>[^]*) \(|asked )(?<by>[^()]*)\)?$/.exec(evidence)?.groups ?? { what: evidence };
  return { what: what ?? "", by: by ?? "" };
}
