import { expect } from "chai";
import { duration, type Tone } from "../../automation/console.ts";
import { captured } from "./capture.ts";

describe("the console", () => {
  const tones: Record<Tone, string> = { start: "►", change: "✚", wait: "◎", good: "✔", warn: "⚠", bad: "✗" };

  it("tells people progress on stderr and results on stdout", () => {
    const { console, stdout, stderr } = captured();
    for (const tone of Object.keys(tones) as Tone[]) console.say(tone, `so it is ${tone}`);
    console.result("rehearsal is up");
    console.emit({ kind: "status" });
    expect(stderr()).to.equal(Object.entries(tones).map(([tone, symbol]) => `${symbol} so it is ${tone}\n`).join(""));
    expect(stdout()).to.equal("rehearsal is up\n");
  });

  it("tells programs NDJSON on stdout and nothing else there", () => {
    const { console, stdout, stderr } = captured({ json: true });
    console.result("for people");
    console.say("good", "progress");
    console.emit({ kind: "status", text: "two\nlines" });
    console.emit({ kind: "preview", changes: [] });
    expect(stdout()).to.equal('{"kind":"status","text":"two\\nlines"}\n{"kind":"preview","changes":[]}\n');
    expect(stderr()).to.equal("✔ progress\n");
  });

  describe("in colour", () => {
    const variables = ["NO_COLOR", "FORCE_COLOR", "NODE_DISABLE_COLORS"];
    const before = Object.fromEntries(variables.map((name) => [name, process.env[name]]));
    beforeEach(() => { for (const name of variables) Reflect.deleteProperty(process.env, name); });
    afterEach(() => { for (const name of variables) if (before[name] !== undefined) process.env[name] = before[name]; });

    it("writes none where stderr is no terminal", () => {
      const { console, stderr } = captured({ tty: false });
      for (const tone of Object.keys(tones) as Tone[]) console.say(tone, "plain");
      expect(stderr()).to.not.include("\u001b");
    });

    it("writes the symbol only, on a terminal", () => {
      const { console, stderr } = captured({ tty: true });
      console.say("bad", "plain text");
      expect(stderr()).to.equal("\u001b[31m✗\u001b[39m plain text\n");
    });
  });

  describe("is never silent for more than ten seconds", () => {
    it("while something goes on", async () => {
      const { console, time, stderr } = captured();
      await console.during("stage network", () => {
        time.now += 9_999;
        console.beat();
        expect(stderr(), "too early").to.equal("");
        time.now += 1;
        console.beat();
        expect(stderr()).to.equal("◎ still at it: stage network (10 s)\n");
        console.beat();
        time.now += 9_999;
        console.beat();
        expect(stderr(), "just said").to.equal("◎ still at it: stage network (10 s)\n");
        time.now += 1;
        console.beat();
        expect(stderr()).to.include("stage network (20 s)\n");
        return Promise.resolve();
      });
    });

    it("counting from the last line of any kind", async () => {
      const { console, time, stderr } = captured();
      await console.during("x", () => {
        time.now += 9_000;
        console.say("change", "a resource");
        time.now += 9_000;
        console.beat();
        expect(stderr()).to.equal("✚ a resource\n");
        return Promise.resolve();
      });
    });

    it("naming the innermost of what goes on, then the outer again", async () => {
      const { console, time, stderr } = captured();
      const beat = () => { time.now += 10_000; console.beat(); };
      await console.during("outer", async () => {
        await console.during("inner", () => {
          beat();
          return Promise.resolve();
        });
        beat();
      });
      beat();
      expect(stderr()).to.equal("◎ still at it: inner (10 s)\n◎ still at it: outer (20 s)\n");
    });

    it("and quiet after what failed", async () => {
      const { console, time, stderr } = captured();
      const failed = await console.during("doomed", () => Promise.reject(new Error("no"))).catch((error: unknown) => error);
      expect(failed).to.have.property("message", "no");
      time.now += 60_000;
      console.beat();
      expect(stderr()).to.equal("");
    });

    it("by itself, looking once a second until the last work ends", async () => {
      const { console, time, stderr } = captured();
      const [set, clear] = [globalThis.setInterval, globalThis.clearInterval];
      const running: { tick: () => void; milliseconds: number }[] = [];
      globalThis.setInterval = ((tick: () => void, milliseconds: number) => {
        const timer = { tick, milliseconds, unref: () => timer };
        running.push(timer);
        return timer;
      }) as unknown as typeof setInterval;
      globalThis.clearInterval = ((timer: (typeof running)[number]) => running.splice(running.indexOf(timer), 1)) as unknown as typeof clearInterval;
      try {
        await console.during("work", async () => {
          await console.during("part of it", () => Promise.resolve());
          expect(running.map(({ milliseconds }) => milliseconds)).to.deep.equal([1_000]);
          time.now += 10_000;
          running[0]!.tick();
        });
      } finally {
        [globalThis.setInterval, globalThis.clearInterval] = [set, clear];
      }
      expect(stderr()).to.equal("◎ still at it: work (10 s)\n");
      expect(running).to.deep.equal([]);
    });
  });

  it("hands on the result of what it waits for", async () => {
    expect(await captured().console.during("work", () => Promise.resolve(42))).to.equal(42);
  });

  for (const [milliseconds, text] of [[0, "0.0 s"], [440, "0.4 s"], [9_940, "9.9 s"], [9_949, "9.9 s"], [9_950, "10 s"], [12_400, "12 s"], [99_400, "99 s"], [100_000, "1 min 40 s"], [119_700, "2 min 00 s"], [185_000, "3 min 05 s"], [3_599_600, "60 min 00 s"]] as const) {
    it(`writes ${milliseconds} ms as ${text}`, () => {
      expect(duration(milliseconds)).to.equal(text);
    });
  }
});
