import { expect } from "chai";
import { failuresText, judge } from "../run.ts";
import { total, type Outcome } from "../counts.ts";
import { suites } from "../suites.ts";
import { readdirSync, existsSync } from "node:fs";
import { join } from "node:path";

const counts = (passed: number, failed: number, skipped = 0) => ({ passed, failed, skipped });
const failure = (title: string) => ({ title, error: "expected 1 to equal 2" });
const left = (passed: number, failed: number, skipped = 0): Outcome => ({ ...counts(passed, failed, skipped), failures: Array.from({ length: failed }, (_, index) => failure(`test ${index}`)) });
const suite = { name: "gates", kind: "mocha" } as const;
const program = { name: "lint", kind: "check" } as const;

describe("the test command", () => {
  it("takes a suite's own counts when they fit its exit code", () => {
    expect(judge(suite, 0, left(3, 0, 1))).to.deep.equal(left(3, 0, 1));
    expect(judge(suite, 2, left(3, 2))).to.deep.equal(left(3, 2));
  });

  it("counts a failure for a suite that crashed before it could count", () => {
    expect(judge(suite, 1, undefined)).to.deep.include(counts(0, 1));
    expect(judge(suite, undefined, undefined)).to.deep.include(counts(0, 1));
  });

  it("counts a failure for a suite that crashed after all its tests had passed", () => {
    expect(judge(suite, 7, left(5, 0))).to.deep.include(counts(5, 1));
  });

  it("counts a failure for a suite that ended well and says that a test failed", () => {
    expect(judge(suite, 0, left(5, 1))).to.deep.include(counts(5, 2));
  });

  it("counts a failure for a suite that ran nothing, also when all was skipped", () => {
    expect(judge(suite, 0, left(0, 0))).to.deep.include(counts(0, 1));
    expect(judge(suite, 0, left(0, 0, 4))).to.deep.include(counts(0, 1, 4));
  });

  it("takes a checking program's exit code", () => {
    expect(judge(program, 0, undefined)).to.deep.include(counts(1, 0));
    expect(judge(program, 1, undefined)).to.deep.include(counts(0, 1));
  });

  it("says at the end what failed, suites that failed as a whole too", () => {
    const text = failuresText([judge(suite, 1, left(3, 1)), judge(program, 1, undefined), judge({ ...suite, name: "netboot" }, 0, left(0, 0))]);
    expect(text).to.equal("✗ test 0\n    expected 1 to equal 2\n✗ lint (the suite)\n    ended with exit code 1\n✗ netboot (the suite)\n    ran nothing\n");
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
