import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { poll } from "../../common/poll.ts";
import { isAlive, startDaemon, stopDaemon, type Daemon } from "../../common/daemon.ts";

describe("a daemon", () => {
  let folder: string;
  const started: Daemon[] = [];
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "moonback-daemon-"))));
  afterEach(async () => {
    for (const daemon of started.splice(0)) await stopDaemon(daemon);
    rmSync(folder, { recursive: true });
  });

  const start = async (script: string): Promise<Daemon> => {
    const daemon = await startDaemon({ program: "/bin/sh", args: ["-c", script], directory: folder, variables: { PATH: process.env["PATH"] }, logFile: join(folder, "log") });
    started.push(daemon);
    return daemon;
  };
  const logged = (text: string) =>
    poll(() => Promise.resolve(readFileSync(join(folder, "log"), "utf8").includes(text) ? { done: true as const, value: true } : { done: false as const, reason: `no ${text} in the log` }), { timeoutMs: 10_000, intervalMs: 10 });

  it("writes to its log, lives in a session of its own, and ends when told", async () => {
    const daemon = await start('echo "session $(cut -d" " -f6 /proc/$$/stat)"; exec sleep 60');
    await logged(`session ${daemon.pid}`);
    expect(isAlive(daemon)).to.equal(true);
    await stopDaemon(daemon);
    expect(isAlive(daemon)).to.equal(false);
  });

  it("is ended by force when it does not listen", async () => {
    const daemon = await start('trap "" TERM; echo ready; while :; do sleep 0.1; done');
    await logged("ready");
    await stopDaemon(daemon, 200);
    expect(isAlive(daemon)).to.equal(false);
  });

  it("is not mistaken for a later process with the same pid, which is left alone", async () => {
    const daemon = await start("exec sleep 60");
    const earlier = { ...daemon, startTime: "1" };
    expect(isAlive(earlier)).to.equal(false);
    await stopDaemon(earlier);
    expect(isAlive(daemon)).to.equal(true);
  });

  it("that cannot be started says so", async () => {
    const failure = await startDaemon({ program: "/nowhere/program", args: [], directory: folder, variables: {}, logFile: join(folder, "log") }).catch((error: unknown) => error);
    expect(String(failure)).to.include("ENOENT");
  });
});
