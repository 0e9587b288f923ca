/**
 * One of many runs that want the same environment: `lock-taker.ts <folder>`. In each round it waits for the file
 * `go-<round>`, tries once, says how that ended, and keeps what it got until there is `stop-<round>`.
 */
import { existsSync, mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { directoriesIn } from "../../automation/directories.ts";
import { holdEnvironment } from "../../automation/run-lock.ts";
import { errorMessage, UserError } from "../../common/errors.ts";
import { systemClock } from "../../common/poll.ts";
import { captured } from "./capture.ts";
import type { Session } from "../../automation/session.ts";

const [folder = ""] = process.argv.slice(2);
const file = (name: string): string => join(folder, name);
const until = async (name: string): Promise<void> => {
  while (!existsSync(file(name))) await systemClock.wait(2);
};

console.log("ready");
for (let round = 0; ; round += 1) {
  await until(`go-${round}`);
  const session = {
    environment: { name: "lab" }, directories: directoriesIn(folder, folder), console: captured().console, clock: systemClock, signal: new AbortController().signal,
    journal: { run: "one-name-for-all" },
  } as unknown as Session;
  try {
    await holdEnvironment(session, "up", async () => {
      // Fails where somebody else is in.
      mkdirSync(file("inside"));
      console.log(`${round} held`);
      await until(`stop-${round}`);
      rmdirSync(file("inside"));
    });
  } catch (error) {
    console.log(`${round} ${error instanceof UserError ? `exit ${error.exitCode} ${error.message.replaceAll("\n", " ")}` : errorMessage(error)}`);
  }
}
