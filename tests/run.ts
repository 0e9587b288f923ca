// The test command: runs every suite, goes on past a red one, and ends with one true line, `N passed, N failed`.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { suites, type Suite } from "./suites.ts";
import { total, type Outcome } from "./counts.ts";

const checkout = join(import.meta.dirname, "..");

/** Slow suites wait more than they work, so two share the machine. Each world has an address plan of its own. */
const lanes = 2;

/** Runs one suite and prints what it said in one piece, since another one may be running. */
async function run(suite: Suite, scratch: string): Promise<Outcome> {
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
  const result = judge(suite, exitCode, existsSync(counts) ? (JSON.parse(readFileSync(counts, "utf8")) as Outcome) : undefined);
  process.stdout.write(`\n${all}\n── ${suite.name}: ${result.passed} passed, ${result.failed} failed (${seconds} s)\n`);
  return result;
}

/** Fast suites one after the other; then the slow ones side by side, the next one wherever a lane is free. */
async function runAll(chosen: readonly Suite[], scratch: string): Promise<Outcome[]> {
  const results: Outcome[] = [];
  for (const suite of chosen.filter(({ fast }) => fast)) results.push(await run(suite, scratch));
  const waiting = chosen.filter(({ fast }) => !fast);
  const lane = async (): Promise<void> => {
    for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift()) results.push(await run(suite, scratch));
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

/** A suite that crashed, said nothing or ran nothing has failed, whatever else it printed. */
export function judge({ name, kind }: Pick<Suite, "name" | "kind">, exitCode: number | undefined, counted: Outcome | undefined): Outcome {
  const ended = exitCode === undefined ? "was ended by a signal" : `ended with exit code ${exitCode}`;
  const outcome = counted ?? { passed: 0, failed: 0, skipped: 0, failures: [] };
  const failedAsAWhole = (error: string): Outcome => ({ ...outcome, failed: outcome.failed + 1, failures: [...outcome.failures, { title: `${name} (the suite)`, error }] });
  if (kind === "check") return exitCode === 0 ? { ...outcome, passed: 1 } : failedAsAWhole(ended);
  if (counted === undefined) return failedAsAWhole(`${ended} before it could count`);
  if ((counted.failed > 0) !== (exitCode !== 0)) return failedAsAWhole(`${ended} with ${counted.failed} tests failed`);
  return counted.passed + counted.failed === 0 ? failedAsAWhole("ran nothing") : counted;
}

/** What failed, once more at the end: what printed it first may be thousands of lines above. */
export function failuresText(results: readonly Outcome[]): string {
  return results.flatMap(({ failures }) => failures.map(({ title, error }) => `✗ ${title}\n${error.replaceAll(/^/gm, "    ")}\n`)).join("");
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
  process.stdout.write(`\n${failuresText(results)}\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
}
