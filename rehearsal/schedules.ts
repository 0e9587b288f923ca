import { AutoScalingClient, DescribeScheduledActionsCommand, UpdateAutoScalingGroupCommand, type ScheduledUpdateGroupAction } from "@aws-sdk/client-auto-scaling";
import { recurrence } from "../gates/schedule.ts";

export interface Firing {
  readonly at: Date;
  readonly action: ScheduledUpdateGroupAction;
}

const minuteMs = 60_000;
const minutesPerDay = 24 * 60;
const weekDays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/**
 * What Auto Scaling would have done between two instants, in order: the emulator keeps scheduled actions and has no clock. Minute by
 * minute on the clocks of each action's time zone, so that the nights in which they are changed are as they are.
 */
export function firingsBetween(actions: readonly ScheduledUpdateGroupAction[], from: Date, to: Date): Firing[] {
  const recurring = actions.flatMap((action) => {
    const minutes = recurrence(action.Recurrence);
    return minutes === undefined ? [] : [{ action, minutes: new Set(minutes), shows: clocks(action.TimeZone ?? "UTC") }];
  });
  const found: Firing[] = [];
  for (let at = Math.floor(from.getTime() / minuteMs + 1) * minuteMs; at <= to.getTime(); at += minuteMs) {
    for (const { action, minutes, shows } of recurring) if (minutes.has(shows(at))) found.push({ at: new Date(at), action });
  }
  return found;
}

/** The minute of the week that the clocks of a time zone show, Sunday 00:00 being 0. */
function clocks(timeZone: string): (milliseconds: number) => number {
  const format = new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", weekday: "short", hour: "2-digit", minute: "2-digit" });
  return (milliseconds) => {
    const parts = Object.fromEntries(format.formatToParts(milliseconds).map(({ type, value }) => [type, value]));
    return weekDays.indexOf(parts["weekday"] ?? "") * minutesPerDay + Number(parts["hour"]) * 60 + Number(parts["minute"]);
  };
}

export interface Scaling {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Fires what was due between two instants; says each. A longer time than a fortnight is not walked through: the last fortnight decides. */
export async function fireSchedules({ endpoint, region, credentials }: Scaling, from: Date, to: Date, say: (line: string) => void): Promise<void> {
  const client = new AutoScalingClient({ endpoint, region, credentials });
  try {
    const { ScheduledUpdateGroupActions: actions = [] } = await client.send(new DescribeScheduledActionsCommand({}));
    const fortnight = 14 * minutesPerDay * minuteMs;
    const since = new Date(Math.max(from.getTime(), to.getTime() - fortnight));
    for (const { at, action } of firingsBetween(actions, since, to)) {
      const { AutoScalingGroupName: name, MinSize, MaxSize, DesiredCapacity } = action;
      say(`${at.toISOString()}: scheduled action ${action.ScheduledActionName ?? "?"} of group ${name ?? "?"}`);
      await client.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: name, MinSize, MaxSize, DesiredCapacity }));
    }
  } finally {
    client.destroy();
  }
}
