import { randomBytes } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { z } from "zod";
import type { Context } from "./context.ts";
import { identityOf, isRunning, type ProcessIdentity } from "./process-identity.ts";

const pollMs = 500;
const tellEveryMs = 10_000;

const holderSchema = z.object({ pid: z.int(), start: z.string(), host: z.string(), token: z.string() });
type Holder = ProcessIdentity & { readonly token: string };

/**
 * Takes a lock file, waiting while a living process holds it, and returns the function that frees it.
 * It only saves double work: entries are published by rename, so two builders at once would both end well too.
 */
export async function takeLock(context: Pick<Context, "signal" | "clock" | "progress">, file: string, waitingFor: string): Promise<() => Promise<void>> {
  const me: Holder = { ...identityOf(process.pid), token: randomBytes(6).toString("hex") };
  let toldAt: number | undefined;
  for (;;) {
    context.signal?.throwIfAborted();
    if (await tryTake(file, me)) return () => release(file, me);
    const holder = await readHolder(file);
    if (holder === "free") continue;
    if (holder === "unreadable" || !isRunning(holder)) {
      await rm(file, { force: true });
      continue;
    }
    const now = context.clock.elapsed();
    if (toldAt === undefined || now - toldAt >= tellEveryMs) {
      context.progress(`waiting for another run (process ${holder.pid}) that is ${waitingFor}`);
      toldAt = now;
    }
    await context.clock.wait(pollMs, context.signal);
  }
}

/** Links a written file into place, so that nobody ever reads a half-written lock. */
async function tryTake(file: string, me: Holder): Promise<boolean> {
  const draft = `${file}.${me.token}`;
  await writeFile(draft, JSON.stringify(me));
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function release(file: string, me: Holder): Promise<void> {
  const holder = await readHolder(file);
  if (typeof holder === "object" && holder.token === me.token) await rm(file, { force: true });
}

async function readHolder(file: string): Promise<Holder | "free" | "unreadable"> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "free";
    throw error;
  }
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return "unreadable";
  }
}
