import { expect } from "chai";
import { judge } from "../run.ts";
import { total } from "../counts.ts";
import { suites } from "../suites.ts";
import { readdirSync, existsSync } from "node:fs";
import { join } from "node:path";

const counts = (passed: number, failed: number, skipped = 0) => ({ passed, failed, skipped });

describe("the test command", () => {
  it("takes a suite's own counts when they fit its exit code", () => {
    expect(judge({ kind: "mocha" }, 0, counts(3, 0, 1))).to.deep.equal(counts(3, 0, 1));
    expect(judge({ kind: "mocha" }, 2, counts(3, 2))).to.deep.equal(counts(3, 2));
  });

  it("counts a failure for a suite that crashed before it could count", () => {
    expect(judge({ kind: "mocha" }, 1, undefined)).to.deep.equal(counts(0, 1));
    expect(judge({ kind: "mocha" }, undefined, undefined)).to.deep.equal(counts(0, 1));
  });

  it("counts a failure for a suite that crashed after all its tests had passed", () => {
    expect(judge({ kind: "mocha" }, 7, counts(5, 0))).to.deep.equal(counts(5, 1));
  });

  it("counts a failure for a suite that ran nothing, also when all was skipped", () => {
    expect(judge({ kind: "mocha" }, 0, counts(0, 0))).to.deep.equal(counts(0, 1));
    expect(judge({ kind: "mocha" }, 0, counts(0, 0, 4))).to.deep.equal(counts(0, 1, 4));
  });

  it("takes a checking program's exit code", () => {
    expect(judge({ kind: "check" }, 0, undefined)).to.deep.equal(counts(1, 0));
    expect(judge({ kind: "check" }, 1, undefined)).to.deep.equal(counts(0, 1));
  });

  it("adds up all suites", () => {
    expect(total([counts(1, 0), counts(2, 3, 1)])).to.deep.equal(counts(3, 3, 1));
  });

  it("leaves no folder of tests out", () => {
    const tests = join(import.meta.dirname, "..");
    const folders = readdirSync(tests, { withFileTypes: true }).filter((entry) => entry.isDirectory() && existsSync(join(tests, entry.name)) && readdirSync(join(tests, entry.name)).some((file) => file.endsWith(".test.ts")));
    expect(suites.filter(({ kind }) => kind === "mocha").map(({ name }) => name)).to.include.members(folders.map(({ name }) => name));
  });
});
