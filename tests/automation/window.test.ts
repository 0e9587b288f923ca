import { expect } from "chai";
import { join } from "node:path";
import { refuseOutsideWindow } from "../../automation/window.ts";
import { ExitCode, UserError } from "../../common/errors.ts";
import { loadEnvironment } from "../../stacks/config.ts";

const environment = { ...loadEnvironment(join(import.meta.dirname, "../.."), "demo"), window: { start: "18:00", hours: 5 as const, timezone: "Europe/Berlin", days: ["mon" as const] } };
const at = (now: string | undefined, clock: "real" | "rehearsed" = "rehearsed"): void =>
  refuseOutsideWindow({ environment, world: { clock } }, now === undefined ? {} : { MOONBACK_NOW: now });
const refusal = (...args: Parameters<typeof at>): UserError => {
  try {
    at(...args);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("it was let through");
};

describe("the guard of the window", () => {
  it("lets through what lies inside, to the minute", () => {
    // 2026-11-23 is a Monday; Berlin is an hour ahead of UTC in winter.
    for (const now of ["2026-11-23T17:00:00Z", "2026-11-23T21:59:59Z", "2026-11-23T18:30:00+01:00"]) expect(() => at(now), now).to.not.throw();
    // In summer it is two.
    expect(() => at("2026-07-06T16:00:00Z")).to.not.throw();
  });

  for (const [now, opens] of [
    ["2026-11-23T16:59:59Z", "Monday 23 November"],
    ["2026-11-23T22:00:00Z", "Monday 30 November"],
    ["2026-11-24T18:00:00Z", "Monday 30 November"],
  ] as const) {
    it(`refuses at ${now}, and says when it opens`, () => {
      const { message, exitCode, fix } = refusal(now);
      expect(exitCode).to.equal(ExitCode.refused);
      expect(message).to.include("The window of demo is closed").and.include(opens).and.include("18:00").and.include("Europe/Berlin").and.include("5 h");
      expect(fix).to.include("Pulumi.demo.yaml").and.include("npm run preview -- demo");
    });
  }

  it("is always open for a rehearsed clock that was told no time", () => {
    expect(() => at(undefined)).to.not.throw();
    expect(() => at("")).to.not.throw();
  });

  it("cannot be talked out of the time of a real clock", () => {
    const { message, exitCode } = refusal("2026-11-23T18:30:00+01:00", "real");
    expect([message, exitCode]).to.deep.equal(["MOONBACK_NOW is set, but only a rehearsal's clock can be told the time.", ExitCode.usage]);
  });

  it("refuses what is no time, by name", () => {
    const { message, exitCode, fix } = refusal("yesterday");
    expect(exitCode).to.equal(ExitCode.usage);
    expect(message).to.include('"yesterday"');
    expect(fix).to.include("2026-");
  });
});
