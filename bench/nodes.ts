// `npm run bench:nodes`: what each stage takes with 3, 30 and 100 nodes, and how much memory the orchestrator needs, as JSON. Growth
// is what counts: all in one run, on one machine, one after the other.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Trial } from "../tests/trial.ts";

const { values: options } = parseArgs({ options: { nodes: { type: "string", default: "3,30,100" } } });
const counts = options.nodes.split(",").map(Number);
const say = (text: string): boolean => process.stderr.write(`${text}\n`);

interface Measured {
  readonly nodes: number;
  /** Stage or gate to seconds. */
  readonly seconds: Readonly<Record<string, number>>;
  /** The most that the orchestrator itself held at once. */
  readonly orchestratorMiB: number;
}

interface Line {
  readonly kind: string;
  readonly stage?: string;
  readonly gate?: string;
  readonly status: string;
  readonly durationMs?: number;
}

async function measure(nodes: number): Promise<Measured> {
  await using trial = new Trial();
  trial.through = "cluster";
  // As many addresses in a row as the subnet has behind the bastion.
  trial.set("bastion.dhcpRange", { first: `${trial.plan}.0.4`, last: `${trial.plan}.0.10` });
  trial.set("nodes.firstAddress", `${trial.plan}.0.101`);
  trial.set("nodes.count", nodes);
  say(`${nodes} nodes: up from nothing`);
  const run = trial.start(["up"], {}, 3_600_000);
  let most = 0;
  const sampling = setInterval(() => (most = Math.max(most, peakOf(run.pid))), 500);
  const { exitCode, stderr } = await run;
  clearInterval(sampling);
  if (exitCode !== 0) throw new Error(`up with ${nodes} nodes ended with ${exitCode ?? "a signal"}:\n${stderr}`);
  const lines = readFileSync(join(trial.runData, "ledger.ndjson"), "utf8").trim().split("\n").map((line) => JSON.parse(line) as Line);
  const ended = lines.filter(({ kind, status, durationMs }) => (kind === "stage" || kind === "gate") && status !== "started" && durationMs !== undefined);
  const seconds = Object.fromEntries(ended.map(({ stage = "", gate, durationMs = 0 }) => [gate === undefined ? stage : `${stage}, gate ${gate}`, Math.round(durationMs / 100) / 10]));
  await trial.must("down", "--yes");
  return { nodes, seconds, orchestratorMiB: Math.round(most / 1024) };
}

/** The highest resident memory of a process so far, in KiB (proc(5), VmHWM). */
function peakOf(pid: number | undefined): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid ?? 0}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

const measured: Measured[] = [];
for (const nodes of counts) measured.push(await measure(nodes));
const [first, last] = [measured[0], measured.at(-1)];
/** How many times as long a stage took, over how many times as many nodes there were: 1 is linear, below is better. */
const growth =
  first === undefined || last === undefined || first === last
    ? {}
    : Object.fromEntries(Object.entries(last.seconds).map(([stage, seconds]) => [stage, Math.round((seconds / (first.seconds[stage] ?? Number.NaN) / (last.nodes / first.nodes)) * 100) / 100]));
process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), node: process.version, measured, growth }, undefined, 2)}\n`);
