import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { claimPlan } from "../address-plans.ts";

describe("the address plans of tests", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "moonback-plans-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("are given to one test each, until there is none; one that was given back can be had again", () => {
    const claims = Array.from({ length: 190 }, () => claimPlan(folder));
    expect(new Set(claims.map(({ plan }) => plan)).size).to.equal(190);
    expect(() => claimPlan(folder)).to.throw("every address plan of 10.60 to 10.249 is held by a test");
    claims[17]?.release();
    expect(claimPlan(folder).plan).to.equal(claims[17]?.plan);
  });

  it("that a dead process held can be had again", () => {
    const claims = Array.from({ length: 190 }, () => claimPlan(folder));
    const { pid } = spawnSync("true");
    writeFileSync(join(folder, `moonback-plan-${claims[3]?.plan}`), JSON.stringify([pid, "1"]));
    expect(claimPlan(folder).plan).to.equal(claims[3]?.plan);
  });
});
