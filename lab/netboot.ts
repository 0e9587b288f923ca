/** `npm run lab:netboot`: an arm64 UEFI machine really boots from the network by our home-lab bundle (docs/netboot-lab.md). */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ExitCode, UserError } from "../common/errors.ts";
import { hasEnded } from "../common/process-stat.ts";
import { processStartTime } from "../common/process-start-time.ts";
import { ensureTool } from "../toolchain/toolchain.ts";
import { boot } from "./boot.ts";
import { writeBundle } from "./bundle.ts";
import { ensureMedia } from "./media.ts";
import { labProblem } from "./needs.ts";
import { isGood, progressLine, table } from "./report.ts";

const interrupt = new AbortController();
const say = (line: string): boolean => process.stderr.write(`${line}\n`);

async function main(): Promise<ExitCode> {
  const problem = await labProblem();
  if (problem !== undefined) throw problem;
  const options = { progress: (line: string) => say(`► ${line}`), signal: interrupt.signal };
  const media = await ensureMedia(options);
  const matchbox = await ensureTool("matchbox", options);
  const folder = runFolder();
  const bundle = join(folder, "bundle");
  const logs = join(folder, "logs");
  say("► rendering the bundle of a home lab");
  const expected = await writeBundle(bundle, media);
  say("► switching the machine on: arm64, UEFI, without KVM; about half a minute on an idle host");
  const booted = await boot({ bundle, expected, media, matchbox: matchbox.path, logs, onStep: (step) => say(progressLine(step)), signal: interrupt.signal });
  process.stdout.write(`\n${table(booted)}\n\nreal: dnsmasq, matchbox ${matchbox.version}; from Debian: ${media.packages.join(", ")}\nin Talos' place: lab/machine/init\nlogs: ${logs}\n`);
  return isGood(booted) ? ExitCode.done : ExitCode.failed;
}

/** A folder for this run, kept to be looked at until the next one. No environment has such a name (stacks/config.ts). */
function runFolder(): string {
  const parent = join(import.meta.dirname, "../.moonback/netboot-lab");
  try {
    mkdirSync(parent, { recursive: true });
    for (const name of readdirSync(parent)) {
      const [, pid = "", startTime = ""] = /^run-(\d+)-(\d*)$/.exec(name) ?? [];
      if (pid !== "" && hasEnded(Number(pid), startTime)) rmSync(join(parent, name), { recursive: true });
    }
    const folder = join(parent, `run-${process.pid}-${processStartTime(process.pid) ?? ""}`);
    mkdirSync(folder);
    return folder;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && (error.code === "EACCES" || error.code === "EPERM"))) throw error;
    throw new UserError(`${parent} belongs to somebody else`, { fix: `sudo rm -r ${parent}`, cause: error });
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => interrupt.abort());
try {
  process.exitCode = await main();
} catch (error) {
  if (interrupt.signal.aborted) process.exitCode = ExitCode.interrupted;
  else if (error instanceof UserError) {
    say(`✗ ${error.message}`);
    if (error.fix !== undefined) say(`  next: ${error.fix}`);
    process.exitCode = error.exitCode;
  } else throw error;
}
