import { stripVTControlCharacters } from "node:util";

/** HTML that is safe to put into a page. Anything else is text, and is escaped. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = Markup | string | number | undefined | readonly Value[];

/** HTML out of a template: what is put in is text, unless it is markup itself. Attributes stand in double quotes. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(String.raw({ raw: parts }, ...values.map(rendered)));
}

function rendered(value: Value): string {
  if (value === undefined) return "";
  if (value instanceof Markup) return value.text;
  return typeof value === "object" ? value.map(rendered).join("") : escaped(String(value));
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
/** Characters that show nothing, or turn the text around them over (Unicode's bidirectional controls). */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

function escaped(text: string): string {
  return stripVTControlCharacters(text).toWellFormed().replace(unseen, "\ufffd").replace(/[&<>"']/g, (character) => entities[character] ?? "");
}

/** The beginning of a long text, with how much is missing. */
export function clipped(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}… (${text.length - length} more characters in the ledger)`;
}

export interface Column {
  readonly title: string;
  readonly name: string;
}

/**
 * A table that narrow screens show as blocks, each cell under its column's title. The roles keep it a table there for those who
 * hear it. The first cell of a row is its header.
 */
export function table(name: string, caption: string, columns: readonly Column[], rows: readonly { readonly id?: string; readonly tone?: string; readonly cells: readonly Markup[] }[]): Markup {
  const cell = (content: Markup, place: number): Markup => {
    const { title = "", name: column = "" } = columns[place] ?? {};
    return place === 0
      ? html`<th scope="row" role="rowheader" class="${column}">${content}</th>`
      : html`<td role="cell" class="${column}" data-title="${title}">${content}</td>`;
  };
  return html`<table role="table" class="${name}">
<caption class="unseen">${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map(({ title, name: column }) => html`<th scope="col" role="columnheader" class="${column}">${title}</th>`)}</tr></thead>
<tbody role="rowgroup">
${rows.map(({ id, tone, cells }) => html`<tr role="row"${id === undefined ? "" : html` id="${id}"`}${tone === undefined ? "" : html` class="${tone}"`}>${cells.map(cell)}</tr>
`)}</tbody>
</table>`;
}
