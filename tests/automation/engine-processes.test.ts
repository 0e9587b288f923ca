import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { execa } from "execa";
import { checkout, directoriesIn } from "../../automation/directories.ts";
import { endOrphans, EngineProcesses, sessionsOf } from "../../automation/recovery/engine-processes.ts";
import { UserError } from "../../common/errors.ts";
import { poll, type Clock } from "../../common/poll.ts";
import { processStat, processTable, type ProcessStat } from "../../common/process-stat.ts";
import { captured } from "./capture.ts";

const shim = join(checkout, "automation/engine-shim/bin/pulumi");
const works = (pid: number): boolean => processStat(pid) !== undefined;
const until = (what: string, done: () => boolean): Promise<true> => poll(() => Promise.resolve(done() ? { done: true, value: true } : { done: false, reason: what }), { timeoutMs: 20_000, intervalMs: 20 });
const untilGone = (pid: number): Promise<true> => until(`${pid} still runs`, () => !works(pid));
const ref = (pid: number): { pid: number; startTime: string } => ({ pid, startTime: processStat(pid)?.startTime ?? "?" });

/** Thirty seconds are half of one, so that the patience for real engines does not have to be waited for. */
const hurried: Clock = { now: () => Date.now(), elapsed: () => performance.now() * 60, wait: (milliseconds) => delay(Math.max(milliseconds / 60, 5)) };

/** An engine with two plugins in process groups of their own, as the real one starts them. `$1` is the folder that takes their numbers. */
const engine = (onSignals: string, plugin: string): string => `#!/usr/bin/env bash
set -m
bash -c '${plugin}; while :; do read -rt 600 <> <(:); done' plugin & echo $! >"$1/first.pid"
bash -c '${plugin}; while :; do read -rt 600 <> <(:); done' plugin & echo $! >"$1/second.pid"
${onSignals}
echo "$$ $*" >"$1/engine"
while :; do read -rt 600 <> <(:); done
`;

describe("the processes of an engine", function () {
  this.timeout(60_000);
  let root: string;
  let started: number[];
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "moonback-engines-"));
    started = [];
  });
  afterEach(() => {
    // All of a test's processes are in sessions that it has started.
    for (const { pid } of processTable().filter(({ pid, session }) => started.includes(session) || started.includes(pid))) process.kill(pid, "SIGKILL");
    rmSync(root, { recursive: true, force: true });
  });

  const folder = (): string => directoriesIn(root, root).processes;
  const read = (name: string): string => (existsSync(join(root, name)) ? readFileSync(join(root, name), "utf8") : "");
  const numberIn = (name: string): number => Number.parseInt(read(name), 10);

  /** Starts such an engine by the real shim, which records it. */
  async function start(record: string, { onSignals = "", plugin = ":" }: { readonly onSignals?: string; readonly plugin?: string } = {}): Promise<{ readonly engine: number; readonly plugins: readonly number[] }> {
    const program = join(root, "fake-pulumi");
    writeFileSync(program, engine(onSignals, plugin));
    chmodSync(program, 0o755);
    for (const name of ["engine", "first.pid", "second.pid"]) rmSync(join(root, name), { force: true });
    const child = execa(shim, [root, "up", "--yes"], { env: { MOONBACK_PULUMI: program, MOONBACK_ENGINES: record }, stdin: "ignore", stdout: "ignore", stderr: "ignore", reject: false });
    started.push(child.pid ?? 0);
    await until("the engine is not up", () => read("engine") !== "" && read("first.pid") !== "" && read("second.pid") !== "");
    return { engine: numberIn("engine"), plugins: [numberIn("first.pid"), numberIn("second.pid")] };
  }

  /** The record of a run that was killed, with these lines after its own. */
  async function recordOfKilled(name: string, ...lines: readonly string[]): Promise<string> {
    const run = execa("sh", ["-c", "exec sleep 600"], { reject: false });
    const { pid, startTime } = ref(run.pid ?? 0);
    run.kill("SIGKILL");
    await run;
    const file = join(folder(), `${name}.processes`);
    mkdirSync(folder(), { recursive: true });
    writeFileSync(file, `${pid} ${startTime}\n${lines.join("")}`);
    return file;
  }

  async function end(signal = new AbortController().signal): Promise<string> {
    const { console, stderr } = captured();
    await endOrphans({ console, directories: directoriesIn(root, root), signal, clock: hurried });
    return stderr();
  }

  describe("that the shim starts", () => {
    it("are recorded by number and start time, one session with all their plugins", async () => {
      const record = join(root, "record");
      const { engine: pid, plugins } = await start(record);
      expect(readFileSync(record, "utf8")).to.equal(`${pid} ${processStat(pid)?.startTime ?? "?"}\n`);
      expect([pid, ...plugins].map((one) => processStat(one)?.session)).to.deep.equal([pid, pid, pid]);
      expect(read("engine")).to.equal(`${pid} ${root} up --yes\n`);
      expect(sessionsOf([ref(pid)]).map((one) => one.pid)).to.include.members([pid, ...plugins]);
    });

    it("are started without a record where none is wanted, as for the version", async () => {
      const { stdout } = await execa(shim, ["version"], { env: { MOONBACK_PULUMI: "/bin/echo" } });
      expect(stdout).to.equal("version");
    });

    for (const [what, record] of Object.entries({ "the disk is full": "/dev/full", "the folder is gone": "/nowhere/record" })) {
      it(`are not started where ${what}: nobody would end them`, async () => {
        const { exitCode, stdout, stderr } = await execa(shim, ["started"], { env: { MOONBACK_PULUMI: "/bin/echo", MOONBACK_ENGINES: record }, reject: false });
        expect([exitCode, stdout]).to.deep.equal([1, ""]);
        expect(stderr).to.match(/^error: .*\(is the disk full\?\)/m);
      });
    }
  });

  describe("of a run that was killed", () => {
    it("are ended: the engine is asked once, and has the time to record; its plugins go after it", async () => {
      const file = await recordOfKilled("a");
      const { engine: pid, plugins } = await start(file, { onSignals: `trap 'echo INT >>"$1/signals"; sleep 0.2; kill -0 $(cat "$1/first.pid") && echo recorded >>"$1/signals"; exit 0' INT; trap 'echo TERM >>"$1/signals"' TERM` });
      const said = await end();
      for (const one of [pid, ...plugins]) expect(works(one), String(one)).to.equal(false);
      expect(read("signals")).to.equal("INT\nrecorded\n");
      expect(said).to.match(new RegExp(`^⚠ a run that was killed left bash fake-pulumi .*\\(pid ${pid}\\), bash .*: ended`));
      expect(readdirSync(folder())).to.deep.equal([]);
    });

    it("are ended also where none of them wants to", async () => {
      const file = await recordOfKilled("a");
      const ignore = 'trap "" INT TERM HUP';
      const { engine: pid, plugins } = await start(file, { onSignals: `trap "" INT TERM HUP`, plugin: ignore });
      await end();
      for (const one of [pid, ...plugins]) expect(works(one), String(one)).to.equal(false);
    });

    it("are ended where one is stopped", async () => {
      const { engine: pid, plugins } = await start(await recordOfKilled("a"));
      process.kill(plugins[0] ?? 0, "SIGSTOP");
      await end();
      for (const one of [pid, ...plugins]) expect(works(one), String(one)).to.equal(false);
    });

    it("are ended where only plugins are left", async () => {
      const { engine: pid, plugins } = await start(await recordOfKilled("a"));
      process.kill(pid, "SIGKILL");
      await untilGone(pid);
      expect(plugins.map(works), "they outlive it").to.deep.equal([true, true]);
      expect(await end()).to.include("ended");
      expect(plugins.map(works)).to.deep.equal([false, false]);
    });

    it("are ended whichever of several runs they are of", async () => {
      const first = await start(await recordOfKilled("a"));
      const second = await start(await recordOfKilled("b"));
      await end();
      expect([first, second].flatMap(({ engine: pid, plugins }) => [pid, ...plugins]).map(works)).to.deep.equal(Array(6).fill(false));
      expect(readdirSync(folder())).to.deep.equal([]);
    });

    it("are ended also where nothing is left of its own line: an engine is not taken for the run", async () => {
      const { engine: pid } = await start(join(root, "elsewhere"));
      mkdirSync(folder(), { recursive: true });
      writeFileSync(join(folder(), "a.processes"), `\n${pid} ${processStat(pid)?.startTime ?? "?"}\n`);
      expect(await end()).to.include(`(pid ${pid})`);
      expect(works(pid)).to.equal(false);
    });

    it("need nothing to be said where they have ended by themselves, and nothing is left of the record", async () => {
      await recordOfKilled("a", "999999999 1\n");
      expect(await end()).to.equal("");
      expect(readdirSync(folder())).to.deep.equal([]);
      rmSync(folder(), { recursive: true });
      expect(await end(), "nor where nothing was ever started").to.equal("");
    });

    it("stay recorded where ending them is interrupted, and the next run ends them", async () => {
      const file = await recordOfKilled("a");
      const { engine: pid } = await start(file, { onSignals: `trap "" INT TERM` });
      const interrupt = new AbortController();
      setTimeout(() => interrupt.abort(new Error("interrupted")), 100);
      const error = await end(interrupt.signal).catch((thrown: unknown) => thrown);
      expect([(error as Error).message, works(pid), existsSync(file)]).to.deep.equal(["interrupted", true, true]);
      await end();
      expect(works(pid)).to.equal(false);
    });

    it("are named where they cannot be ended, and stay recorded", async () => {
      const file = await recordOfKilled("a");
      const { engine: pid } = await start(file);
      const kill = process.kill.bind(process);
      // As for another user's process.
      process.kill = (one, signal) => {
        if (signal === 0) return kill(one, 0);
        throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
      };
      const error = await end().catch((thrown: unknown) => thrown).finally(() => (process.kill = kill));
      expect(error).to.be.instanceOf(UserError).with.property("message").that.includes(`(pid ${pid})`);
      expect((error as UserError).fix).to.match(new RegExp(`sudo kill -KILL ${pid} \\d+ \\d+`));
      expect(existsSync(file)).to.equal(true);
    });
  });

  describe("that are not a killed run's stay alive:", () => {
    it("those of a run that works, and their record stays", async () => {
      const run = execa("sh", ["-c", "exec sleep 600"], { reject: false });
      started.push(run.pid ?? 0);
      const file = join(folder(), "b.processes");
      mkdirSync(folder(), { recursive: true });
      writeFileSync(file, `${run.pid} ${processStat(run.pid ?? 0)?.startTime ?? "?"}\n`);
      const { engine: pid, plugins } = await start(file);
      expect(await end()).to.equal("");
      expect([...[pid, ...plugins].map(works), existsSync(file)]).to.deep.equal([true, true, true, true]);
    });

    it("a run that wrote no start time counts as alive as long as there is such a process", async () => {
      const file = join(folder(), "b.processes");
      mkdirSync(folder(), { recursive: true });
      writeFileSync(file, `${process.pid} \n`);
      const { engine: pid } = await start(file);
      await end();
      expect([works(pid), existsSync(file)]).to.deep.equal([true, true]);
    });

    it("one that has a recorded number by now, and its session", async () => {
      const { engine: pid, plugins } = await start(join(root, "elsewhere"));
      const file = await recordOfKilled("a", `${pid} ${Number(processStat(pid)?.startTime) - 1}\n`);
      expect(await end()).to.equal("");
      expect([pid, ...plugins].map(works)).to.deep.equal([true, true, true]);
      expect(existsSync(file)).to.equal(false);
    });

    it("a daemon whose own session has a recorded number, when the one that began it has ended", async () => {
      // As daemons do: the leader of the session ends, and the session goes on under its number.
      const { stdout } = await execa("sh", ["-c", `exec setsid --wait sh -c 'sleep 600 >/dev/null 2>&1 & echo "$$ $!"'`], { extendEnv: false, env: { PATH: process.env["PATH"] } });
      const [leader = 0, daemon = 0] = stdout.split(" ").map(Number);
      started.push(leader);
      await until("the leader still runs", () => !works(leader));
      expect(processStat(daemon)?.session).to.equal(leader);
      await recordOfKilled("a", `${leader} 1\n`);
      expect(await end()).to.equal("");
      expect(works(daemon)).to.equal(true);
    });

    it("what a line that was cut short, or holds something else, names", async () => {
      const { engine: pid, plugins } = await start(join(root, "elsewhere"));
      const line = `${pid} ${processStat(pid)?.startTime ?? "?"}`;
      for (const text of [line, `${line} 1\n`, `x ${line}\n`, `-${line}\n`, "0 1\n", "\n \n1\n"]) {
        await recordOfKilled("a", text);
        expect(await end(), JSON.stringify(text)).to.equal("");
        expect(readdirSync(folder())).to.deep.equal([]);
      }
      expect([pid, ...plugins].map(works)).to.deep.equal([true, true, true]);
    });
  });

  describe("of this run", () => {
    it("are recorded after its own, from the beginning to the end", () => {
      const engines = new EngineProcesses(folder(), "20260102T030405Z-abcd");
      engines.begin();
      const own = `${process.pid} ${processStat(process.pid)?.startTime ?? "?"}\n`;
      expect([engines.file, readFileSync(engines.file, "utf8")]).to.deep.equal([join(folder(), "20260102T030405Z-abcd.processes"), own]);
      writeFileSync(engines.file, `${own}7 8\n`);
      engines.begin();
      expect(readFileSync(engines.file, "utf8"), "what is recorded stays").to.equal(`${own}7 8\n`);
      engines.end();
      engines.end();
      expect(readdirSync(folder())).to.deep.equal([]);
    });

    it("are ended at once when nobody wants to wait, each run's own", async () => {
      const engines = new EngineProcesses(folder(), "mine");
      engines.kill();
      engines.begin();
      const mine = await start(engines.file, { onSignals: `trap 'echo asked >"$1/signals"' INT TERM`, plugin: 'trap "" INT TERM' });
      const other = await start(join(folder(), "other.processes"));
      engines.kill();
      for (const pid of [mine.engine, ...mine.plugins]) await untilGone(pid);
      expect([read("signals"), ...[other.engine, ...other.plugins].map(works)]).to.deep.equal(["", true, true, true]);
    });

    it("have no record where the disk is full, so that none is started", () => {
      const engines = new EngineProcesses(folder(), "mine");
      mkdirSync(folder(), { recursive: true });
      symlinkSync("/dev/full", `${engines.file}.new`);
      expect(() => engines.begin()).to.throw("ENOSPC");
      expect(existsSync(engines.file)).to.equal(false);
    });
  });

  it("are told by the table alone where that is enough", () => {
    const one = (pid: number, session: number, startTime = "1"): ProcessStat => ({ pid, session, startTime, program: "p" });
    const never = (): boolean => { throw new Error("nobody was to be asked"); };
    const numbers = (engines: { pid: number; startTime: string }[], table: ProcessStat[], isOfEngine: (pid: number) => boolean = never): number[] => sessionsOf(engines, table, isOfEngine).map(({ pid }) => pid);
    const mine = { pid: 10, startTime: "5" };
    expect(numbers([mine], [one(1, 1), one(10, 10, "5"), one(11, 10), one(20, 20), one(21, 20)])).to.deep.equal([10, 11]);
    expect(numbers([mine], [one(10, 10, "6"), one(11, 10)]), "the number is another's").to.deep.equal([]);
    expect(numbers([mine], [one(10, 9, "6"), one(11, 9)]), "or not even a session").to.deep.equal([]);
    expect(numbers([mine], [])).to.deep.equal([]);
    expect(numbers([mine], [one(11, 10), one(12, 10)], (pid) => pid === 12), "one of ours tells of all").to.deep.equal([11, 12]);
    expect(numbers([mine], [one(11, 10), one(12, 10)], () => false)).to.deep.equal([]);
    expect(numbers([mine, { pid: 20, startTime: "1" }], [one(10, 10, "5"), one(20, 20, "1"), one(21, 20)])).to.deep.equal([10, 20, 21]);
  });
});
