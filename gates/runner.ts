import { errorMessage } from "../common/errors.ts";
import { systemClock, type Clock } from "../common/poll.ts";
import { sourceOf, type Check, type CheckResult, type Gate, type GateContext, type GateResult, type Verdict, type Via } from "./gate.ts";

export interface RunOptions {
  /** Also runs the checks that make probe objects. */
  readonly exercise: boolean;
  /** The longest that any check may stay red, in milliseconds: what was up before needs no time to come up. */
  readonly patienceMs?: number;
  readonly clock?: Clock;
  readonly signal?: AbortSignal | undefined;
  readonly onCheck?: (result: CheckResult) => void;
  /** Told after every look what is still red about a check; nothing once it passed. */
  readonly onLook?: (check: Check, error: string | undefined) => void;
}

/** Runs all checks of a gate side by side; none hides another. */
export async function runGate(gate: Gate, context: GateContext, options: RunOptions): Promise<GateResult> {
  const clock = options.clock ?? systemClock;
  const start = clock.elapsed();
  const chosen = gate.checks.filter(({ kind }) => options.exercise || kind === "observe");
  const checks = await Promise.all(
    chosen.map(async (check) => {
      const timeoutMs = Math.min(check.timeoutMs, options.patienceMs ?? Infinity);
      const result = await runCheck({ ...check, timeoutMs }, context, clock, options.signal, options.onLook);
      options.onCheck?.(result);
      return result;
    }),
  );
  const via = weakest(checks.map((result) => result.via));
  return { gate, status: gateStatus(checks), via, checks, durationMs: Math.round(clock.elapsed() - start) };
}

/** Green needs one green check at least: a gate that found nothing to look at has proved nothing. */
export function gateStatus(checks: readonly Pick<CheckResult, "status">[]): Verdict["status"] {
  if (checks.some(({ status }) => status === "red")) return "red";
  if (checks.some(({ status }) => status === "green")) return "green";
  return checks.length > 0 ? "not-applicable" : "red";
}

/** Looks until the check has passed often enough in a row, is red for good, or its time is over. */
export async function runCheck(check: Check, context: GateContext, clock: Clock, signal?: AbortSignal, onLook?: RunOptions["onLook"]): Promise<CheckResult> {
  const start = clock.elapsed();
  const sources = check.asks.map((name) => sourceOf(context, name));
  const via = weakest(sources.map((source) => source.via));
  const asked = [...new Set(sources.map((source) => source.by))];
  const finish = (rest: Pick<CheckResult, "status" | "evidence" | "error">): CheckResult => ({ check, via, asked, durationMs: Math.round(clock.elapsed() - start), ...rest });
  let everRed = false;
  for (let passes = 0; ; ) {
    signal?.throwIfAborted();
    const verdict = await lookSafely(check, context, asked.join(", "), signal);
    // What an interrupt broke off has found nothing.
    signal?.throwIfAborted();
    onLook?.(check, verdict.status === "red" ? verdict.error : undefined);
    if (verdict.status === "not-applicable") return finish({ status: verdict.status, evidence: verdict.why });
    passes = verdict.status === "green" ? passes + 1 : 0;
    if (verdict.status === "green" && passes >= check.passes) {
      return finish({ status: "green", evidence: verdict.evidence });
    }
    everRed ||= verdict.status === "red";
    const waited = clock.elapsed() - start;
    // The time is for staying red: looks that take long, and passed each, have not used any of it.
    const over = everRed && waited + check.intervalMs > check.timeoutMs;
    if (verdict.status === "red" && (verdict.final === true || over)) {
      return finish({ status: "red", error: verdict.error });
    }
    if (over) return finish({ status: "red", error: `passed only ${passes} of ${check.passes} times in a row` });
    await clock.wait(check.intervalMs, signal);
  }
}

/** A look that throws is red: the last error is the finding. Nobody answering does not get better by asking again. */
async function lookSafely(check: Check, context: GateContext, asked: string, signal?: AbortSignal): Promise<Verdict> {
  try {
    return await orAborted(check.look(context), signal);
  } catch (error) {
    const refused = isRefused(error);
    return { status: "red", error: refused ? `nobody answers: ${asked}` : errorMessage(error), final: refused };
  }
}

/** What is being waited for, unless the signal comes first: a call that hangs must not hold up the end. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const ended = Promise.withResolvers<never>();
  const end = (): void => ended.reject(signal.reason as Error);
  signal.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([work, ended.promise]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}

function isRefused(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return code === "ECONNREFUSED" || isRefused(cause);
}

function weakest(vias: readonly Via[]): Via {
  return vias.includes("stand-in") ? "stand-in" : "real";
}
