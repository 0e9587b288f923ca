// What a machine prints, and when it is handed on.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Console } from "../../rehearsal/talos/console.ts";

describe("a console", () => {
  const folder = mkdtempSync(join(tmpdir(), "moonback-console-"));
  after(() => rmSync(folder, { recursive: true }));

  it("is written as a serial line gets it, and handed on whole", async () => {
    const handed: string[] = [];
    const file = join(folder, "a.log");
    const console = new Console(file, (text) => Promise.resolve(void handed.push(text.toString())));
    console.print("a... ");
    console.line("ok");
    console.line("b");
    await console.flush();
    await console.flush();
    expect(handed).to.deep.equal(["a... ok\r\nb\r\n"]);
    expect(readFileSync(file, "utf8")).to.equal("a... ok\r\nb\r\n");
    expect(console.text).to.equal("a... ok\nb\n");
    expect(new Console(file, () => Promise.resolve()).text).to.equal(console.text);
  });

  it("keeps the last 64 KiB, and goes on when nobody takes it", async () => {
    let last: Buffer = Buffer.alloc(0);
    const console = new Console(join(folder, "b.log"), (text) => {
      last = text;
      return Promise.reject(new Error("nobody there"));
    });
    console.print("x".repeat(65_536));
    console.line("end");
    await console.flush();
    expect([last.length, last.toString().slice(-5)]).to.deep.equal([65_536, "end\r\n"]);
    console.line("more");
    await console.flush();
    expect(last.toString().slice(-6)).to.equal("more\r\n");
  });
});
