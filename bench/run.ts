// `npm run bench`: measures the figures that the project promises and prints them as JSON. Ratios are taken in one run,
// by turns, since machines are noisy; nothing here is a test.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { killRun } from "../tests/survival/killing.ts";
import { Trial } from "../tests/trial.ts";

interface Figure {
  readonly value: number;
  readonly unit: "s" | "ratio";
  readonly goal: number;
  readonly what: string;
}

const { values: options } = parseArgs({ options: { quick: { type: "boolean", default: false }, rounds: { type: "string", default: "3" } } });
const rounds = Number(options.rounds);
const checkout = join(import.meta.dirname, "..");
const say = (text: string): boolean => process.stderr.write(`${text}\n`);

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** The middle one of several. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function repeat(times: number, work: () => Promise<number>): Promise<number[]> {
  const results: number[] = [];
  for (let round = 0; round < times; round++) results.push(await work());
  return results;
}

/** The same loop without us, in the variables that `env` prints. */
async function bareLoop(trial: Trial): Promise<void> {
  const { stdout } = await trial.must("env", "--json");
  const { variables } = JSON.parse(stdout) as { variables: Record<string, string> };
  const run = () => execa(process.execPath, [join(checkout, "bench/bare.ts"), trial.directory, "trial"], { env: variables, stdin: "ignore" });
  bareSeconds.push(await seconds(run));
}
const bareSeconds: number[] = [];

/** From the signal in the middle of an update to the end of the program, its locks freed; then what the next run needs over a usual one. */
async function brokenOff(trial: Trial, signal: "SIGINT" | "SIGKILL"): Promise<{ readonly end: number; readonly again: number }> {
  const run = trial.start(["up"]);
  let sent = 0;
  for await (const line of run.iterable({ from: "stderr" })) {
    if (sent > 0 || !line.includes("network: +")) continue;
    sent = performance.now();
    if (signal === "SIGINT") run.kill(signal);
    else killRun(trial, run);
  }
  await run;
  const end = (performance.now() - sent) / 1000;
  const again = await seconds(() => trial.must("up"));
  await trial.must("down", "--yes", "--keep-world");
  return { end, again };
}

async function warmFigures(): Promise<Record<string, Figure>> {
  await using trial = new Trial();
  say("one round that nobody counts: tools, caches");
  await trial.must("up");
  await trial.must("down", "--yes", "--keep-world");
  const ups: number[] = [];
  const downs: number[] = [];
  const noops: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round} of ${rounds}: up, up again, down; then the bare loop, down`);
    ups.push(await seconds(() => trial.must("up")));
    noops.push(await seconds(() => trial.must("up")));
    downs.push(await seconds(() => trial.must("down", "--yes", "--keep-world")));
    await bareLoop(trial);
    await trial.must("down", "--yes", "--keep-world");
  }
  say("an interrupt, and a kill, each in the middle of up");
  const interrupted = await brokenOff(trial, "SIGINT");
  const killed = await brokenOff(trial, "SIGKILL");
  await trial.must("down", "--yes");
  const fromNothing = await seconds(() => trial.must("up"));
  const toNothing = await seconds(() => trial.must("down", "--yes"));
  const help = median(await repeat(rounds, () => seconds(() => execa(process.execPath, [join(checkout, "automation/moonback.mjs"), "--help"]))));
  const status = median(await repeat(rounds, () => seconds(() => trial.must("status"))));
  const offline = median(await repeat(rounds, () => seconds(() => trial.must("preview", "--offline"))));
  trial.set("region", "nowhere");
  const validation = median(await repeat(rounds, () => seconds(() => trial.moonback("up"))));
  const s = (value: number, goal: number, what: string): Figure => ({ value: rounded(value), unit: "s", goal, what });
  return {
    help: s(help, 1, "--help"),
    status: s(status, 1, "status"),
    configValidation: s(validation, 2, "up with a wrong setting, to its exit"),
    warmUp: s(fromNothing, 90, "up from nothing, world included, tools there"),
    noopUp: s(median(noops), 15, "up with nothing to change"),
    down: s(toNothing, 30, "down with sweep and the end of the world"),
    downKeepingWorld: s(median(downs), 30, "down with sweep"),
    interrupt: s(interrupted.end, 30, "Ctrl-C in the middle of up, to the end of the program with its locks freed"),
    upAfterKill: s(killed.again, 90, "up after kill -9 of program and engine, recovery included"),
    previewOffline: s(offline, 15, "preview --offline, its own world included"),
    overhead: {
      value: rounded(median(ups) / median(bareSeconds) - 1),
      unit: "ratio",
      goal: 0.1,
      what: "up, gates and the wait for the machine among it, over the same preview and update of all stages on the bare engine; both from nothing, world running, whole processes",
    },
  };
}

/** Everything from empty caches: tool cache, Go's and pip's own. */
async function coldFigure(): Promise<Record<string, Figure>> {
  const caches = mkdtempSync(join(tmpdir(), "moonback-cold-"));
  const cold = { MOONBACK_CACHE_DIR: join(caches, "tools"), GOPATH: join(caches, "go"), GOCACHE: join(caches, "go-build"), GOFLAGS: "-modcacherw", PIP_NO_CACHE_DIR: "1" };
  const before = Object.fromEntries(Object.keys(cold).map((name) => [name, process.env[name]]));
  await using trial = new Trial();
  try {
    Object.assign(process.env, cold);
    say("up from empty caches: this takes minutes");
    const first = await seconds(() => trial.must("up", "--through", "network"));
    const rest = await seconds(() => trial.must("up"));
    await trial.must("down", "--yes");
    return {
      coldUp: { value: rounded(first), unit: "s", goal: 300, what: "up from nothing with empty tool, Go and pip caches, to the first gates green" },
      coldUpAll: { value: rounded(first + rest), unit: "s", goal: 1200, what: "the same to all gates green" },
    };
  } finally {
    for (const [name, value] of Object.entries(before)) if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
    await execa("chmod", ["-R", "u+w", caches]);
    rmSync(caches, { recursive: true, force: true });
  }
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

const cold = ["coldUp", "coldUpAll"];
const expected = ["help", "status", "configValidation", "warmUp", "noopUp", "down", "downKeepingWorld", "interrupt", "upAfterKill", "previewOffline", "overhead", ...(options.quick ? [] : cold)];
const figures = { ...(await warmFigures()), ...(options.quick ? {} : await coldFigure()) };
process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), node: process.version, rounds, leftOut: options.quick ? cold : [], figures }, undefined, 2)}\n`);
const missing = expected.filter((name) => !Number.isFinite((figures as Record<string, Figure | undefined>)[name]?.value));
if (missing.length > 0) {
  say(`missing: ${missing.join(", ")}`);
  process.exitCode = 1;
}
