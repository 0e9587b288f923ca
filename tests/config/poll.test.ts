import { expect } from "chai";
import { PollTimeout, poll, systemClock, type Clock } from "../../common/poll.ts";

/** Time that passes when somebody waits for it, and says how often that was. */
function fakeClock(): Clock & { readonly waits: number[] } {
  let now = 1_000;
  const waits: number[] = [];
  return {
    waits,
    now: () => now,
    elapsed: () => now,
    wait: (milliseconds, signal) => {
      signal?.throwIfAborted();
      waits.push(milliseconds);
      now += milliseconds;
      return Promise.resolve();
    },
  };
}

const rejection = (promise: Promise<unknown>): Promise<unknown> => promise.then((value) => ({ resolved: value }), (error: unknown) => error);

describe("polling", () => {
  it("returns the first value and waits only between tries", async () => {
    const clock = fakeClock();
    let tries = 0;
    const value = await poll(() => Promise.resolve(++tries < 3 ? { done: false, reason: "not yet" } : { done: true, value: tries }), { timeoutMs: 60_000, intervalMs: 500, clock });
    expect(value).to.equal(3);
    expect(clock.waits).to.deep.equal([500, 500]);
  });

  it("tries once even when there is no time", async () => {
    const clock = fakeClock();
    expect(await poll(() => Promise.resolve({ done: true, value: "there" }), { timeoutMs: 0, intervalMs: 500, clock })).to.equal("there");
    expect(clock.waits).to.deep.equal([]);
  });

  it("gives up when the next try would come too late, with the last reason", async () => {
    const clock = fakeClock();
    let tries = 0;
    const error = await rejection(poll(() => Promise.resolve({ done: false, reason: `try ${++tries} failed` }), { timeoutMs: 2_500, intervalMs: 1_000, clock }));
    expect(error).to.be.instanceOf(PollTimeout);
    expect((error as Error).message).to.equal("try 3 failed (waited 2.0 s)");
    expect(clock.waits).to.deep.equal([1_000, 1_000]);
  });

  for (const [way, jumpMs] of [["forward", 86_400_000], ["back", -86_400_000]] as const) {
    it(`waits no shorter and no longer when somebody sets the clock ${way}`, async () => {
      const clock = fakeClock();
      let tries = 0;
      const jumping: Clock = { ...clock, now: () => (tries > 0 ? jumpMs : 0) };
      const error = await rejection(poll(() => Promise.resolve({ done: false, reason: `try ${++tries} failed` }), { timeoutMs: 2_500, intervalMs: 1_000, clock: jumping }));
      expect((error as Error).message).to.equal("try 3 failed (waited 2.0 s)");
    });
  }

  it("does not hide what a try throws", async () => {
    const bug = new TypeError("bug");
    expect(await rejection(poll(() => Promise.reject(bug), { timeoutMs: 10_000, intervalMs: 1, clock: fakeClock() }))).to.equal(bug);
  });

  it("ends with the signal's reason before a try", async () => {
    const reason = new Error("told to");
    let tries = 0;
    const attempt = () => Promise.resolve({ done: false, reason: `${++tries}` } as const);
    expect(await rejection(poll(attempt, { timeoutMs: 10_000, intervalMs: 1, clock: fakeClock(), signal: AbortSignal.abort(reason) }))).to.equal(reason);
    expect(tries).to.equal(0);
  });

  it("ends while it waits on the real clock", async () => {
    const controller = new AbortController();
    const attempt = () => {
      setImmediate(() => controller.abort(new Error("told to")));
      return Promise.resolve({ done: false, reason: "not yet" } as const);
    };
    const error = await rejection(poll(attempt, { timeoutMs: 3_600_000, intervalMs: 1_800_000, signal: controller.signal }));
    expect(error).to.equal(controller.signal.reason).and.have.property("message", "told to");
  });

  it("the real clock tells milliseconds since the epoch", () => {
    expect(new Date(systemClock.now()).getUTCFullYear()).to.be.within(2024, 2200);
  });
});
