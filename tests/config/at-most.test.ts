import { expect } from "chai";
import { atMost } from "../../common/at-most.ts";
import { remembered } from "../../common/remembered.ts";

describe("work that is limited", () => {
  it("runs no more than so many at once, all of it, in its order", async () => {
    const limited = atMost(2);
    const started: number[] = [];
    let [running, most] = [0, 0];
    const results = await Promise.all(
      [1, 2, 3, 4, 5].map((number) =>
        limited(async () => {
          started.push(number);
          most = Math.max(most, ++running);
          await new Promise((done) => setImmediate(done));
          running--;
          return number;
        }),
      ),
    );
    expect([results, started, most]).to.deep.equal([[1, 2, 3, 4, 5], [1, 2, 3, 4, 5], 2]);
  });

  it("goes on after a failure", async () => {
    const limited = atMost(1);
    const failed = limited(() => Promise.reject(new Error("no"))).catch(() => "failed");
    expect(await Promise.all([failed, limited(() => Promise.resolve("done"))])).to.deep.equal(["failed", "done"]);
  });
});

describe("what is remembered", () => {
  const answering = (...answers: (string | undefined | Error)[]) => {
    let asked = 0;
    const read = remembered(() => {
      const answer = answers[asked++];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    });
    return { read, asked: () => asked };
  };

  it("is asked for once, by however many at once", async () => {
    const { read, asked } = answering("here", "never");
    expect(await Promise.all([read(), read()])).to.deep.equal(["here", "here"]);
    expect([await read(), asked()]).to.deep.equal(["here", 1]);
  });

  it("is asked for again where it was not there, or could not be told", async () => {
    const { read, asked } = answering(undefined, new Error("no"), "here");
    expect(await read()).to.equal(undefined);
    expect(await read().catch((error: unknown) => (error as Error).message)).to.equal("no");
    expect([await read(), asked()]).to.deep.equal(["here", 3]);
  });
});
