// However the lab ends, nothing of it stays: no process, and with the last one no network.
import { join } from "node:path";
import type { Readable } from "node:stream";
import { expect } from "chai";
import { execa } from "execa";
import { poll } from "../../common/poll.ts";
import { markedProcesses, markVariable } from "../../rehearsal/netboot/children.ts";
import { problem, skipped } from "./trial.ts";

describe(`a netboot lab that is ended early${skipped}`, function () {
  this.timeout(300_000);
  before(function () {
    if (problem !== undefined) this.skip();
  });

  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 130], ["SIGKILL", undefined]] as const) {
    it(`leaves nothing after ${signal}`, async () => {
      const mark = `lab-${process.pid}-${signal}`;
      // In a group of its own, so that the signal meets it and no other, as a plain kill does.
      const lab = execa(process.execPath, [join(import.meta.dirname, "../../lab/netboot.ts")], { env: { [markVariable]: `${mark}/` }, stdin: "ignore", all: true, reject: false, detached: true, cleanup: true });
      await saysSomething(lab, "switching the machine on");
      const running = (): number => markedProcesses(mark).length;
      // The lab itself, unshare and its shell, and three times nsenter and a program.
      await until(() => running() >= 9, () => `only ${running()} processes of the lab run`);
      lab.kill(signal);
      expect((await lab).exitCode).to.equal(code);
      await until(() => running() === 0, () => `still there: ${markedProcesses(mark).join(" ")}`);
    });
  }
});

async function saysSomething({ all }: { readonly all: Readable }, what: string): Promise<void> {
  let said = "";
  all.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await until(() => said.includes(what), () => `the lab did not get so far:\n${said}`, 200_000);
}

function until(happens: () => boolean, reason: () => string, timeoutMs = 60_000): Promise<undefined> {
  return poll(() => Promise.resolve(happens() ? { done: true as const, value: undefined } : { done: false as const, reason: reason() }), { timeoutMs, intervalMs: 100 });
}
