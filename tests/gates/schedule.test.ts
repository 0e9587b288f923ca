import { expect } from "chai";
import type { ScheduledUpdateGroupAction } from "@aws-sdk/client-auto-scaling";
import { openHours, recurrence } from "../../gates/schedule.ts";

const wanted = { start: "18:00", hours: 5, timezone: "Europe/Berlin", days: ["mon", "tue"] };
const action = (name: string, Recurrence: string, DesiredCapacity: number, over: Partial<ScheduledUpdateGroupAction> = {}): ScheduledUpdateGroupAction => ({
  ScheduledActionName: name, Recurrence, DesiredCapacity, MinSize: 0, MaxSize: DesiredCapacity, TimeZone: "Europe/Berlin", ...over,
});
const good = [action("start", "0 18 * * 1,2", 1), action("stop", "0 23 * * MON,TUE", 0)];

describe("the hours of a schedule", () => {
  it("are five, on the days and in the zone that were asked for", () => {
    expect(openHours(good, wanted)).to.deep.equal({ evidence: "2 windows a week of 5 h, from mon 18:00, tue 18:00 Europe/Berlin" });
  });

  it("may reach into the next day, over the end of the week too", () => {
    const late = { start: "22:00", hours: 3, timezone: "Europe/Berlin", days: ["sat"] };
    expect(openHours([action("start", "0 22 * * SAT", 1), action("stop", "0 1 * * SUN", 0)], late)).to.have.property("evidence");
  });

  const wrong: Record<string, [readonly ScheduledUpdateGroupAction[], string]> = {
    "no actions": [[], "no scheduled actions"],
    "six hours": [[good[0]!, action("stop", "0 0 * * TUE,WED", 0)], "open for 6 hours, more than 5"],
    "four hours, where five are asked for": [[good[0]!, action("stop", "0 22 * * MON,TUE", 0)], "open for 4 hours, not 5"],
    "no stop": [[good[0]!], "nothing in its schedule stops it"],
    "a stop on one of two days": [[good[0]!, action("stop", "0 23 * * TUE", 0)], "open for 29 hours"],
    "another zone": [good.map((one) => ({ ...one, TimeZone: "UTC" })), "in UTC, not Europe/Berlin"],
    "no zone, which is UTC": [good.map((one) => ({ ...one, TimeZone: undefined })), "in UTC, not Europe/Berlin"],
    "two zones": [[good[0]!, { ...good[1]!, TimeZone: "UTC" }], "in Europe/Berlin, UTC"],
    "another day": [[action("start", "0 18 * * MON,TUE,SUN", 1), action("stop", "0 23 * * *", 0)], "starts sun 18:00, mon 18:00, tue 18:00, not"],
    "a second start": [[...good, action("again", "0 9 * * MON", 1)], "it starts mon 09:00"],
    "two machines": [[action("start", "0 18 * * MON,TUE", 2), good[1]!], "more than one instance"],
    "an action without a size": [[...good, { ...action("odd", "0 9 * * MON", 0), DesiredCapacity: undefined }], "odd says nothing of the desired size"],
    "a first stop in years": [[good[0]!, action("stop", "0 23 * * MON,TUE", 0, { StartTime: new Date("2033-01-01T00:00:00Z") })], "stop does not recur now"],
    "an end": [[good[0]!, action("stop", "0 23 * * MON,TUE", 0, { EndTime: new Date("2027-01-01T00:00:00Z") })], "stop does not recur now"],
    "a day of the month": [[action("start", "0 18 1 * *", 1), good[1]!], 'start recurs "0 18 1 * *"'],
    "a single time": [[{ ...good[0]!, Recurrence: undefined }, good[1]!], 'start recurs "never"'],
  };
  for (const [name, [actions, says]] of Object.entries(wrong)) {
    it(`are wrong with ${name}`, () => {
      const found = openHours(actions, wanted);
      expect(found).to.have.property("problem");
      expect("problem" in found && found.problem).to.include(says);
    });
  }
});

describe("a weekly recurrence", () => {
  for (const [cron, minutes] of [
    ["30 6 * * SUN", [390]],
    ["0 0 * * 0,7", [0, 0]],
    ["0 0 * * mon-wed", [1440, 2880, 4320]],
    ["5 1 * * *", [65, 1505, 2945, 4385, 5825, 7265, 8705]],
  ] as const) it(`${cron} is read`, () => expect(recurrence(cron)).to.deep.equal([...minutes]));

  for (const cron of [undefined, "", "0 18 * *", "0 18 * * MON *", "*/5 18 * * MON", "0 24 * * MON", "60 1 * * MON", "0 18 * 3 MON", "0 18 * * FRI-MON", "0 18 * * NOPE"]) {
    it(`${JSON.stringify(cron)} is not one`, () => expect(recurrence(cron)).to.equal(undefined));
  }
});
