import { expect } from "chai";
import { isInside, nextStart, openingAt, windowRecurrences, type WeekDay, type Window } from "../../components/window.ts";
import { evening } from "./samples.ts";

const everyDay: WeekDay[] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const at = (text: string): Date => new Date(text);
const hour = 3_600_000;

/** What clocks show, by another way than the code under test: a formatted text, cut. */
const british = new Map<string, Intl.DateTimeFormat>();
function clock(timezone: string, instant: Date): { day: string; time: string } {
  const format = british.get(timezone) ?? new Intl.DateTimeFormat("en-GB", { timeZone: timezone, weekday: "short", hour: "2-digit", minute: "2-digit" });
  british.set(timezone, format);
  const text = format.format(instant);
  const [day = "", time = ""] = text.split(/[ ,]+/);
  return { day: day.toLowerCase(), time };
}

describe("the window", () => {
  describe("as recurrences", () => {
    for (const [title, window, start, stop] of [
      ["on some days", evening, "0 18 * * 1,2,3,4,5", "0 23 * * 1,2,3,4,5"],
      ["on all days", { ...evening, days: everyDay }, "0 18 * * *", "0 23 * * *"],
      ["that stops after midnight, the day after", { ...evening, start: "21:30", hours: 4 }, "30 21 * * 1,2,3,4,5", "30 1 * * 2,3,4,5,6"],
      ["that stops at midnight, the day after", { ...evening, start: "20:00", hours: 4 }, "0 20 * * 1,2,3,4,5", "0 0 * * 2,3,4,5,6"],
      ["from Saturday to Sunday", { ...evening, start: "23:05", hours: 1, days: ["sat"] }, "5 23 * * 6", "5 0 * * 0"],
      ["on all days and over midnight", { ...evening, start: "22:00", days: everyDay }, "0 22 * * *", "0 3 * * *"],
      ["with days in any order", { ...evening, days: ["sun", "fri", "mon"] }, "0 18 * * 0,1,5", "0 23 * * 0,1,5"],
      ["of half hours", { ...evening, start: "00:45", hours: 1.5 }, "45 0 * * 1,2,3,4,5", "15 2 * * 1,2,3,4,5"],
    ] as const satisfies readonly (readonly [string, Window, string, string])[]) {
      it(title, () => expect(windowRecurrences(window)).to.deep.equal({ start, stop }));
    }

    it("refuses what is no time of day and no length", () => {
      for (const start of ["24:00", "9:00", "18:60", "18", ""]) expect(() => windowRecurrences({ ...evening, start }), start).to.throw(`"${start}" is not a time of day`);
      for (const hours of [0, -1, 24, 1 / 7, NaN]) expect(() => windowRecurrences({ ...evening, hours }), String(hours)).to.throw("no whole number of minutes");
    });
  });

  describe("as instants", () => {
    it("has its start and not its end", () => {
      // In July Berlin is at +2.
      for (const [text, inside] of [
        ["2026-07-06T15:59:59.999Z", false],
        ["2026-07-06T16:00:00.000Z", true],
        ["2026-07-06T20:59:59.999Z", true],
        ["2026-07-06T21:00:00.000Z", false],
        ["2026-07-05T18:00:00.000Z", false],
      ] as const) {
        expect(isInside(evening, at(text)), text).to.equal(inside);
      }
    });

    it("belongs to the day that it starts on, after midnight too", () => {
      const night: Window = { ...evening, start: "22:00", days: ["fri"] };
      expect(isInside(night, at("2026-07-11T00:59:00Z")), "Saturday 02:59").to.equal(true);
      expect(isInside(night, at("2026-07-11T01:00:00Z")), "Saturday 03:00").to.equal(false);
      expect(isInside(night, at("2026-07-10T00:59:00Z")), "Friday 02:59").to.equal(false);
    });

    it("says when it starts next, strictly after the instant", () => {
      expect(nextStart(evening, at("2026-07-06T15:59:59.999Z"))).to.deep.equal(at("2026-07-06T16:00:00Z"));
      expect(nextStart(evening, at("2026-07-06T16:00:00Z")), "at its start").to.deep.equal(at("2026-07-07T16:00:00Z"));
      expect(nextStart(evening, at("2026-07-10T22:00:00Z")), "over the week-end").to.deep.equal(at("2026-07-13T16:00:00Z"));
      const weekly: Window = { ...evening, days: ["wed"] };
      expect(nextStart(weekly, at("2026-07-08T16:00:00Z")), "a week later").to.deep.equal(at("2026-07-15T16:00:00Z"));
      expect(() => nextStart({ ...evening, days: [] }, at("2026-07-08T16:00:00Z"))).to.throw("never starts");
    });

    it("follows the clocks when they change", () => {
      // Berlin, 2026: 29 March 02:00 -> 03:00, 25 October 03:00 -> 02:00.
      const daily: Window = { ...evening, days: everyDay };
      expect(nextStart(daily, at("2026-03-28T12:00:00Z"))).to.deep.equal(at("2026-03-28T17:00:00Z"));
      expect(nextStart(daily, at("2026-03-29T12:00:00Z"))).to.deep.equal(at("2026-03-29T16:00:00Z"));
      const night: Window = { ...daily, start: "00:30", hours: 4 };
      expect(openingAt(night, at("2026-03-29T00:00:00Z")), "an hour shorter").to.deep.equal({ opens: at("2026-03-28T23:30:00Z"), closes: at("2026-03-29T02:30:00Z") });
      expect(openingAt(night, at("2026-10-25T00:00:00Z")), "an hour longer").to.deep.equal({ opens: at("2026-10-24T22:30:00Z"), closes: at("2026-10-25T03:30:00Z") });
    });

    it("reads a time that the clocks skip as much later, and one that they show twice as the first", () => {
      const skipped: Window = { ...evening, days: ["sun"], start: "02:30", hours: 2 };
      expect(openingAt(skipped, at("2026-03-29T02:00:00Z"))).to.deep.equal({ opens: at("2026-03-29T01:30:00Z"), closes: at("2026-03-29T02:30:00Z") });
      const twice: Window = { ...skipped, start: "02:30", hours: 1 };
      expect(openingAt(twice, at("2026-10-25T00:30:00Z"))).to.deep.equal({ opens: at("2026-10-25T00:30:00Z"), closes: at("2026-10-25T02:30:00Z") });
    });

    it("passes over an opening that the clocks skip whole", () => {
      const skipped: Window = { ...evening, days: ["sun"], start: "02:00", hours: 1 };
      expect(isInside(skipped, at("2026-03-29T01:00:00Z"))).to.equal(false);
      expect(nextStart(skipped, at("2026-03-28T12:00:00Z"))).to.deep.equal(at("2026-04-05T00:00:00Z"));
    });

    // Zones with whole, half and quarter hours, both hemispheres, and one that changes by half an hour.
    const zones = ["UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Auckland", "Pacific/Kiritimati"];
    for (const timezone of zones) {
      it(`keeps its promises all year in ${timezone}`, () => {
        for (const [start, hours, days] of [["18:00", 5, everyDay], ["22:15", 3, ["mon", "thu"]], ["01:30", 1, ["sun"]]] as const) {
          const window: Window = { start, hours, timezone, days };
          const openings: { opens: Date; closes: Date }[] = [];
          // Instants that no start hits: every 43 hours and 13 minutes of 2026.
          for (let time = Date.UTC(2026, 0, 1); time < Date.UTC(2027, 0, 1); time += 43 * hour + 13 * 60_000) {
            const instant = new Date(time);
            const next = nextStart(window, instant);
            expect(next.getTime()).to.be.greaterThan(time).and.at.most(time + 8 * 24 * hour);
            expect(isInside(window, next), "it is inside when it starts").to.equal(true);
            const { opens, closes } = openingAt(window, next)!;
            expect(opens).to.deep.equal(next);
            openings.push({ opens, closes });
            const length = (closes.getTime() - opens.getTime()) / hour;
            expect(Math.abs(length - hours), `${opens.toISOString()} to ${closes.toISOString()}`).to.be.at.most(1);
            expect(isInside(window, new Date(closes.getTime() - 1))).to.equal(true);
            expect(isInside(window, closes)).to.equal(false);
            const now = openingAt(window, instant);
            expect(isInside(window, instant)).to.equal(now !== undefined);
            if (now !== undefined) expect(now.opens <= instant && instant < now.closes).to.equal(true);
            expect(days, "the day").to.include(clock(timezone, opens).day);
            expect(clock(timezone, opens).time).to.match(/^\d\d:\d\d$/);
          }
          const skipped = openings.filter(({ opens }) => clock(timezone, opens).time !== start);
          expect(new Set(skipped.map(({ opens }) => opens.getTime())).size, "starts at another time than the clocks' own").to.be.at.most(1);
        }
      });
    }
  });
});
