import { expect } from "chai";
import { execa } from "execa";
import { readFileSync } from "node:fs";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { poll } from "../../common/poll.ts";
import { findEntry, ensureEntry } from "../../toolchain/cache.ts";
import { systemExec } from "../../toolchain/exec.ts";
import { makeExecutable, newWorld, rejection, type World } from "./world.ts";

const id = { name: "thing", version: "1.0.0", key: "abc" };

/** Starts tests/toolchain/builder.ts and collects what it says. */
function startBuilder(world: World, ...more: string[]) {
  const child = execa(process.execPath, [join(import.meta.dirname, "builder.ts"), world.cacheDir, join(world.root, "made"), join(world.root, "gate"), ...more], {
    reject: false, all: true,
  });
  const lines: string[] = [];
  const ended = (async () => {
    for await (const line of child.iterable({ from: "all" })) lines.push(line);
  })().catch(() => undefined);
  const says = (pattern: RegExp) =>
    poll(() => Promise.resolve(find(lines, pattern)), { timeoutMs: 20_000, intervalMs: 20 });
  return { child, lines, ended, says };
}

function find(lines: readonly string[], pattern: RegExp) {
  const line = lines.find((text) => pattern.test(text));
  return line === undefined
    ? ({ done: false, reason: `no line fits ${String(pattern)} in: ${lines.join(" / ")}` } as const)
    : ({ done: true, value: line } as const);
}

/** Whether a process still works; one that has ended and was not collected yet does not. */
function works(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
  } catch {
    return false;
  }
}

const isGone = (pid: number) =>
  poll(() => Promise.resolve(works(pid) ? { done: false, reason: `process ${pid} still runs` } : { done: true, value: true }), { timeoutMs: 10_000, intervalMs: 20 });

const childOf = async (builder: ReturnType<typeof startBuilder>) => Number((await builder.says(/^child /)).split(" ")[1]);

describe("builders as real processes", function () {
  this.timeout(60_000);

  it("leave nothing that looks finished when they are killed, and the next one cleans up", async () => {
    await using world = await newWorld();
    const builder = startBuilder(world);
    const grandchild = await childOf(builder);
    builder.child.kill("SIGKILL");
    await builder.child;
    expect(await findEntry(world.context(), id)).to.equal(undefined);
    expect(await world.leftovers("thing")).to.have.length(2);
    await writeFile(join(world.root, "gate"), "");
    const next = startBuilder(world);
    await next.ended;
    await isGone(grandchild);
    expect(next.lines.at(-1)).to.equal(`done ${join(world.cacheDir, "tools/thing/1.0.0-abc/bin/thing")}`);
    expect(await world.leftovers("thing")).to.be.empty;
  });

  it("take their children along when interrupted", async () => {
    await using world = await newWorld();
    const builder = startBuilder(world);
    const grandchild = await childOf(builder);
    builder.child.kill("SIGINT");
    const { exitCode } = await builder.child;
    expect(exitCode).to.equal(130);
    expect(await isGone(grandchild)).to.equal(true);
    expect(await findEntry(world.context(), id)).to.equal(undefined);
  });

  it("clean up before they end when they handle the interruption themselves", async () => {
    await using world = await newWorld();
    const builder = startBuilder(world, "handles-sigint");
    const grandchild = await childOf(builder);
    builder.child.kill("SIGINT");
    const { exitCode } = await builder.child;
    await builder.ended;
    expect(exitCode).to.equal(1);
    expect(builder.lines.join("\n")).to.contain("Error: interrupted");
    expect(await isGone(grandchild)).to.equal(true);
    expect(await readdir(join(world.cacheDir, "tools/thing"))).to.be.empty;
  });

  it("wait for one another: one makes, both end well", async () => {
    await using world = await newWorld();
    const first = startBuilder(world);
    await childOf(first);
    const second = startBuilder(world);
    const waiting = await second.says(/waiting for another run/);
    expect(waiting).to.equal(`waiting for another run (process ${first.child.pid ?? 0}) that is building thing 1.0.0`);
    await writeFile(join(world.root, "gate"), "");
    await Promise.all([first.ended, second.ended]);
    expect(second.lines.at(-1)).to.equal(first.lines.at(-1)).and.match(/^done /);
    expect((await readFile(join(world.root, "made"), "utf8")).trim().split("\n")).to.deep.equal([String(first.child.pid)]);
    expect(await readdir(join(world.cacheDir, "tools/thing"))).to.deep.equal(["1.0.0-abc"]);
  });
});

describe("running a program", function () {
  this.timeout(30_000);
  const sh = (script: string) => ({ command: "/bin/sh", args: ["-c", script], env: process.env });

  it("gives output, its end and the log", async () => {
    await using world = await newWorld();
    const logFile = join(world.root, "log");
    const result = await systemExec({ ...sh("seq 1 20; echo oops >&2; exit 3"), logFile });
    expect(result).to.include({ ok: false, ending: "exited with 3" });
    expect(result.tail).to.have.length(15);
    expect(result.tail.at(-1)).to.equal("oops");
    expect(result.stdout.split("\n")).to.have.length(20);
    expect((await readFile(logFile, "utf8")).split("\n")).to.have.length(22);
  });

  it("says so when it cannot be started", async () => {
    const result = await systemExec({ command: "/nowhere/program", args: [], env: {} });
    expect(result.ok).to.equal(false);
    expect(result.ending).to.match(/^could not be started: .*ENOENT/);
  });

  it("says so when it takes too long", async () => {
    const result = await systemExec({ ...sh("sleep 600"), timeoutMs: 50 });
    expect(result).to.include({ ok: false, ending: "did not end within 0.05 s" });
  });

  it("passes on nothing but the given environment", async () => {
    const result = await systemExec({ command: "/usr/bin/env", args: [], env: { ONLY: "this" } });
    expect(result.stdout.split("\n").filter((line) => !/^(PWD|SHLVL|_)=/.test(line))).to.deep.equal(["ONLY=this"]);
  });

  it("ends the child and its children on abort, and the half-made folder goes", async () => {
    await using world = await newWorld();
    const abort = new AbortController();
    const pids: number[] = [];
    const context = world.context({ exec: systemExec, signal: abort.signal });
    const making = ensureEntry(context, {
      ...id, doing: "building", executable: "bin/thing",
      make: async (folder) => {
        await makeExecutable(join(folder, "bin/thing"));
        await context.exec({ ...sh("sleep 600 & echo $!; echo $$; wait"), signal: abort.signal, onLine: (line) => {
          if (pids.push(Number(line)) === 2) abort.abort(new Error("interrupted"));
        } });
      },
    });
    expect((await rejection(making)).message).to.equal("interrupted");
    expect(pids).to.have.length(2);
    for (const pid of pids) expect(await isGone(pid)).to.equal(true);
    expect(await readdir(join(world.cacheDir, "tools/thing"))).to.be.empty;
  });

  it("starts nothing after an abort", async () => {
    await using world = await newWorld();
    const error = await rejection(systemExec({ ...sh(`touch ${join(world.root, "touched")}`), signal: AbortSignal.abort(new Error("over")) }));
    expect(error.message).to.equal("over");
    expect(await readdir(world.root)).not.to.contain("touched");
  });
});
