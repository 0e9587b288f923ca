import type { AutoScalingGroup, ScheduledUpdateGroupAction } from "@aws-sdk/client-auto-scaling";

/** Minutes of a week at which a recurrence fires, Sunday 00:00 being 0. */
type WeekMinutes = readonly number[];

const minutesPerDay = 24 * 60;
/** A day more than a week, for clocks that go back. */
const weekMs = 8 * minutesPerDay * 60_000;
const dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

interface Wanted {
  readonly start: string;
  readonly hours: number;
  readonly timezone: string;
  readonly days: readonly string[];
}

/** How long a group's scheduled actions keep it open, seen from the actions alone; a problem where that is not as it should be. */
export function openHours(actions: readonly ScheduledUpdateGroupAction[], wanted: Wanted, now = new Date()): { evidence: string } | { problem: string } {
  const read = firingsOf(actions, wanted, now);
  if ("problem" in read) return read;
  const { firings } = read;
  const opens = firings.filter(({ action }) => (action.DesiredCapacity ?? 0) > 0);
  const closes = firings.filter(({ action }) => action.DesiredCapacity === 0);
  const other = firings.find((firing) => !opens.includes(firing) && !closes.includes(firing));
  if (other !== undefined) return { problem: `its action ${other.action.ScheduledActionName ?? "?"} says nothing of the desired size` };
  if (opens.some(({ action }) => (action.DesiredCapacity ?? 0) > 1 || (action.MaxSize ?? 1) > 1)) return { problem: "its schedule starts more than one instance" };
  const starts = opens.flatMap(({ at }) => at).sort((a, b) => a - b);
  const stops = closes.flatMap(({ at }) => at).sort((a, b) => a - b);
  if (stops.length === 0) return { problem: "nothing in its schedule stops it" };
  const due = wantedStarts(wanted);
  if (starts.join() !== due.join()) return { problem: `it starts ${starts.map(clockTime).join(", ") || "never"}, not ${due.map(clockTime).join(", ")}` };
  const lengths = starts.map((start) => Math.min(...stops.map((stop) => (stop - start + 7 * minutesPerDay) % (7 * minutesPerDay) || 7 * minutesPerDay)));
  const longest = Math.max(...lengths) / 60;
  if (longest > 5) return { problem: `it is open for ${longest} hours, more than 5` };
  if (longest !== wanted.hours) return { problem: `it is open for ${longest} hours, not ${wanted.hours}` };
  // A stop with nobody to stop does no harm; a day with two windows would.
  return { evidence: `${starts.length} windows a week of ${longest} h, from ${starts.map(clockTime).join(", ")} ${wanted.timezone}` };
}

/** Whether a group's scheduled actions, which start nothing, end it whenever the window closes. */
export function closesDaily(group: AutoScalingGroup, actions: readonly ScheduledUpdateGroupAction[], wanted: Wanted, now = new Date()): { evidence: string } | { problem: string } {
  const held = heldOpen(group);
  if (held !== undefined) return { problem: held };
  const read = firingsOf(actions, wanted, now);
  if ("problem" in read) return read;
  const opening = read.firings.find(({ action }) => action.DesiredCapacity !== 0 || (action.MaxSize ?? 1) !== 0);
  if (opening !== undefined) return { problem: `its action ${opening.action.ScheduledActionName ?? "?"} does not set its size and maximum to 0` };
  const stops = [...new Set(read.firings.flatMap(({ at }) => at))].sort((a, b) => a - b);
  const wantedStops = wantedStarts(wanted).map((start) => (start + wanted.hours * 60) % (7 * minutesPerDay)).sort((a, b) => a - b);
  if (stops.join() !== wantedStops.join()) return { problem: `it stops ${stops.map(clockTime).join(", ") || "never"}, not ${wantedStops.map(clockTime).join(", ")}` };
  return { evidence: `stops ${stops.map(clockTime).join(", ")} ${wanted.timezone}` };
}

/** What a group must be doing for its schedule to close it. */
const closing = ["ScheduledActions", "Terminate"];

/** Why a group's schedule could not end its instances, if anything is in its way. */
export function heldOpen({ SuspendedProcesses = [], NewInstancesProtectedFromScaleIn, Instances = [] }: AutoScalingGroup): string | undefined {
  const suspended = SuspendedProcesses.flatMap(({ ProcessName }) => (ProcessName !== undefined && closing.includes(ProcessName) ? [ProcessName] : []));
  if (suspended.length > 0) return `${suspended.join(", ")} suspended: nothing would stop it`;
  const shielded = NewInstancesProtectedFromScaleIn === true || Instances.some(({ ProtectedFromScaleIn }) => ProtectedFromScaleIn === true);
  return shielded ? "it protects its instances from scale-in: nothing would stop them" : undefined;
}

interface Firing {
  readonly action: ScheduledUpdateGroupAction;
  readonly at: WeekMinutes;
}

/** When actions fire, in the window's time zone; a problem where they are not a weekly schedule in it. */
function firingsOf(actions: readonly ScheduledUpdateGroupAction[], { timezone }: Wanted, now: Date): { readonly firings: Firing[] } | { readonly problem: string } {
  const zones = [...new Set(actions.map(({ TimeZone }) => TimeZone ?? "UTC"))];
  if (actions.length === 0) return { problem: "it has no scheduled actions: nothing would ever stop it" };
  if (zones.length > 1 || zones[0] !== timezone) return { problem: `its schedule is in ${zones.join(", ")}, not ${timezone}` };
  const firings: Firing[] = [];
  for (const action of actions) {
    const at = recurrence(action.Recurrence);
    if (at === undefined) return { problem: `its action ${action.ScheduledActionName ?? "?"} recurs "${action.Recurrence ?? "never"}", which is no weekly schedule` };
    firings.push({ action, at });
  }
  // AWS fills in the next run; a first one further away than a week means that until then nothing happens.
  const late = actions.find(({ StartTime, EndTime }) => EndTime !== undefined || (StartTime !== undefined && StartTime.getTime() - now.getTime() > weekMs));
  if (late !== undefined) return { problem: `its action ${late.ScheduledActionName ?? "?"} does not recur now: it runs from ${late.StartTime?.toISOString() ?? "now"} to ${late.EndTime?.toISOString() ?? "for ever"}` };
  return { firings };
}

function wantedStarts({ days, start }: Wanted): number[] {
  return days.map((day) => dayNames.indexOf(day) * minutesPerDay + minuteOfDay(start)).sort((a, b) => a - b);
}

/** Weekly firings of a five-field cron: one minute, one hour, any day of the month, any month, named or numbered week days. */
export function recurrence(cron: string | undefined): WeekMinutes | undefined {
  const [minute, hour, dayOfMonth, month, week, ...more] = (cron ?? "").trim().split(/\s+/);
  if (week === undefined || more.length > 0 || dayOfMonth !== "*" || month !== "*") return undefined;
  if (minute === undefined || hour === undefined || !/^\d{1,2}$/.test(minute) || !/^\d{1,2}$/.test(hour)) return undefined;
  if (Number(minute) > 59 || Number(hour) > 23) return undefined;
  const days = week === "*" ? dayNames.map((_, index) => index) : week.split(",").flatMap(daysOf);
  if (days.some((day) => day === undefined)) return undefined;
  return (days as number[]).map((day) => day * minutesPerDay + Number(hour) * 60 + Number(minute));
}

function daysOf(part: string): (number | undefined)[] {
  const [first, last = first, ...more] = part.split("-").map(dayNumber);
  if (first === undefined || last === undefined || more.length > 0 || last < first) return [undefined];
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) % 7);
}

function dayNumber(text: string): number | undefined {
  if (/^[0-7]$/.test(text)) return Number(text);
  const index = dayNames.indexOf(text.toLowerCase());
  return index < 0 ? undefined : index;
}

function minuteOfDay(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * 60 + minutes;
}

function clockTime(minute: number): string {
  const inDay = minute % minutesPerDay;
  return `${dayNames[Math.floor(minute / minutesPerDay) % 7] ?? "?"} ${String(Math.floor(inDay / 60)).padStart(2, "0")}:${String(inDay % 60).padStart(2, "0")}`;
}
