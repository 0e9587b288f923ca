import { expect } from "chai";
import { loadEnvironment } from "../../stacks/config.ts";
import type { Clock } from "../../common/poll.ts";
import { green, red, type Check, type CheckResult, type Gate, type GateContext, type Source, type Sources, type Verdict, type Via } from "../../gates/gate.ts";
import { gateStatus, runCheck, runGate } from "../../gates/runner.ts";

/** Time that passes when somebody waits for it. */
function fakeClock(): Clock & { readonly waits: number[] } {
  let now = 0;
  const waits: number[] = [];
  return {
    waits,
    now: () => now,
    elapsed: () => now,
    wait: async (milliseconds, signal) => {
      await Promise.resolve();
      signal?.throwIfAborted();
      waits.push(milliseconds);
      now += milliseconds;
    },
  };
}

const source = (via: Via, by: string): Source<never> => ({ via, by, client: () => Promise.reject(new Error("nobody is asked")) });

function context(vias: Partial<Record<keyof Sources, Via>> = {}): GateContext {
  const sources: Sources = {
    autoscaling: source(vias.autoscaling ?? "real", "Auto Scaling"),
    bastion: source(vias.bastion ?? "real", "bastion"),
    ssm: source(vias.ssm ?? "real", "SSM"),
    ec2: source(vias.ec2 ?? "real", "EC2"),
    iam: source(vias.iam ?? "real", "IAM"),
    kubernetes: source(vias.kubernetes ?? "real", "Kubernetes"),
    logs: source(vias.logs ?? "real", "EC2"),
    sts: source(vias.sts ?? "real", "STS"),
    talos: source(vias.talos ?? "real", "Talos"),
  };
  return { environment: loadEnvironment(`${import.meta.dirname}/../..`, "rehearsal"), sources };
}

/** A check that sees these verdicts one after the other, the last for ever; an Error is thrown. */
function check(seen: readonly (Verdict | Error)[], over: Partial<Check> = {}): Check & { looks: number } {
  const self = {
    id: "77.fake",
    title: "it is so",
    kind: "observe",
    asks: ["ec2"],
    timeoutMs: 10_000,
    intervalMs: 1_000,
    passes: 1,
    looks: 0,
    look: () => {
      const verdict = seen[Math.min(self.looks++, seen.length - 1)]!;
      return verdict instanceof Error ? Promise.reject(verdict) : Promise.resolve(verdict);
    },
    ...over,
  } as Check & { looks: number };
  return self;
}

const gate = (...checks: Check[]): Gate => ({ number: "77", name: "fake", checks });
const absent: Verdict = { status: "not-applicable", why: "there is none here" };
const refused = (over: object = {}): Error => Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", ...over });
const outcome = ({ status, evidence, error }: CheckResult) => ({ status, ...(evidence === undefined ? {} : { evidence }), ...(error === undefined ? {} : { error }) });
const run = (one: Check, clock = fakeClock()) => runCheck(one, context(), clock);

describe("a gate is", () => {
  for (const [statuses, expected] of [
    [["green"], "green"],
    [["green", "not-applicable"], "green"],
    [["green", "red"], "red"],
    [["not-applicable", "red"], "red"],
    [["not-applicable", "not-applicable"], "not-applicable"],
    [[], "red"],
  ] as const) {
    it(`${expected} when its checks are ${statuses.join(" and ") || "none"}`, async () => {
      expect(gateStatus(statuses.map((status) => ({ status })))).to.equal(expected);
      const verdicts = { green: green("seen"), red: red("wrong"), "not-applicable": absent };
      const result = await runGate(gate(...statuses.map((status) => check([verdicts[status]]))), context(), { exercise: false, clock: fakeClock() });
      expect(result.status).to.equal(expected);
      expect(result.checks.map(({ status }) => status)).to.deep.equal(statuses);
    });
  }

  it("red when nothing of it may be run: what was not looked at is not proved", async () => {
    const exercise = check([green("made and removed")], { kind: "exercise" });
    const result = await runGate(gate(exercise), context(), { exercise: false, clock: fakeClock() });
    expect(result).to.deep.include({ status: "red", checks: [] });
    expect(exercise.looks).to.equal(0);
  });

  it("run without what makes probe objects, unless told to", async () => {
    const [observe, exercise] = [check([green("seen")], { id: "77.a" }), check([red("broken")], { id: "77.b", kind: "exercise" })];
    const read = await runGate(gate(observe, exercise), context(), { exercise: false, clock: fakeClock() });
    expect(read.checks.map((result) => result.check.id)).to.deep.equal(["77.a"]);
    expect([read.status, exercise.looks]).to.deep.equal(["green", 0]);
    const full = await runGate(gate(observe, exercise), context(), { exercise: true, clock: fakeClock() });
    expect(full.checks.map((result) => result.check.id)).to.deep.equal(["77.a", "77.b"]);
    expect(full.status).to.equal("red");
  });

  it("answered by a stand-in when one of its checks is", async () => {
    const result = await runGate(gate(check([green("a")], { asks: ["ec2"] }), check([green("b")], { asks: ["iam"] })), context({ iam: "stand-in" }), { exercise: false, clock: fakeClock() });
    expect(result.checks.map(({ via }) => via)).to.deep.equal(["real", "stand-in"]);
    expect(result.via).to.equal("stand-in");
  });

  it("told of by every check as it ends, and lists them in its own order", async () => {
    const ended: string[] = [];
    const slow = check([red("not yet"), green("now")], { id: "77.slow" });
    const quick = check([green("at once")], { id: "77.quick" });
    const result = await runGate(gate(slow, quick), context(), { exercise: false, clock: fakeClock(), onCheck: ({ check: { id } }) => ended.push(id) });
    expect(ended).to.deep.equal(["77.quick", "77.slow"]);
    expect(result.checks.map((one) => one.check.id)).to.deep.equal(["77.slow", "77.quick"]);
    expect(result.durationMs).to.equal(1_000);
  });

  it("looked at side by side: no check waits for another", async () => {
    let release = (): void => { throw new Error("nobody waits"); };
    const opened = new Promise<void>((resolve) => (release = resolve));
    const first = check([], { look: async () => { await opened; return green("was let go by the second"); } });
    const second = check([], { look: () => { release(); return Promise.resolve(green("let the first go")); } });
    const result = await runGate(gate(first, second), context(), { exercise: false, clock: fakeClock() });
    expect(result.status).to.equal("green");
  });

  it("not stopped by one red check: the others are run to their end", async () => {
    const late = check([red("no"), red("no"), green("at last")]);
    const result = await runGate(gate(check([{ status: "red", error: "for good", final: true }]), late), context(), { exercise: false, clock: fakeClock() });
    expect(result.checks.map(outcome)).to.deep.equal([{ status: "red", error: "for good" }, { status: "green", evidence: "at last" }]);
  });
});

describe("a check", () => {
  it("is green at the first pass when one is enough, with what was seen and who was asked", async () => {
    const one = check([green("vpc-1"), red("never looked at")]);
    expect(await run(one)).to.deep.equal({ check: one, status: "green", via: "real", asked: ["EC2"], evidence: "vpc-1", durationMs: 0 });
    expect(one.looks).to.equal(1);
  });

  it("waits between looks until it passes", async () => {
    const [one, clock] = [check([red("a"), red("b"), green("c")]), fakeClock()];
    expect(await run(one, clock)).to.deep.include({ status: "green", evidence: "c", durationMs: 2_000 });
    expect(clock.waits).to.deep.equal([1_000, 1_000]);
  });

  it("that can flap needs three passes in a row", async () => {
    const one = check([green("1"), green("2"), red("flap"), green("4"), green("5"), green("6")], { passes: 3 });
    expect(await run(one)).to.deep.include({ status: "green", evidence: "6" });
    expect(one.looks).to.equal(6);
  });

  it("that flaps to the end is red, with the last error or how far it came", async () => {
    const flapping = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? green("up") : red(`down ${index}`)));
    expect(outcome(await run(check(flapping, { passes: 3, timeoutMs: 5_000 })))).to.deep.equal({ status: "red", error: "down 5" });
    expect(outcome(await run(check(flapping, { passes: 3, timeoutMs: 4_000 })))).to.deep.equal({ status: "red", error: "passed only 1 of 3 times in a row" });
  });

  it("that was never red gets its passes, however long its looks take", async () => {
    expect(outcome(await run(check([green("1"), green("2"), green("3")], { passes: 3, timeoutMs: 0 })))).to.deep.include({ status: "green" });
    expect(outcome(await run(check([green("1"), green("2"), red("down")], { passes: 3, timeoutMs: 0 })))).to.deep.equal({ status: "red", error: "down" });
  });

  it("that is red until its time is over keeps the last error", async () => {
    const one = check(Array.from({ length: 20 }, (_, index) => red(`error ${index}`)), { timeoutMs: 3_000 });
    const result = await run(one);
    expect(outcome(result)).to.deep.equal({ status: "red", error: "error 3" });
    expect([one.looks, result.durationMs]).to.deep.equal([4, 3_000]);
  });

  it("with no time at all looks once", async () => {
    const one = check([red("no"), green("too late")], { timeoutMs: 0 });
    expect(outcome(await run(one))).to.deep.equal({ status: "red", error: "no" });
    expect(one.looks).to.equal(1);
  });

  it("that is red for good ends at once", async () => {
    const [one, clock] = [check([{ status: "red", error: "deleted", final: true }, green("never")]), fakeClock()];
    expect(outcome(await run(one, clock))).to.deep.equal({ status: "red", error: "deleted" });
    expect([one.looks, clock.waits]).to.deep.equal([1, []]);
  });

  it("that does not apply says why and ends at once, even after a red look", async () => {
    const one = check([red("?"), absent]);
    expect(outcome(await run(one))).to.deep.equal({ status: "not-applicable", evidence: "there is none here" });
    expect(one.looks).to.equal(2);
  });

  it("whose look throws is red with that error, and looks again", async () => {
    expect(outcome(await run(check([new Error("throttled"), green("answered")])))).to.deep.equal({ status: "green", evidence: "answered" });
    expect(outcome(await run(check([new TypeError("no such thing")], { timeoutMs: 2_000 })))).to.deep.equal({ status: "red", error: "no such thing" });
  });

  for (const thrown of ["text", 7]) {
    it(`whose look throws ${JSON.stringify(thrown)} is red all the same`, async () => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- libraries do
      expect((await run(check([], { timeoutMs: 0, look: () => Promise.reject(thrown) }))).status).to.equal("red");
    });
  }

  for (const [where, error] of [
    ["itself", refused()],
    ["in its cause", new Error("request failed", { cause: refused() })],
    ["deep in its causes", new Error("a", { cause: new Error("b", { cause: refused() }) })],
  ] as const) {
    it(`that nobody answers (refused ${where}) ends at once and says who was asked`, async () => {
      const [one, clock] = [check([error, green("never")], { asks: ["ec2", "sts"] }), fakeClock()];
      expect(outcome(await run(one, clock))).to.deep.equal({ status: "red", error: "nobody answers: EC2, STS" });
      expect([one.looks, clock.waits]).to.deep.equal([1, []]);
    });
  }

  it("names everyone asked once", async () => {
    const result = await runCheck(check([green("a")], { asks: ["ec2", "logs", "iam"] }), context(), fakeClock());
    expect(result.asked).to.deep.equal(["EC2", "IAM"]);
  });

  for (const [asks, via] of [
    [["ec2"], "real"],
    [["iam"], "stand-in"],
    [["ec2", "iam"], "stand-in"],
    [["iam", "ec2", "sts"], "stand-in"],
    [["ec2", "sts"], "real"],
  ] as const) {
    it(`that asks ${asks.join(", ")}, of which iam is a stand-in, is answered by the ${via}`, async () => {
      for (const verdict of [green("a"), red("b"), absent]) {
        expect((await runCheck(check([verdict], { asks, timeoutMs: 0 }), context({ iam: "stand-in" }), fakeClock())).via).to.equal(via);
      }
    });
  }
});

describe("a gate while it waits", () => {
  it("says after each look what is still red about a check, and that nothing is any more", async () => {
    const said: (string | undefined)[] = [];
    const one = check([red("not yet"), red("still not"), green("there")]);
    await runGate(gate(one), context(), { exercise: false, clock: fakeClock(), onLook: (_check, error) => said.push(error) });
    expect(said).to.deep.equal(["not yet", "still not", undefined]);
  });

  it("is no more patient than it is told to be, nor than the check is", async () => {
    for (const [patienceMs, looks] of [[0, 1], [3_000, 4], [60_000, 11]] as const) {
      const one = check([red("no")]);
      await runGate(gate(one), context(), { exercise: false, clock: fakeClock(), patienceMs });
      expect(one.looks, `${patienceMs} ms`).to.equal(looks);
    }
  });

  it("asks the plan where there is one, and is a bug where there is none", async () => {
    const one = check([green("planned")], { asks: ["plan"] });
    const plan = { via: "real" as const, by: "the plan", client: () => Promise.resolve([]) };
    expect(await runCheck(one, { ...context(), plan }, fakeClock())).to.deep.include({ status: "green", via: "real", asked: ["the plan"] });
    expect(await runCheck(one, context(), fakeClock()).catch((error: unknown) => String(error))).to.include("there is no plan to ask");
  });
});

describe("a look that throws something odd", () => {
  for (const odd of [null, undefined, "a text", Object.assign(new Error("it broke"), { cause: null })]) {
    it(`is red for ${String(odd)}`, async () => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- libraries do it
      const one = check([], { timeoutMs: 0, look: () => Promise.reject(odd) });
      expect((await runCheck(one, context(), fakeClock())).status).to.equal("red");
    });
  }
});

describe("told to end, a gate", () => {
  const rejection = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => "it went on", (error: unknown) => error);

  it("does not look at all when it was told before", async () => {
    const one = check([green("seen")]);
    const reason = new Error("interrupted");
    expect(await rejection(runGate(gate(one), context(), { exercise: false, clock: fakeClock(), signal: AbortSignal.abort(reason) }))).to.equal(reason);
    expect(one.looks).to.equal(0);
  });

  it("ends between two looks", async () => {
    const controller = new AbortController();
    const reason = new Error("interrupted");
    const one = check([], { look: () => { controller.abort(reason); return Promise.resolve(red("not yet")); } });
    expect(await rejection(runGate(gate(one), context(), { exercise: false, clock: fakeClock(), signal: controller.signal }))).to.equal(reason);
  });

  for (const timeoutMs of [10_000, 0]) it(`is not red because of it, with ${timeoutMs} ms left: being interrupted is no finding`, async () => {
    const controller = new AbortController();
    const results: CheckResult[] = [];
    const one = check([], { timeoutMs, look: () => { controller.abort(new Error("interrupted")); return Promise.reject(new Error("socket closed")); } });
    await rejection(runGate(gate(one), context(), { exercise: false, clock: fakeClock(), signal: controller.signal, onCheck: (result) => results.push(result) }));
    expect(results).to.deep.equal([]);
  });
});
