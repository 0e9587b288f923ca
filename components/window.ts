// The window: when an environment may run, as AWS's schedule and as instants. Pure; nobody here knows what time it is.

const weekDays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
export type WeekDay = (typeof weekDays)[number];

export interface Window {
  /** `HH:MM`, on the clocks of the time zone. */
  readonly start: string;
  /** From 1 to 5, on the same clocks. */
  readonly hours: number;
  /** IANA name, such as Europe/Berlin. */
  readonly timezone: string;
  /** The days on which it starts. */
  readonly days: readonly WeekDay[];
}

/** When something opens and closes; the end is outside. */
export interface Opening {
  readonly opens: Date;
  readonly closes: Date;
}

const minutesPerDay = 24 * 60;
const millisecondsPerDay = minutesPerDay * 60_000;

/**
 * The window as two recurrences (five cron fields) of Auto Scaling's scheduled actions, both in the window's time zone. A stop
 * after midnight is on the day after. Clocks decide: in the night in which they go back a window over that hour is an hour longer.
 */
export function windowRecurrences(window: Window): { readonly start: string; readonly stop: string } {
  const [start, stop] = minutesOf(window);
  return { start: cron(start, window.days), stop: cron(stop, window.days) };
}

/** Whether the instant lies in a window. */
export function isInside(window: Window, instant: Date): boolean {
  return openingAt(window, instant) !== undefined;
}

/** The opening that holds the instant. */
export function openingAt(window: Window, instant: Date): Opening | undefined {
  for (const opening of openingsAround(window, instant)) {
    if (opening.opens > instant) return undefined;
    if (instant < opening.closes) return opening;
  }
  return undefined;
}

/** The first start after the instant; inside a window that is the next one's. */
export function nextStart(window: Window, instant: Date): Date {
  for (const { opens } of openingsAround(window, instant)) {
    if (opens > instant) return opens;
  }
  throw new Error("a window without days never starts");
}

/** The openings from the day before the instant's on, in order. Two weeks of them: where the clocks skip one, the next is a week later. */
function* openingsAround(window: Window, instant: Date): Generator<Opening> {
  const clocks = new Clocks(window.timezone);
  const [start, stop] = minutesOf(window);
  const yesterday = Math.floor(clocks.show(instant.getTime()) / millisecondsPerDay) - 1;
  for (let day = yesterday; day < yesterday + 17; day++) {
    if (!window.days.includes(weekDayOf(day))) continue;
    const opening = { opens: clocks.instant(day, start), closes: clocks.instant(day, stop) };
    if (opening.opens < opening.closes) yield opening;
  }
}

/** Start and stop in minutes since the start day's midnight; the stop may be on the next day. */
function minutesOf({ start, hours }: Window): [start: number, stop: number] {
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(start) ?? [];
  if (hour === undefined || minute === undefined) throw new Error(`"${start}" is not a time of day (HH:MM)`);
  const length = hours * 60;
  if (!Number.isInteger(length) || length < 1 || length >= minutesPerDay) throw new Error(`a window of ${hours} hours has no whole number of minutes below a day`);
  const from = Number(hour) * 60 + Number(minute);
  return [from, from + length];
}

function cron(minutes: number, days: readonly WeekDay[]): string {
  const inDay = minutes % minutesPerDay;
  const shift = Math.floor(minutes / minutesPerDay);
  const numbers = [...new Set(days.map((day) => (weekDays.indexOf(day) + shift) % 7))].sort((a, b) => a - b);
  return `${inDay % 60} ${Math.floor(inDay / 60)} * * ${numbers.length === 7 ? "*" : numbers.join(",")}`;
}

/** Days are counted from 1970-01-01, a Thursday. */
function weekDayOf(day: number): WeekDay {
  return weekDays[(((day + 4) % 7) + 7) % 7] ?? "sun";
}

/** To make one takes longer than to use it a hundred times. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** The clocks of a time zone. What they show is written as if it were UTC, in milliseconds. */
class Clocks {
  readonly #format: Intl.DateTimeFormat;

  constructor(timeZone: string) {
    const two = "2-digit";
    this.#format =
      formats.get(timeZone) ??
      new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", year: "numeric", month: two, day: two, hour: two, minute: two, second: two });
    formats.set(timeZone, this.#format);
  }

  /** What they show at an instant. */
  show(milliseconds: number): number {
    const parts = Object.fromEntries(this.#format.formatToParts(milliseconds).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  }

  /**
   * When they show so many minutes after a day's midnight. What they show twice (autumn) is the first time; what they skip
   * (spring) is as much later as they skip. java.time and Temporal's "compatible" read clocks so too.
   */
  instant(day: number, minutes: number): Date {
    const shown = day * millisecondsPerDay + minutes * 60_000;
    // No zone changes twice within two days, so these are the offsets before and after.
    const before = this.show(shown - millisecondsPerDay) - (shown - millisecondsPerDay);
    const after = this.show(shown + millisecondsPerDay) - (shown + millisecondsPerDay);
    const right = [shown - before, shown - after].filter((candidate) => this.show(candidate) === shown);
    return new Date(right.length === 0 ? shown - before : Math.min(...right));
  }
}
