import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Ledger, type LedgerEvent } from "../../automation/ledger.ts";
import { reportOf, type About, type Report } from "../../automation/report/model.ts";
import { pageOf } from "../../automation/report/page.ts";
import { registry } from "../../automation/report/registry.ts";
import { sift } from "../../automation/report/sift.ts";
import { took } from "../../automation/report/words.ts";
import { about, check, down, event, gate, known, looked, stage, up } from "./report-ledger.ts";

const golden = join(import.meta.dirname, "golden");
const update = process.env["UPDATE_GOLDEN"] === "1";

const reported = (events: readonly unknown[], over: Partial<About> = {}): Report => reportOf(events, { ...about, ...over }, known);
const page = (events: readonly unknown[], over: Partial<About> = {}): string => pageOf(reported(events, over));
/** What a reader sees, without tags. */
const words = (html: string): string => html.replace(/<style>[^]*<\/style>/, "").replaceAll(/<[^>]*>/g, "").replaceAll(/\s+/g, " ");

describe("the report", () => {
  const fixed = new Ledger(join(golden, "report.ndjson")).read();

  it("of a fixed ledger is the golden page", () => {
    const file = join(golden, "report.html");
    const content = page(fixed);
    if (update) writeFileSync(file, content);
    expect(content).to.equal(readFileSync(file, "utf8"));
    expect(update, "the golden page was rewritten: read what changed, then run again without UPDATE_GOLDEN").to.equal(false);
  });

  it("is the same for the same ledger, settings and time, wherever it is made", () => {
    const zone = process.env["TZ"];
    try {
      process.env["TZ"] = "Asia/Tokyo";
      expect(page(fixed)).to.equal(page(fixed));
      expect(words(page(fixed))).to.include("Made 22 Nov 2026, 19:00:00").and.include("All times are Europe/Berlin");
      expect(words(page(fixed, { timezone: "UTC" }))).to.include("18:00:00");
    } finally {
      if (zone === undefined) delete process.env["TZ"];
      else process.env["TZ"] = zone;
    }
  });

  it("names every stage, gate and check that there is", () => {
    const all = words(pageOf(reportOf([event("r", { verb: "gates" })], about)));
    const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("'", "&#39;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
    for (const { name } of registry.stages) expect(all).to.include(name);
    for (const { number, name, checks } of registry.rows) {
      expect(all).to.include(`${number} ${name}`);
      for (const { id, title } of checks) expect(all, id).to.include(`${escaped(title)} ${id}`);
    }
    expect(new Set(registry.rows.map(({ key }) => key)).size).to.equal(registry.rows.length);
  });

  describe("holds no more than one file", () => {
    it("fetches nothing, runs nothing, and styles itself only", () => {
      const content = page(fixed);
      expect(content).to.match(/<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;sha256-[^;]+&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;">/);
      expect(content).to.not.match(/<(script|link|img|iframe|object|embed|form|base)\b|\son\w+=|\sstyle=|javascript:|@import|url\(/i);
      expect(content.match(/\s(?:href|src)="(?!#)[^"]*"/g) ?? []).to.deep.equal([]);
    });

    it("has every place that it leads to, once", () => {
      const content = page([...fixed, ...up("late")]);
      const ids = [...content.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
      expect(ids.length).to.equal(new Set(ids).size);
      const targets = [...content.matchAll(/\shref="#([^"]*)"/g)].map(([, id]) => id);
      expect(targets.length).to.be.greaterThan(10);
      expect(targets.filter((target) => !ids.includes(target))).to.deep.equal([]);
    });

    it("closes every element that it opens", () => {
      const open: string[] = [];
      for (const [, slash, name = "", rest = ""] of page(fixed).replace(/<style>[^]*<\/style>/, "").matchAll(/<(\/?)([a-z][a-z0-9]*)([^>]*)>/g)) {
        if (["meta", "br"].includes(name) || rest.endsWith("/")) continue;
        if (slash === "") open.push(name);
        else expect(open.pop(), `</${name}>`).to.equal(name);
      }
      expect(open).to.deep.equal([]);
    });
  });

  it("takes everything from the ledger for text", () => {
    const evil = `</style></title><script>alert("1")</script><img src=x onerror='1'>&amp; \u001b[31mred\u001b[0m\u0000\u202egnp.exe`;
    const run = `"><script>1</script>`;
    const events = [...up(run), event(run, { verb: evil }), ...looked("r2", "red", { error: evil, evidence: evil, stage: evil }), stage("r3", evil, "green", evil), event("r3", { status: "failed", verb: "up", error: evil }), { kind: evil, status: "green" }];
    const content = page(events, { environment: "rehearsal" });
    expect(content).to.not.match(/<script|<img|onerror='/);
    expect(content.match(/<\/style>/g)).to.have.length(1);
    expect(content).to.include("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&lt;img src=x onerror=&#39;1&#39;&gt;&amp;amp; red\ufffd\ufffdgnp.exe");
    // eslint-disable-next-line no-control-regex -- none of these may be left
    expect(content).to.not.match(/[\u0000-\u0008\u001b\u202e]/);
  });

  describe("says first", () => {
    const cases: Record<string, [readonly LedgerEvent[], string, string]> = {
      "that nothing ran": [[], "none", "No run yet"],
      "that nothing is built, however red it looks": [looked("g", "red"), "none", "Nothing is built"],
      "that all is green": [up("u"), "green", "Every gate is green"],
      "that all that applies is green": [[...up("u"), gate("g", "09", "not-applicable")], "green", "Every gate that applies is green"],
      "which gate is red": [[...up("u"), ...looked("g", "red")], "red", "Gate 01 is red"],
      "which gates are red": [[...up("u"), gate("g", "09", "red"), ...looked("g", "red")], "red", "Gates 01 and 09 are red"],
      "which stage failed": [[...up("u"), stage("v", "bastion", "started"), stage("v", "bastion", "failed")], "red", "Stage bastion failed"],
      "which stage was refused": [[...up("u"), stage("v", "network", "started"), stage("v", "network", "red")], "red", "Stage network was refused"],
      "where a run was killed": [[...up("u"), event("v", { verb: "up" }), stage("v", "network", "started")], "open", "Stage network did not end"],
      "how far it is up": [[...up("u"), stage("d", "bastion", "started"), stage("d", "bastion", "green"), event("d", { verb: "down" })], "open", "1 of 2 stages are up"],
      "how far it is proved": [[stage("u", "network", "green"), stage("u", "bastion", "green"), gate("u", "01", "green")], "open", "1 of 2 stages are proved"],
      "that all was taken down": [[...up("u"), ...down("d")], "none", "Nothing is built"],
    };
    for (const [what, [events, tone, text]] of Object.entries(cases)) {
      it(what, () => {
        expect(reported(events).headline).to.deep.equal({ tone, text });
        expect(page(events)).to.match(new RegExp(`<h1 class="${tone}"><span class="sign" aria-hidden="true">.</span> ${text}</h1>`));
      });
    }
  });

  it("shows what is red at once, with its error, and what is red in a plan as that", () => {
    expect(words(page([...up("u"), ...looked("g", "red")]))).to.match(/What is red 01\.routes the subnet.* stand-in 01\.routes is wrong seen 1 Jan 2026, [\d:]+ Stages/);
    const planned = [...up("u"), check("p", "09.plan-encrypted", "red", { stage: "network" })];
    expect(words(page(planned))).to.match(/Every gate is green.*What is red in a plan .* is wrong seen 1 Jan 2026, [\d:]+, in the plan of stage network Stages/);
  });

  it("before the first run says so, and what to run", () => {
    const all = words(page([]));
    expect(all).to.include("Nothing has run here yet").and.include("npm run up -- rehearsal").and.include("not built").and.include("never run");
    expect(all).to.not.include("Checks and evidence").and.not.include("stand-in answered");
  });

  describe("of a check", () => {
    const finding = (events: readonly LedgerEvent[], id = "01.routes") => reported(events).findings.flatMap(({ checks }) => checks).find(({ check: { id: own } }) => own === id)!;

    it("tells claim, status, evidence, who answered and when; of a red one the error", () => {
      expect(words(page(up("u")))).to.include("the subnet&#39;s routes lead &lt;out&gt; 01.routes✓ greenseen 01.routes asked motostand-in");
      expect(words(page([...up("u"), ...looked("g", "red")]))).to.include("✗ red01.routes is wrong seen 01.routes asked motostand-in");
    });

    it("tells the last finding, whether a stage was being built then or not", () => {
      expect(finding([...up("u"), ...looked("g", "red")]).status).to.equal("red");
      expect(finding([...up("u"), ...looked("g", "red"), ...up("v", "unchanged")]).status, "a later up found it green").to.equal("green");
      expect(words(page([...up("u"), ...looked("g", "red"), ...up("v", "unchanged")]))).to.not.include("What is red");
    });

    it("on plans tells each stage's, and shows the worst", () => {
      const { status, found } = finding([...up("u"), check("v", "09.plan-encrypted", "red", { stage: "network" })], "09.plan-encrypted");
      expect([status, found.map((one) => `${one.stage} ${one.status}`)]).to.deep.equal(["red", ["bastion green", "network red"]]);
    });

    it("says that it was so before what it looked at was taken down", () => {
      expect([finding(up("u")).past, finding([...up("u"), ...down("d")]).past, finding([...up("u"), ...down("d"), ...looked("g", "red")]).past]).to.deep.equal([false, true, false]);
      expect(words(page([...up("u"), ...down("d")]))).to.include("✓ was green").and.include("2 of 2 green, before it was taken down").and.include("Checks were green4 of 4");
    });

    it("keeps all of a long text but its end, and says how much is missing", () => {
      const content = page([...up("u"), ...looked("g", "red", { error: "e".repeat(50_000) })]);
      expect(content.length).to.be.lessThan(60_000);
      expect(content).to.include("… (49000 more characters in the ledger)");
    });
  });

  describe("about who answered", () => {
    it("warns where a stand-in answered anything, and counts", () => {
      expect(words(page(up("u")))).to.include("A stand-in answered 3 of the 4 checks below, the real thing 1.").and.include("It does not prove AWS.");
      expect(words(page([...up("u"), ...down("d")])), "what is gone was answered by one, too").to.include("A stand-in answered 3 of the 4 checks below");
    });

    it("has no warning where the real thing answered all", () => {
      const real = up("u").map((one) => (one.via === undefined ? one : { ...one, via: "real" as const }));
      const all = words(page(real, { target: "aws" }));
      expect(all).to.include("The real thing answered 4 of 4 checks.").and.not.include("stand-in").and.not.include("not prove");
    });

    it("warns of earlier ones, too", () => {
      const real = up("v").map((one) => (one.via === undefined ? one : { ...one, via: "real" as const }));
      expect(words(page([...up("u"), ...real]))).to.include("A stand-in answered 0 of the 4 checks below, the real thing 4. Earlier findings in this ledger are a stand-in&#39;s.");
    });

    it("never takes silence for the real thing", () => {
      const silent = up("u").map((one) => ({ ...one, via: undefined }));
      const all = words(page(silent));
      expect(all).to.include("The real thing answered 0 of 4 checks. Of 4 it is not recorded who answered.").and.include("not recorded");
    });
  });

  describe("of the runs", () => {
    const runs = (events: readonly LedgerEvent[]) => reported(events).runs;

    it("tells verb, outcome, duration and error, newest first", () => {
      const events = [...up("u"), event("f", { verb: "up" }), event("f", { verb: "up", status: "failed", durationMs: 1_000, error: "no quota" }), ...down("d")];
      expect(runs(events).map(({ verb, outcome, durationMs, error }) => [verb, outcome, durationMs, error])).to.deep.equal([["up", "green", 3_000, undefined], ["up", "failed", 1_000, "no quota"], ["down", "green", 500, undefined]]);
      expect(words(page(events))).to.match(/Runs .* down 1 Jan.* up 1 Jan.*no quota.* up 1 Jan.*network 1 created in 1.0 s/u);
    });

    it("knows one that never ended", () => {
      const events = [event("k", { verb: "up" }), stage("k", "network", "started"), ...up("u")];
      expect(runs(events).map(({ outcome }) => outcome)).to.deep.equal(["did not end", "green"]);
      expect(words(page(events))).to.include("network was begun").and.include("killed, or still under way");
    });

    it("knows a preview by the plans that it judged", () => {
      const judged = (status: "green" | "red") => [check("p", "09.plan-encrypted", status, { stage: "network" })];
      expect([...runs(judged("green")), ...runs(judged("red"))].map(({ verb, outcome }) => [verb, outcome])).to.deep.equal([["preview", "green"], ["preview", "red"]]);
    });

    it("leaves old ones out, with their outcomes and where the whole is", () => {
      const events = [...looked("old", "red"), ...Array.from({ length: 30 }, (_, place) => looked(`g${place}`, "green")).flat(), event("k", { verb: "up" })];
      const content = page(events);
      expect(words(content)).to.include("2 older runs left out here (1 red, 1 green). The whole is in .moonback/rehearsal/ledger.ndjson.");
      expect(content.match(/<tr role="row" id="run-\d+"/g)).to.have.length(30);
      expect(content).to.not.include('id="run-1"').and.not.include('href="#run-0"');
    });

    it("tells where the time of an up went, and what kind of an up it was", () => {
      const killed = [event("k", { verb: "up" }), stage("k", "network", "started"), stage("k", "network", "green", "unchanged"), stage("k", "bastion", "started")];
      const rebuilt = [...down("d"), ...up("v").filter(({ stage: name, kind }) => kind === "run" || name === "network")];
      const all = words(page([...up("a"), ...up("b", "unchanged"), ...up("c"), ...killed, ...rebuilt]));
      expect(all).to.match(/3\.0 s first build.*did not end stopped in bastion.*3\.0 s changed network and bastion.*3\.0 s nothing to change.*3\.0 s first build/);
      expect(all).to.include("world, engine and the rest 800 ms network 1.0 s bastion 1.0 s gates 200 ms");
      expect(all).to.include("First build3.0 s").and.include("Nothing to change3.0 s");
    });
  });

  describe("of a gate's history", () => {
    const history = (events: readonly LedgerEvent[], place = 0) => reported(events).history[place]!;

    it("marks each run: green, red, not looked at, broken off", () => {
      const events = [...up("a"), ...looked("b", "red"), ...down("d"), event("c", { verb: "gates" }), gate("c", "01", "started")];
      expect(history(events).marks).to.deep.equal(["green", "red", undefined, "broken off"]);
      expect(history(events).gone).to.deep.equal([2]);
      expect(page(events)).to.include('aria-label="Gate 01 network foundation, run by run: green, red, not looked at, broken off"').and.include('<a href="#run-1" aria-label="gates: red; see this run">');
    });

    it("counts over all runs, and says how it came back from red", () => {
      const events = [...looked("a", "red"), ...up("b"), ...looked("c", "red"), ...looked("d", "red"), ...looked("e", "green")];
      const { counts, mended, redSince } = history(events);
      expect([counts.green, counts.red, mended?.times, mended?.run.id, redSince]).to.deep.equal([2, 3, 2, "e", undefined]);
      expect(words(page(events))).to.include("2 green, 3 red; red to green 2 times, the last after 10 s");
      expect(words(page([...events, ...looked("f", "red")]))).to.include("after 10 s; red now");
    });

    it("does not count backwards where the clock was set back between red and green", () => {
      const back = looked("c", "green").map((one) => ({ ...one, at: "2020-01-01T00:00:00.000Z" }));
      expect(history([...up("a"), ...looked("b", "red"), ...back]).mended?.afterMs).to.equal(0);
    });

    it("does not say that what was taken down was mended", () => {
      const { mended, redSince } = history([...up("a"), ...looked("b", "red"), ...down("c"), ...up("d")]);
      expect([mended, redSince]).to.deep.equal([undefined, undefined]);
    });

    it("has a row for what was judged of plans, of every stage in a run the worst", () => {
      expect(history([...up("a"), check("p", "09.plan-encrypted", "red", { stage: "network" }), check("p", "09.plan-encrypted", "green", { stage: "bastion" })], 2).marks).to.deep.equal(["green", "red"]);
    });
  });

  describe("of a ledger that another version wrote", () => {
    it("tells what it can, and counts the rest", () => {
      const good = event("r", { verb: "up", status: "green" });
      const lines = [null, 3, "text", [], {}, { ...good, kind: "note" }, { ...good, kind: "note" }, { ...good, status: "skipped" }, { ...good, at: undefined }, { ...good, at: "soon" }, { ...good, run: 7 }, { ...good, kind: "stage" }, { ...good, kind: "check", gate: "01" }, good];
      const { events, strange } = sift(lines);
      expect(events).to.deep.equal([good]);
      expect(strange).to.deep.equal([
        { what: "no event", lines: 3 },
        { what: "no kind", lines: 2 },
        { what: 'kind "note"', lines: 2 },
        { what: 'status "skipped"', lines: 1 },
        { what: "no time", lines: 2 },
        { what: "no run", lines: 1 },
        { what: "a stage without its name", lines: 1 },
        { what: "a check without its name", lines: 1 },
      ]);
      expect(words(page(lines))).to.include("13 lines of the ledger could not be told, or only in part").and.include("kind &quot;note&quot; (2)");
    });

    it("drops fields that are something else, and keeps the event", () => {
      const { at, run } = event("r", {});
      expect(sift([{ at, run, kind: "run", status: "green", verb: ["up"], durationMs: "long", via: "hearsay", error: {} }]).events).to.deep.equal([{ at, run, kind: "run", status: "green" }]);
    });

    it("counts stages, gates and checks that it does not know", () => {
      const events = [...up("u"), stage("u", "nodes", "green"), gate("u", "04", "green"), check("u", "04.etcd", "green"), check("u", "01.gone", "green")];
      expect(reported(events).strange.map(({ what }) => what)).to.deep.equal(['stage "nodes"', 'gate "04"', 'check "04.etcd"', 'check "01.gone"']);
      expect(page(events)).to.include("4 lines of the ledger");
    });
  });

  it("of hundreds of runs stays small", () => {
    const many = Array.from({ length: 500 }, (_, place) => [...up(`u${place}`), ...looked(`g${place}`, "red", { error: "&".repeat(5_000) })]).flat();
    expect(Buffer.byteLength(page(many))).to.be.lessThan(2_000_000);
  });

  it("gives durations from milliseconds to days", () => {
    expect([undefined, 0, 94, 950, 59_000, 185_000, 11_100_000, 345_600_000].map(took)).to.deep.equal(["", "0 ms", "94 ms", "0.9 s", "59 s", "3 min 05 s", "3 h 05 min", "4 days"]);
  });
});
