import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { expect } from "chai";
import { Exports } from "../../automation/recovery/exports.ts";

const now = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const export_ = (id: string): string => JSON.stringify({ version: 3, deployment: { resources: [{ urn: "urn:a", type: "aws:x:Y", custom: true, id }] } });

describe("the kept exports of a stack", () => {
  let root: string;
  let exports: Exports;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "moonback-exports-"));
    exports = new Exports(join(root, "exports"), "lab-network");
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const names = (): string[] => readdirSync(exports.folder).sort();
  const lastGood = (): string | undefined => exports.lastGood()?.deployment.deployment.resources?.[0]?.id;

  it("are files of the stack's own, named by time and reason, byte for byte what was kept", () => {
    const bytes = Buffer.from([0xff, 0x00, 0x7b]);
    expect(exports.keep(export_("a"), "good", now)).to.equal(join(root, "exports/lab-network/20260102T030405678Z-good.json"));
    const file = exports.keep(bytes, "before-recovery", now);
    expect(basename(file)).to.equal("20260102T030405678Z-before-recovery.json");
    expect(readFileSync(file)).to.deep.equal(bytes);
  });

  it("can be read by nobody else, nor can their folders", () => {
    const file = exports.keep(export_("a"), "good", now);
    expect((statSync(file).mode & 0o777).toString(8)).to.equal("600");
    for (const folder of [dirname(file), dirname(dirname(file))]) expect((statSync(folder).mode & 0o777).toString(8), folder).to.equal("700");
  });

  it("are five of a kind, the newest", () => {
    for (let index = 0; index < 8; index += 1) exports.keep(export_(String(index)), "good", now + index);
    exports.keep(export_("x"), "before-recovery", now);
    expect(names()).to.deep.equal(["20260102T030405678Z-before-recovery.json", ...["681", "682", "683", "684", "685"].map((ms) => `20260102T030405${ms}Z-good.json`)]);
    expect(lastGood()).to.equal("7");
  });

  it("do not overwrite each other within one millisecond", () => {
    const kept = ["a", "b", "c"].map((id) => exports.keep(export_(id), "before-recovery", now));
    expect(kept.map((file) => readFileSync(file, "utf8"))).to.deep.equal(["a", "b", "c"].map(export_));
  });

  it("stay in order when the clock was set back: the last one kept is the newest, and not the first to go", () => {
    for (let index = 0; index < 5; index += 1) exports.keep(export_(String(index)), "good", now + index);
    const file = exports.keep(export_("later"), "good", Date.UTC(1970, 0, 1));
    expect(existsSync(file)).to.equal(true);
    expect(lastGood()).to.equal("later");
  });

  it("give the newest good one that can be read", () => {
    expect(lastGood(), "where nothing was ever kept").to.equal(undefined);
    exports.keep(export_("old"), "good", now);
    exports.keep(export_("new"), "good", now + 1);
    exports.keep(export_("found"), "before-recovery", now + 2);
    expect(lastGood()).to.equal("new");
    exports.keep(export_("cut").slice(0, 40), "good", now + 3);
    exports.keep("", "good", now + 4);
    expect(lastGood()).to.equal("new");
  });

  it("give nothing where none can be read", () => {
    exports.keep("", "good", now);
    exports.keep(export_("found"), "before-recovery", now);
    expect(lastGood()).to.equal(undefined);
  });

  it("pass over what is none of theirs", () => {
    mkdirSync(exports.folder, { recursive: true });
    for (const name of ["mine-good.json", "20261302T030405678Z-good.json", "import.json"]) writeFileSync(join(exports.folder, name), export_("foreign"));
    expect(lastGood()).to.equal(undefined);
    exports.keep(export_("a"), "good", now);
    expect(lastGood()).to.equal("a");
    expect(names()).to.include("mine-good.json");
  });

  it("write over what a kill in the middle of a write left", () => {
    mkdirSync(exports.folder, { recursive: true });
    writeFileSync(join(exports.folder, "new.json"), "{");
    exports.keep(export_("a"), "good", now);
    expect(names()).to.deep.equal(["20260102T030405678Z-good.json"]);
    expect(lastGood()).to.equal("a");
  });

  it("are what they were where the disk is full", () => {
    for (let index = 0; index < 5; index += 1) exports.keep(export_(String(index)), "good", now + index);
    const before = names();
    symlinkSync("/dev/full", join(exports.folder, "new.json"));
    expect(() => exports.keep(export_("b"), "good", now + 9)).to.throw("ENOSPC");
    expect(names()).to.deep.equal(before);
  });

  it("remember that the state may lack something, until somebody has looked to the end", () => {
    expect(exports.incomplete).to.equal(false);
    exports.markIncomplete();
    exports.markIncomplete();
    expect([exports.incomplete, new Exports(join(root, "exports"), "lab-network").incomplete, new Exports(join(root, "exports"), "lab-bastion").incomplete]).to.deep.equal([true, true, false]);
    exports.markComplete();
    exports.markComplete();
    expect(exports.incomplete).to.equal(false);
  });

  it("are forgotten with all else that is the stack's", () => {
    exports.keep(export_("a"), "good", now);
    exports.markIncomplete();
    exports.clear();
    exports.clear();
    expect([existsSync(exports.folder), exports.incomplete, lastGood()]).to.deep.equal([false, false, undefined]);
  });
});
