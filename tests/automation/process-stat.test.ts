import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { hasEnded, pidExists, processStat, processTable } from "../../common/process-stat.ts";
import { processStartTime } from "../../common/process-start-time.ts";

/** No system gives so high a number away. */
const nobody = 999_999_999;

describe("what the system tells of a process", () => {
  it("is read right whatever its program is called", async () => {
    const folder = mkdtempSync(join(tmpdir(), "moonback-stat-"));
    const program = join(folder, "x) Z 1 (y");
    symlinkSync("/bin/sleep", program);
    const child = execa(program, ["600"], { detached: true, reject: false });
    try {
      const pid = child.pid ?? 0;
      const stat = processStat(pid);
      expect(stat).to.deep.include({ pid, program: "x) Z 1 (y", session: pid });
      // clock(3) since boot, so within what uptime says.
      expect(Number(stat?.startTime)).to.be.greaterThan(0).and.at.most(Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 100 + 100);
      expect(stat?.startTime).to.equal(processStartTime(pid));
      expect(processTable()).to.deep.include(stat);
    } finally {
      child.kill("SIGKILL");
      await child;
      rmSync(folder, { recursive: true });
    }
  });

  it("is nothing for no such process", () => {
    expect([processStat(nobody), processStartTime(nobody), pidExists(nobody), hasEnded(nobody, ""), hasEnded(nobody, "1")]).to.deep.equal([undefined, undefined, false, true, true]);
  });

  it("says that it has ended where another has its number, and only there", () => {
    const startTime = processStartTime(process.pid) ?? "?";
    expect([hasEnded(process.pid, startTime), hasEnded(process.pid, ""), hasEnded(process.pid, `${startTime}1`)]).to.deep.equal([false, false, true]);
    // The first process is another user's, where this is not root's.
    expect([pidExists(1), hasEnded(1, "")]).to.deep.equal([true, false]);
  });
});
