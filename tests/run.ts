// The test command: runs every suite, goes on past a red one, and ends with one true line, `N passed, N failed`.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { suites, type Suite } from "./suites.ts";
import { total, type Counts } from "./counts.ts";

const checkout = join(import.meta.dirname, "..");

/** Slow suites wait more than they work, so two share the machine. Each world has an address plan of its own. */
const lanes = 2;

/** Runs one suite and prints what it said in one piece, since another one may be running. */
async function run(suite: Suite, scratch: string): Promise<Counts> {
  const counts = join(scratch, `${suite.name}.json`);
  const started = performance.now();
  process.stdout.write(`── ${suite.name} …\n`);
  const { exitCode, all } = await execa(suite.program, suite.args, {
    cwd: checkout,
    env: { PATH: [join(checkout, "node_modules", ".bin"), process.env["PATH"] ?? ""].join(delimiter), MOONBACK_COUNTS: counts },
    all: true,
    stdin: "ignore",
    reject: false,
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const result = judge(suite, exitCode, existsSync(counts) ? (JSON.parse(readFileSync(counts, "utf8")) as Counts) : undefined);
  process.stdout.write(`\n${all}\n── ${suite.name}: ${result.passed} passed, ${result.failed} failed (${seconds} s)\n`);
  return result;
}

/** Fast suites one after the other; then the slow ones side by side, the next one wherever a lane is free. */
async function runAll(chosen: readonly Suite[], scratch: string): Promise<Counts[]> {
  const results: Counts[] = [];
  for (const suite of chosen.filter(({ fast }) => fast)) results.push(await run(suite, scratch));
  const waiting = chosen.filter(({ fast }) => !fast);
  const lane = async (): Promise<void> => {
    for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift()) results.push(await run(suite, scratch));
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

/** A suite that crashed, said nothing or ran nothing has failed, whatever else it printed. */
export function judge(suite: Pick<Suite, "kind">, exitCode: number | undefined, counted: Counts | undefined): Counts {
  if (suite.kind === "check") return exitCode === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
  const counts = counted ?? { passed: 0, failed: 0, skipped: 0 };
  const consistent = counts.failed > 0 ? exitCode !== 0 : exitCode === 0;
  const ranNothing = counts.passed + counts.failed === 0;
  return consistent && !ranNothing ? counts : { ...counts, failed: counts.failed + 1 };
}

if (import.meta.main) {
  const wanted = process.argv.slice(2);
  const fastOnly = wanted.includes("--fast");
  const names = wanted.filter((word) => !word.startsWith("--"));
  const chosen = suites.filter((suite) => (!fastOnly || suite.fast) && (names.length === 0 || names.includes(suite.name)));
  const scratch = mkdtempSync(join(tmpdir(), "moonback-tests-"));
  const results = await runAll(chosen, scratch);
  rmSync(scratch, { recursive: true });
  const { passed, failed, skipped } = total(results);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
  process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
}
