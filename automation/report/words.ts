import type { LedgerEvent } from "../ledger.ts";
import { duration } from "../console.ts";
import { html, type Markup } from "./markup.ts";

/** Everything that can be said of a run, stage, gate or check, with its sign and its tone. A sign is never without its word. */
const words = {
  green: ["✓", "green", "green"],
  red: ["✗", "red", "red"],
  failed: ["✗", "red", "failed"],
  "not-applicable": ["–", "aside", "does not apply"],
  started: ["◐", "open", "did not end"],
  "did not end": ["◐", "open", "did not end"],
  "broken off": ["◐", "open", "broken off"],
  "not built": ["○", "none", "not built"],
  "never run": ["○", "none", "never run"],
  "not run since": ["○", "none", "not run since"],
} as const satisfies Record<LedgerEvent["status"] | "did not end" | "broken off" | "not built" | "never run" | "not run since", readonly [string, string, string]>;
export type Word = keyof typeof words;

/** A status: sign, word and colour. `past` says that it was so, before what it is about was taken down. */
export function statusMark(status: Word, past = false): Markup {
  const [sign, tone, word] = words[status];
  return html`<span class="status ${past ? "none" : tone}"><span class="sign" aria-hidden="true">${sign}</span> ${past ? `was ${word}` : word}</span>`;
}

export function wordOf(status: Word): string {
  return words[status][2];
}

/** Who answered. */
export function viaMark(via: string | undefined): Markup {
  if (via === undefined) return html`<span class="via unsaid">not recorded</span>`;
  return html`<span class="via ${via}">${via}</span>`;
}

/** "94 ms", "12 s", "3 min 05 s", "3 h 05 min", "4 days". */
export function took(durationMs: number | undefined): string {
  if (durationMs === undefined) return "";
  if (durationMs < 950) return `${Math.round(durationMs)} ms`;
  const minutes = Math.round(durationMs / 60_000);
  if (minutes < 100) return duration(durationMs);
  return minutes < 2_880 ? `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min` : `${Math.round(minutes / 1_440)} days`;
}

/** "1 run", "2 runs". */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A time as people of that zone read it: "23 Nov 2026, 01:34:11". */
export type TimeOf = (at: string | number, form?: "day" | "time") => Markup;

export function timesIn(timezone: string): TimeOf {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: timezone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  return (at, form = "day") => {
    const date = new Date(at);
    const part = Object.fromEntries(format.formatToParts(date).map(({ type, value }) => [type, value]));
    const time = `${part["hour"] ?? ""}:${part["minute"] ?? ""}:${part["second"] ?? ""}`;
    // No line ends within a date.
    const day = [Number(part["day"]), months[Number(part["month"]) - 1], part["year"]].join("\u00a0");
    return html`<time datetime="${date.toISOString()}">${form === "day" ? `${day}, ${time}` : time}</time>`;
  };
}
