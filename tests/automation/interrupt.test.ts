import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { poll } from "../../common/poll.ts";

type Told = "SIGINT" | "SIGTERM" | "SIGHUP";

/** Tells such a program to end, each time when it has said what belongs before that. */
async function told(steps: readonly (readonly [after: string, signal: Told])[], ...args: readonly string[]): Promise<{ readonly exitCode: number | undefined; readonly stdout: string; readonly stderr: string }> {
  const child = execa(process.execPath, [join(import.meta.dirname, "interrupted.ts"), ...args], { stdin: "ignore", reject: false, all: true });
  let seen = "";
  child.all.on("data", (chunk: Buffer) => (seen += chunk.toString()));
  try {
    for (const [after, signal] of steps) {
      await poll(() => Promise.resolve(seen.includes(after) ? { done: true, value: true } : { done: false, reason: seen }), { timeoutMs: 20_000, intervalMs: 10 });
      child.kill(signal);
    }
    const { exitCode, stdout, stderr } = await child;
    return { exitCode, stdout, stderr };
  } finally {
    child.kill("SIGKILL");
  }
}

describe("an interruption", () => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    it(`by ${signal} asks once; the second ends at once, with all that goes on: exit 130`, async () => {
      const { exitCode, stdout, stderr } = await told([["ready", signal], ["told:", signal]]);
      expect([exitCode, stdout]).to.deep.equal([130, "ready\ntold: Error: interrupted\nended all"]);
      expect(stderr).to.match(/^⚠ interrupted: waiting for the call in flight to be recorded \(again to end at once\)\n✗ ended at once/);
    });
  }

  it("may be of two kinds", async () => {
    expect(await told([["ready", "SIGHUP"], ["told:", "SIGINT"]])).to.include({ exitCode: 130 });
  });

  it("ends at once even where not all could be ended", async () => {
    expect(await told([["ready", "SIGINT"], ["told:", "SIGINT"]], "throws")).to.include({ exitCode: 130, stdout: "ready\ntold: Error: interrupted\nended all" });
  });
});
