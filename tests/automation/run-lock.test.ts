import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { directoriesIn } from "../../automation/directories.ts";
import { describeHolder, holdEnvironment, isDead, isHeld, readHolder, type Holder } from "../../automation/run-lock.ts";
import type { Session } from "../../automation/session.ts";
import { ExitCode, UserError } from "../../common/errors.ts";
import { poll, type Clock } from "../../common/poll.ts";
import { processStat } from "../../common/process-stat.ts";
import { captured } from "./capture.ts";

const sleeping = () => execa("sh", ["-c", "exec sleep 600"], { reject: false });

describe("the lock of an environment", () => {
  let root: string;
  let children: { kill: (signal: NodeJS.Signals) => boolean }[];
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "moonback-lock-"));
    children = [];
  });
  afterEach(() => {
    for (const child of children) child.kill("SIGKILL");
    rmSync(root, { recursive: true, force: true });
  });

  const file = (): string => directoriesIn(root, root).runLock;
  const written = (holder: unknown): void => writeFileSync(file(), typeof holder === "string" ? holder : JSON.stringify(holder));
  const holder = (over: Partial<Holder> = {}): Holder => ({ verb: "down", run: "20260102T030405Z-abcd", pid: process.pid, startTime: processStat(process.pid)?.startTime ?? "", host: hostname(), user: "somebody", since: "2026-01-02T03:04:05.000Z", ...over });
  const living = (): Holder => {
    const child = sleeping();
    children.push(child);
    return holder({ pid: child.pid ?? 0, startTime: processStat(child.pid ?? 0)?.startTime ?? "?" });
  };
  const ended = async (): Promise<Holder> => {
    const child = sleeping();
    const { pid = 0 } = child;
    const startTime = processStat(pid)?.startTime ?? "?";
    child.kill("SIGKILL");
    await child;
    return holder({ pid, startTime });
  };

  function newSession(clock?: Clock): { session: Session; said: () => string } {
    const { console, stderr, clock: still } = captured();
    const session = { environment: { name: "lab" }, directories: directoriesIn(root, root), console, clock: clock ?? still, signal: new AbortController().signal, journal: { run: "20260909T090909Z-ffff" } };
    return { session: session as unknown as Session, said: stderr };
  }
  const inside = (): Promise<Holder | "unreadable" | undefined> => Promise.resolve(readHolder(file()));
  const refusal = async (session: Session): Promise<UserError> => {
    let began = false;
    const error = await holdEnvironment(session, "up", () => Promise.resolve((began = true))).catch((thrown: unknown) => thrown);
    expect([began, error instanceof UserError], String(error)).to.deep.equal([false, true]);
    return error as UserError;
  };

  it("names who holds it while the work goes on, and is gone after", async () => {
    const { session, said } = newSession();
    expect(isHeld(session)).to.equal(false);
    const seen = await holdEnvironment(session, "up", async () => ({ holder: await inside(), held: isHeld(session) }));
    expect(seen.held).to.equal(true);
    expect(seen.holder).to.deep.include({ verb: "up", run: "20260909T090909Z-ffff", pid: process.pid, host: hostname(), since: "2026-01-02T03:04:05.000Z", startTime: processStat(process.pid)?.startTime });
    expect([isHeld(session), readdirSync(root), said()]).to.deep.equal([false, [], ""]);
  });

  it("is gone after work that failed, too, and the failure is what is told", async () => {
    const { session } = newSession();
    const error = await holdEnvironment(session, "up", () => Promise.reject(new Error("it broke"))).catch((thrown: unknown) => thrown);
    expect([(error as Error).message, readdirSync(root), isHeld(session)]).to.deep.equal(["it broke", [], false]);
  });

  it("that somebody else has by now is not taken away", async () => {
    const other = holder({ run: "another" });
    await holdEnvironment(newSession().session, "up", async () => {
      await inside();
      written(other);
    });
    expect(readHolder(file())).to.deep.equal(other);
  });

  it("of a run that works on this machine stays, and the other is told who it is, exit 5", async () => {
    const other = living();
    written(other);
    const { message, exitCode, fix } = await refusal(newSession().session);
    expect([message, exitCode]).to.deep.equal([`lab is being changed by \`down\` (pid ${other.pid}) of somebody on ${hostname()}, since 2026-01-02T03:04:05.000Z.`, ExitCode.locked]);
    expect(fix).to.include("Ctrl-C").and.not.include("unlock");
    expect([readHolder(file()), readdirSync(root)]).to.deep.equal([other, ["run.lock"]]);
  });

  it("of this very process is no exception", async () => {
    const { session } = newSession();
    await holdEnvironment(session, "up", async () => expect((await refusal(session)).exitCode).to.equal(ExitCode.locked));
    expect(readdirSync(root)).to.deep.equal([]);
  });

  it("of a run on another machine stays whatever its process is here, and the way out is named", async () => {
    const elsewhere = { ...(await ended()), host: "elsewhere.example" };
    written(elsewhere);
    const { message, exitCode, fix } = await refusal(newSession().session);
    expect(message).to.include("elsewhere.example");
    expect([exitCode, fix]).to.deep.equal([ExitCode.locked, "Wait for that run to end. If that machine is gone, `npm run unlock -- lab`."]);
    expect(readHolder(file())).to.deep.equal(elsewhere);
  });

  it("of a run that was killed is cleared, and that is said", async () => {
    const dead = await ended();
    written(dead);
    const { session, said } = newSession();
    expect(await holdEnvironment(session, "up", inside)).to.include({ verb: "up", pid: process.pid });
    expect(said()).to.equal(`⚠ the run \`down\` of 2026-01-02T03:04:05.000Z (pid ${dead.pid}) was killed: its lock is cleared\n`);
    expect(readdirSync(root)).to.deep.equal([]);
  });

  it("of a run whose number another process has by now is cleared", async () => {
    written({ ...living(), startTime: "1" });
    const { session, said } = newSession();
    expect(await holdEnvironment(session, "up", inside)).to.include({ verb: "up" });
    expect(said()).to.include("its lock is cleared");
  });

  it("of a run that only waits to be reaped is cleared", async () => {
    // A shell that becomes another program forgets its child, which nobody collects then.
    const parent = execa("sh", ["-c", "sleep 0.1 & echo $!; exec sleep 600"], { reject: false });
    children.push(parent);
    const [line] = await parent.iterable()[Symbol.asyncIterator]().next().then(({ value }) => [String(value)]);
    const pid = Number(line);
    await poll(() => Promise.resolve(/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8")) ? { done: true, value: true } : { done: false, reason: "it works" }), { timeoutMs: 10_000, intervalMs: 20 });
    for (const startTime of ["", "123"]) {
      written(holder({ pid, startTime }));
      const { session, said } = newSession();
      await holdEnvironment(session, "up", inside);
      expect(said()).to.include("its lock is cleared");
    }
  });

  it("of a run that wrote no start time stays as long as there is such a process", async () => {
    written({ ...living(), startTime: "" });
    expect((await refusal(newSession().session)).exitCode).to.equal(ExitCode.locked);
    written({ ...(await ended()), startTime: "" });
    expect(await holdEnvironment(newSession().session, "up", inside)).to.include({ verb: "up" });
  });

  for (const [what, text] of Object.entries({
    "nothing": "", "zeros": "\0".repeat(64), "half of it": '{"verb":"up","run":"2026', "something else": '{"pid":1}', "the number of a whole group": JSON.stringify({ verb: "up", run: "r", pid: 0, startTime: "", host: "h", user: "u", since: "s" }),
  })) {
    it(`of which ${what} is left is cleared, and that is said`, async () => {
      written(text);
      expect(readHolder(file())).to.equal("unreadable");
      const { session, said } = newSession();
      expect(await holdEnvironment(session, "up", inside)).to.include({ verb: "up" });
      expect(said()).to.include("cannot be read: cleared");
    });
  }

  it("that cannot be written is not taken, nothing is left, and the work is not begun", async () => {
    symlinkSync("/dev/full", `${file()}.20260909T090909Z-ffff-${process.pid}`);
    const { session } = newSession();
    let began = false;
    const error = await holdEnvironment(session, "up", () => Promise.resolve((began = true))).catch((thrown: unknown) => thrown);
    expect([String(error).includes("ENOSPC"), began, readdirSync(root), isHeld(session)]).to.deep.equal([true, false, [], false]);
  });

  it("of a dead run is cleared by one at a time: one that was killed at it is in nobody's way", async () => {
    written(await ended());
    writeFileSync(`${file()}.clearing`, JSON.stringify(await ended()));
    const { session, said } = newSession();
    expect(await holdEnvironment(session, "up", inside)).to.include({ verb: "up" });
    expect([said().split("\n").filter((line) => line.includes("cleared")).length, readdirSync(root)]).to.deep.equal([1, []]);
  });

  it("of a dead run stays where another clears it and does not come to an end", async () => {
    const dead = await ended();
    written(dead);
    writeFileSync(`${file()}.clearing`, JSON.stringify(living()));
    const { message, exitCode, fix } = await refusal(newSession().session);
    expect(message).to.include("cannot be cleared");
    expect([exitCode, fix, readHolder(file())]).to.deep.equal([ExitCode.locked, "`npm run unlock -- lab`", dead]);
  });

  it("is taken before what killed runs left is ended, and work begins after", async () => {
    const { processes } = directoriesIn(root, root);
    const dead = await ended();
    mkdirSync(processes);
    writeFileSync(join(processes, "killed.processes"), `${dead.pid} ${dead.startTime}\n`);
    expect(await holdEnvironment(newSession().session, "up", () => Promise.resolve(readdirSync(processes)))).to.deep.equal([]);
  });

  it("is described with all that helps to find it, and is not dead only for being far away", () => {
    expect(describeHolder(holder({ pid: 7, user: "ann", host: "h" }))).to.equal("`down` (pid 7) of ann on h, since 2026-01-02T03:04:05.000Z");
    expect(isDead({ host: "elsewhere", pid: 999_999_999, startTime: "1" })).to.equal(false);
    expect(isDead({ host: hostname(), pid: 999_999_999, startTime: "1" })).to.equal(true);
  });
});

describe("the lock of an environment that twenty runs want at once", function () {
  this.timeout(120_000);
  const takers = 20;
  const roundsEach = 6;
  const root = mkdtempSync(join(tmpdir(), "moonback-lock-"));
  const file = directoriesIn(root, root).runLock;
  const lines: string[] = [];
  let taken: { kill: (signal: NodeJS.Signals) => boolean }[] = [];
  let round = 0;

  const until = (done: () => boolean): Promise<true> =>
    poll(() => Promise.resolve(done() ? { done: true, value: true } : { done: false, reason: `round ${round}: ${lines.join("\n")}` }), { timeoutMs: 60_000, intervalMs: 5 });
  const killed = async (): Promise<string> => {
    const child = execa("sh", ["-c", "exec sleep 600"], { reject: false });
    const { pid = 0 } = child;
    const holder: Holder = { verb: "down", run: "r", pid, startTime: processStat(pid)?.startTime ?? "?", host: hostname(), user: "somebody", since: "2026-01-02T03:04:05.000Z" };
    child.kill("SIGKILL");
    await child;
    return JSON.stringify(holder);
  };

  before(async () => {
    taken = Array.from({ length: takers }, () => {
      const taker = execa(process.execPath, [join(import.meta.dirname, "lock-taker.ts"), root], { all: true, reject: false, stdin: "ignore" });
      void (async () => {
        for await (const line of taker.iterable({ from: "all" })) lines.push(line);
      })();
      return taker;
    });
    await until(() => lines.filter((line) => line === "ready").length === takers);
  });
  after(() => {
    for (const taker of taken) taker.kill("SIGKILL");
    rmSync(root, { recursive: true, force: true });
  });

  for (const [what, before] of Object.entries<() => Promise<void>>({
    "is free": () => Promise.resolve(),
    "is held by a run that was killed": async () => writeFileSync(file, await killed()),
    "is held by a run that was killed, as was one that cleared it": async () => {
      writeFileSync(file, await killed());
      writeFileSync(`${file}.clearing`, await killed());
    },
    "is cut short": () => writeFile(file, ""),
  })) {
    it(`and ${what}: one gets it, every other is told who, and nothing is left`, async () => {
      for (const end = round + roundsEach; round < end; round += 1) {
        await before();
        writeFileSync(join(root, `go-${round}`), "");
        const prefix = `${round} `;
        await until(() => lines.filter((line) => line.startsWith(prefix)).length === takers);
        const said = lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
        const held = said.filter((line) => line === "held");
        const told = said.filter((line) => /^exit 5 lab is being changed by `up` \(pid \d+\)/.test(line));
        expect([held.length, told.length], said.join("\n")).to.deep.equal([1, takers - 1]);
        writeFileSync(join(root, `stop-${round}`), "");
        await until(() => !existsSync(file));
      }
      expect(readdirSync(root).filter((name) => !/^(go|stop)-\d+$/.test(name))).to.deep.equal([]);
    });
  }
});
