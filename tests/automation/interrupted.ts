/** A program that waits for its work to end, until it is told twice: `interrupted.ts [throws]`. What it does is on stdout. */
import { setTimeout as delay } from "node:timers/promises";
import { Console } from "../../automation/console.ts";
import { onInterrupt } from "../../automation/interrupt.ts";

const signal = onInterrupt(new Console({ json: false }), () => {
  console.log("ended all");
  if (process.argv.includes("throws")) throw new Error("it could not be ended");
});
signal.addEventListener("abort", () => console.log(`told: ${String(signal.reason)}`));
console.log("ready");
// The call in flight takes longer than anybody waits.
await delay(60_000);
