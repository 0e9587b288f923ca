import { appendFileSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { LedgerEvent } from "../../automation/ledger.ts";
import { reportBeginning } from "../../automation/report/page.ts";
import { ndjson, newProject, type Project } from "./project.ts";
import { looked, up } from "./report-ledger.ts";

describe("the verb report", function () {
  this.timeout(60_000);
  let project: Project;
  beforeEach(() => (project = newProject()));
  afterEach(() => project[Symbol.dispose]());
  const ledgerFile = (environment = "rehearsal"): string => join(project.folder, ".moonback", environment, "ledger.ndjson");
  const write = (events: readonly LedgerEvent[]): void => {
    mkdirSync(join(ledgerFile(), ".."), { recursive: true });
    writeFileSync(ledgerFile(), events.map((one) => `${JSON.stringify(one)}\n`).join(""));
  };

  it("writes the page beside the ledger, prints where, and touches nothing else", async () => {
    write(up("u"));
    const { exitCode, stdout, stderr } = await project.moonback("report");
    const file = join(project.folder, ".moonback/rehearsal/report.html");
    expect([exitCode, stdout]).to.deep.equal([0, file]);
    expect(stderr).to.include("1 run.");
    expect(readFileSync(file, "utf8").startsWith(reportBeginning)).to.equal(true);
    expect(readFileSync(file, "utf8")).to.include("<code>.moonback/rehearsal/ledger.ndjson</code>");
    expect(readdirSync(join(file, "..")).sort()).to.deep.equal(["ledger.ndjson", "report.html"]);
    expect((await project.moonback("report")).exitCode, "over its own page").to.equal(0);
  });

  it("writes a page where there is no ledger yet, of an environment that is not complete", async () => {
    const out = join(project.folder, "pages/demo.html");
    const { exitCode, stdout } = await project.moonback("report", "demo", "--out", out);
    expect([exitCode, stdout]).to.deep.equal([0, out]);
    expect(readFileSync(out, "utf8")).to.include("No run yet").and.include("npm run up -- demo");
    expect(project.touched("demo")).to.equal(false);
  });

  it("tells programs in one line of JSON", async () => {
    write([...up("u"), ...looked("g", "red")]);
    const { exitCode, stdout } = await project.moonback("report", "--json");
    const [told, ...rest] = ndjson(stdout);
    expect([exitCode, rest]).to.deep.equal([0, []]);
    const file = join(project.folder, ".moonback/rehearsal/report.html");
    expect(told).to.deep.equal({ kind: "report", environment: "rehearsal", file, bytes: statSync(file).size, headline: "Gate 01 is red", runs: 2, standIns: true });
  });

  it("reads a ledger whose last line a crash cut short", async () => {
    write(up("u"));
    appendFileSync(ledgerFile(), '{"at":"2026-');
    expect((await project.moonback("report")).exitCode).to.equal(0);
  });

  const refusals: Record<string, [prepare: (folder: string) => string, says: string]> = {
    "a folder": [(folder) => folder, "EISDIR"],
    "a place below a file": [(folder) => join(folder, "Pulumi.yaml", "report.html"), "cannot be written"],
    "a file that is no report": [(folder) => join(folder, "Pulumi.yaml"), "is there already, and is no report"],
    "the ledger": [(folder) => join(folder, ".moonback/rehearsal/ledger.ndjson"), "is there already, and is no report"],
  };
  for (const [what, [prepare, says]] of Object.entries(refusals)) {
    it(`refuses to write to ${what}`, async () => {
      write(up("u"));
      const before = [readFileSync(ledgerFile(), "utf8"), readFileSync(join(project.folder, "Pulumi.yaml"), "utf8")];
      const { exitCode, stdout, stderr } = await project.moonback("report", "--out", prepare(project.folder));
      expect([exitCode, stdout]).to.deep.equal([2, ""]);
      expect(stderr).to.include(says).and.include("next: Name another file with --out.");
      expect([readFileSync(ledgerFile(), "utf8"), readFileSync(join(project.folder, "Pulumi.yaml"), "utf8")]).to.deep.equal(before);
    });
  }
});
