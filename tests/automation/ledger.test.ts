import { expect } from "chai";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Journal } from "../../automation/journal.ts";
import { Ledger, type LedgerEvent } from "../../automation/ledger.ts";
import { captured } from "./capture.ts";

const event = (over: Partial<LedgerEvent> = {}): LedgerEvent => ({ at: "2026-01-02T03:04:05.000Z", run: "r1", kind: "run", status: "started", ...over });

describe("the ledger", () => {
  let folder: string;
  let ledger: Ledger;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "moonback-ledger-"));
    ledger = new Ledger(join(folder, "not", "there", "yet", "ledger.ndjson"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is empty before the first event, and reading makes nothing", () => {
    expect(ledger.read()).to.deep.equal([]);
    expect(() => readFileSync(ledger.file)).to.throw("ENOENT");
  });

  it("keeps one event a line, oldest first, whatever they hold", () => {
    const events = [event({ evidence: "two\nlines — ü ✔ \u2028" }), event({ kind: "stage", stage: "network", status: "failed", error: 'said "no"' })];
    for (const one of events) ledger.append(one);
    const text = readFileSync(ledger.file, "utf8");
    expect(text.split("\n")).to.have.length(3);
    expect(text.endsWith("\n")).to.equal(true);
    expect(text.split("\n").slice(0, 2).map((line) => JSON.parse(line) as unknown)).to.deep.equal(events);
    expect(ledger.read()).to.deep.equal(events);
  });

  it("only ever grows at its end", () => {
    ledger.append(event({ run: "r1" }));
    const before = readFileSync(ledger.file, "utf8");
    new Ledger(ledger.file).append(event({ run: "r2" }));
    const after = readFileSync(ledger.file, "utf8");
    expect(after.startsWith(before)).to.equal(true);
    expect(ledger.read().map(({ run }) => run)).to.deep.equal(["r1", "r2"]);
  });

  it("leaves out a last line that a crash cut short", () => {
    ledger.append(event());
    appendFileSync(ledger.file, '{"at":"2026-01-0');
    expect(ledger.read()).to.deep.equal([event()]);
  });

  it("begins a line of its own after one that was cut short, so that what follows is not lost with it", () => {
    ledger.append(event());
    appendFileSync(ledger.file, '{"at":"2026-01-0');
    ledger.append(event({ run: "r2" }));
    ledger.append(event({ run: "r3" }));
    expect(ledger.read().map(({ run }) => run)).to.deep.equal(["r1", "r2", "r3"]);
    expect(readFileSync(ledger.file, "utf8").split("\n")).to.have.length(5);
  });

  it("leaves out an empty line", () => {
    ledger.append(event());
    appendFileSync(ledger.file, "\n");
    ledger.append(event({ run: "r2" }));
    expect(ledger.read().map(({ run }) => run)).to.deep.equal(["r1", "r2"]);
  });

  it("does not take a folder for an empty ledger", () => {
    expect(() => new Ledger(folder).read()).to.throw("EISDIR");
  });
});

describe("the journal of a run", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "moonback-journal-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const open = (json = true) => {
    const io = captured({ json });
    const ledger = new Ledger(join(folder, "ledger.ndjson"));
    return { ...io, ledger, journal: new Journal(ledger, io.console, io.clock) };
  };

  it("has a name of its own that begins with the time and can be a file's", () => {
    const [one, two] = [open().journal.run, open().journal.run];
    expect(one).to.match(/^20260102T030405Z-[0-9a-f]{4}$/);
    // Two bytes by chance: of three runs in one second at least two differ.
    expect(new Set([one, two, open().journal.run]).size).to.be.greaterThan(1);
  });

  it("writes each event with time and run, and shows programs the same line", () => {
    const { journal, ledger, stdout, stderr, time } = open();
    journal.record({ kind: "gate", gate: "01", status: "green", via: "stand-in" });
    time.now += 1_500;
    journal.record({ kind: "gate", gate: "02", status: "red" });
    expect(ledger.read()).to.deep.equal([
      { at: "2026-01-02T03:04:05.000Z", run: journal.run, kind: "gate", gate: "01", status: "green", via: "stand-in" },
      { at: "2026-01-02T03:04:06.500Z", run: journal.run, kind: "gate", gate: "02", status: "red" },
    ]);
    expect(stdout()).to.equal(readFileSync(ledger.file, "utf8"));
    expect(stderr()).to.equal("");
  });

  it("shows people nothing of it", () => {
    const { journal, stdout, stderr } = open(false);
    journal.record({ kind: "run", status: "green" });
    expect(stdout() + stderr()).to.equal("");
  });

  it("records begin and end around work, and hands its result on", async () => {
    const { journal, ledger, time } = open();
    const result = await journal.around(
      { kind: "stage", stage: "network" },
      () => {
        expect(ledger.read().map(({ status }) => status), "before the work begins").to.deep.equal(["started"]);
        time.now += 2_000;
        return Promise.resolve("3 to create");
      },
      (evidence) => ({ status: "green", evidence }),
    );
    expect(result).to.equal("3 to create");
    const { run } = journal;
    expect(ledger.read()).to.deep.equal([
      { at: "2026-01-02T03:04:05.000Z", run, kind: "stage", stage: "network", status: "started" },
      { at: "2026-01-02T03:04:07.000Z", run, kind: "stage", stage: "network", status: "green", evidence: "3 to create", durationMs: 2_000 },
    ]);
  });

  for (const [what, thrown, error] of [["an error", new Error("no quota"), "no quota"], ["something else", "no quota", "no quota"]] as const) {
    it(`records work that throws ${what} as failed, and throws it on`, async () => {
      const { journal, ledger, time } = open();
      const outcome = await journal
        .around({ kind: "run", verb: "up" }, () => { time.now += 10; throw thrown as Error; }, () => ({ status: "green" }))
        .catch((caught: unknown) => caught);
      expect(outcome).to.equal(thrown);
      const [started, failed] = ledger.read();
      expect(started).to.include({ kind: "run", verb: "up", status: "started" });
      expect(failed).to.include({ kind: "run", verb: "up", status: "failed", error, durationMs: 10 });
    });
  }

  it("tells why work failed, also where that cannot be written down", async () => {
    const { journal, ledger, stderr } = open();
    const full = (): never => {
      rmSync(ledger.file);
      symlinkSync("/dev/full", ledger.file);
      throw new Error("no quota");
    };
    const outcome = await journal.around({ kind: "run", verb: "up" }, full, () => ({ status: "green" })).catch((caught: unknown) => caught);
    expect((outcome as Error).message).to.equal("no quota");
    expect(stderr()).to.match(/^⚠ the ledger cannot be written: ENOSPC/);
  });

  it("does not swallow what cannot be written", () => {
    const { journal, ledger } = open();
    writeFileSync(ledger.file, "");
    rmSync(ledger.file);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, "a file stands where the folder was");
    expect(() => journal.record({ kind: "run", status: "started" })).to.throw();
  });
});
