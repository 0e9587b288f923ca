import { expect } from "chai";
import { sideBySide } from "../../common/side-by-side.ts";

/** Work that ends only when told to, and then says so. */
const untilTold = (log: string[]) => (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      log.push("told");
      reject(new Error("ended because it was told to"));
    });
  });

describe("sideBySide", () => {
  it("hands both results on", async () => {
    expect(await sideBySide(new AbortController().signal, () => Promise.resolve(1), () => Promise.resolve("two"))).to.deep.equal([1, "two"]);
  });

  for (const failing of ["first", "second"] as const) {
    it(`ends the other when the ${failing} fails, and throws that failure`, async () => {
      const log: string[] = [];
      const fail = () => Promise.reject(new Error("it broke"));
      const [first, second] = failing === "first" ? [fail, untilTold(log)] : [untilTold(log), fail];
      const error = await sideBySide(new AbortController().signal, first, second).catch((thrown: unknown) => thrown);
      expect((error as Error).message).to.equal("it broke");
      expect(log).to.deep.equal(["told"]);
    });
  }

  it("ends both when the whole is interrupted", async () => {
    const log: string[] = [];
    const interrupt = new AbortController();
    const both = sideBySide(interrupt.signal, untilTold(log), untilTold(log)).catch(() => "ended");
    interrupt.abort();
    expect(await both).to.equal("ended");
    expect(log).to.deep.equal(["told", "told"]);
  });
});
