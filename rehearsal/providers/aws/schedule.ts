import type { ScheduledUpdateGroupAction } from "@aws-sdk/client-auto-scaling";
import { number, text } from "../kinds.ts";
import type { Properties } from "../values.ts";
import { awsType, given } from "./aws-type.ts";
import { type Aws, unlessGone } from "./clients.ts";

interface ScheduleInputs {
  readonly autoscalingGroupName: string;
  readonly scheduledActionName: string;
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredCapacity: number;
  readonly recurrence: string;
  readonly timeZone?: string;
}

/** "Leave this size as it is", which AWS says by saying nothing. */
const UNCHANGED = -1;

export const schedule = awsType<ScheduleInputs>(
  {
    token: "aws:autoscaling/schedule:Schedule",
    calls: ["autoscaling:PutScheduledUpdateGroupAction", "autoscaling:DescribeScheduledActions", "autoscaling:DeleteScheduledAction"],
    inputs: {
      autoscalingGroupName: { kind: text, required: true, replaces: true },
      scheduledActionName: { kind: text, required: true, replaces: true },
      minSize: { kind: number, default: 0 },
      maxSize: { kind: number, default: 0 },
      desiredCapacity: { kind: number, default: 0 },
      recurrence: { kind: text, required: "the stand-in has recurring actions only" },
      timeZone: { kind: text, computed: true },
    },
    // When it runs next and last is AWS's to say.
    outputs: ["arn", "endTime", "startTime"],

    async create(aws, inputs, record) {
      await put(aws, inputs);
      record(inputs.scheduledActionName, { autoscalingGroupName: inputs.autoscalingGroupName });
    },

    async read(aws, id, state) {
      const key = keyOf(id, state);
      const live = await describe(aws, key);
      if (!live) return undefined;
      return {
        // An import gives `<group>/<action>`; afterwards the action's name is the id.
        id: key.action,
        inputs: {
          autoscalingGroupName: key.group,
          scheduledActionName: key.action,
          minSize: live.MinSize ?? UNCHANGED,
          maxSize: live.MaxSize ?? UNCHANGED,
          desiredCapacity: live.DesiredCapacity ?? UNCHANGED,
          ...(live.Recurrence === undefined ? {} : { recurrence: live.Recurrence }),
          ...(live.TimeZone ? { timeZone: live.TimeZone } : {}),
        },
        outputs: { arn: live.ScheduledActionARN, endTime: instant(live.EndTime), startTime: instant(live.StartTime) },
      };
    },

    // The call replaces the whole action.
    update: (aws, _id, { inputs }) => put(aws, inputs),

    async delete(aws, id, state) {
      const key = keyOf(id, state);
      await unlessGone(aws.autoscaling.deleteScheduledAction({ AutoScalingGroupName: key.group, ScheduledActionName: key.action }));
    },
  },
  { taggable: false },
);

async function put(aws: Aws, inputs: ScheduleInputs): Promise<void> {
  const size = (value: number): number | undefined => (value === UNCHANGED ? undefined : value);
  await aws.autoscaling.putScheduledUpdateGroupAction({
    AutoScalingGroupName: inputs.autoscalingGroupName,
    ScheduledActionName: inputs.scheduledActionName,
    MinSize: size(inputs.minSize),
    MaxSize: size(inputs.maxSize),
    DesiredCapacity: size(inputs.desiredCapacity),
    Recurrence: inputs.recurrence,
    TimeZone: inputs.timeZone,
  });
}

interface Key {
  readonly group: string;
  readonly action: string;
}

async function describe(aws: Aws, { group, action }: Key): Promise<ScheduledUpdateGroupAction | undefined> {
  const found = await unlessGone(aws.autoscaling.describeScheduledActions({ AutoScalingGroupName: group, ScheduledActionNames: [action] }));
  return found?.ScheduledUpdateGroupActions?.find((each) => each.ScheduledActionName === action);
}

/** The group is in the state, or, on import, in the id. A group's name may hold a slash, so the last one counts. */
function keyOf(id: string, state: Properties): Key {
  const group = state["autoscalingGroupName"];
  if (typeof group === "string") return { group, action: id };
  const slash = id.lastIndexOf("/");
  if (slash < 1) throw new Error(`'${id}' is no id to import a scheduled action by: <group>/<action>`);
  return { group: id.slice(0, slash), action: given(id.slice(slash + 1) || undefined, "an action's name") };
}

function instant(time: Date | undefined): string | undefined {
  return time?.toISOString().replace(/\.\d+Z$/, "Z");
}
