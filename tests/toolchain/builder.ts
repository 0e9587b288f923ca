/**
 * A process that makes an entry and takes its time: `builder.ts CACHE COUNTER GATE`. It adds a line to COUNTER when it
 * starts to make, runs a child of its own until GATE exists, and prints the executable's path. With a fourth argument
 * it handles SIGINT itself, as the command line does.
 */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureEntry } from "../../toolchain/cache.ts";
import { systemContext } from "../../toolchain/context.ts";
import { makeExecutable } from "./world.ts";

const [cacheDir, counter, gate, handles] = process.argv.slice(2) as [string, string, string, string?];
const interrupt = new AbortController();
if (handles !== undefined) process.once("SIGINT", () => interrupt.abort(new Error("interrupted")));
const context = systemContext({ cacheDir, progress: (line) => console.log(line), signal: interrupt.signal });

const entry = await ensureEntry(context, {
  name: "thing",
  version: "1.0.0",
  key: "abc",
  doing: "building thing 1.0.0",
  executable: "bin/thing",
  make: async (folder) => {
    await makeExecutable(join(folder, "bin/thing"));
    await appendFile(counter, `${process.pid}\n`);
    const script = 'echo "child $$"; while [ ! -e "$0" ]; do sleep 0.1; done';
    await context.exec({ command: "/bin/sh", args: ["-c", script, gate], env: process.env, signal: context.signal, onLine: (line) => console.log(line) });
  },
});
console.log(`done ${entry.executable}`);
