import { expect } from "chai";
import type { ScheduledUpdateGroupAction } from "@aws-sdk/client-auto-scaling";
import { firingsBetween } from "../../rehearsal/schedules.ts";

const action = (name: string, recurrence: string): ScheduledUpdateGroupAction => ({ ScheduledActionName: name, Recurrence: recurrence, TimeZone: "Europe/Berlin" });
const evening = [action("start", "0 18 * * *"), action("stop", "0 23 * * *")];
const fired = (actions: ScheduledUpdateGroupAction[], from: string, to: string): string[] =>
  firingsBetween(actions, new Date(from), new Date(to)).map(({ at, action: { ScheduledActionName } }) => `${ScheduledActionName ?? "?"} ${at.toISOString()}`);

describe("the rehearsal's clock and the schedules of AWS", () => {
  it("fires what was due since then, in order, on the clocks of the time zone", () => {
    expect(fired(evening, "2026-11-22T18:30:00+01:00", "2026-11-23T18:10:00+01:00")).to.deep.equal(["stop 2026-11-22T22:00:00.000Z", "start 2026-11-23T17:00:00.000Z"]);
  });

  it("fires what is due now, and nothing twice", () => {
    expect(fired(evening, "2026-11-22T22:59:00+01:00", "2026-11-22T23:00:00+01:00")).to.have.length(1);
    expect(fired(evening, "2026-11-22T23:00:00+01:00", "2026-11-22T23:30:00+01:00")).to.deep.equal([]);
  });

  it("knows week days, and the time that summer begins", () => {
    expect(fired([action("start", "0 18 * * 1-5")], "2026-11-20T19:00:00+01:00", "2026-11-23T19:00:00+01:00")).to.deep.equal(["start 2026-11-23T17:00:00.000Z"]);
    expect(fired(evening, "2026-03-28T12:00:00+01:00", "2026-03-29T20:00:00+02:00")).to.deep.equal(["start 2026-03-28T17:00:00.000Z", "stop 2026-03-28T22:00:00.000Z", "start 2026-03-29T16:00:00.000Z"]);
  });

  it("fires nothing for a time that goes back, nor for what recurs in a way of its own", () => {
    expect(fired(evening, "2026-11-23T18:30:00+01:00", "2026-11-22T18:30:00+01:00")).to.deep.equal([]);
    expect(fired([action("odd", "0 18 1 * *")], "2026-11-22T00:00:00+01:00", "2026-12-22T00:00:00+01:00")).to.deep.equal([]);
  });
});
