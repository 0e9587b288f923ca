import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { access, lstat, mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { pidExists } from "../common/process-stat.ts";
import type { Context } from "./context.ts";
import { onCacheDisk } from "./failure.ts";
import { takeLock } from "./lock.ts";
import { hostTag } from "./process-identity.ts";

/** Names an entry of the cache: `tools/<name>/<version>-<key>`. */
export interface EntryId {
  readonly name: string;
  readonly version: string;
  readonly key: string;
}

export interface EntryPlan extends EntryId {
  /** What is being done, for people who wait: "building pulumi 3.255.0". */
  readonly doing: string;
  /** The entry's executable, relative to its folder. */
  readonly executable: string;
  /** Makes the entry's content in the given empty folder. */
  readonly make: (folder: string) => Promise<void>;
}

export interface Entry {
  readonly folder: string;
  /** Absolute path. */
  readonly executable: string;
}

const manifestName = "manifest.json";
const manifestSchema = z.object({ executable: z.string(), bytes: z.number().optional() });

const entryFolder = (context: Context, id: EntryId) => join(context.cacheDir, "tools", id.name, `${id.version}-${id.key}`);

/** The log of the last build of a tool; it outlives a failed one. */
export async function freshLogFile(context: Context, id: Pick<EntryId, "name" | "version">): Promise<string> {
  const file = join(context.cacheDir, "logs", `${id.name}-${id.version}.log`);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, "");
  return file;
}

/** A finished, whole entry, or nothing. Never writes. */
export async function findEntry(context: Context, id: EntryId): Promise<Entry | undefined> {
  const folder = entryFolder(context, id);
  try {
    const manifest = manifestSchema.parse(JSON.parse(await readFile(join(folder, manifestName), "utf8")));
    const executable = join(folder, manifest.executable);
    await access(executable, constants.X_OK);
    const { size } = await stat(executable);
    return manifest.bytes === undefined || manifest.bytes === size ? { folder, executable } : undefined;
  } catch {
    // No entry, or one that somebody damaged: both are made anew.
    return undefined;
  }
}

/** The entry, made first where it is missing or damaged. Atomic: a folder with the final name is always whole. */
export async function ensureEntry(context: Context, plan: EntryPlan): Promise<Entry> {
  const found = await findEntry(context, plan);
  if (found) return found;
  return onCacheDisk(context.cacheDir, async () => {
    const final = entryFolder(context, plan);
    await mkdir(dirname(final), { recursive: true });
    const release = await takeLock(context, `${final}.lock`, plan.doing);
    try {
      await sweepLeftovers(dirname(final));
      return (await findEntry(context, plan)) ?? (await makeEntry(context, plan, final));
    } finally {
      await release();
    }
  });
}

async function makeEntry(context: Context, plan: EntryPlan, final: string): Promise<Entry> {
  const partial = partialFolder(dirname(final));
  mine.add(basename(partial));
  try {
    await mkdir(partial);
    await plan.make(partial);
    context.signal?.throwIfAborted();
    await writeManifest(partial, plan);
    return await publish(context, plan, partial, final);
  } finally {
    await remove(partial);
    mine.delete(basename(partial));
  }
}

/** Records the size of a built program, so that a copy cut short by a full disk is noticed. */
async function writeManifest(partial: string, plan: EntryPlan): Promise<void> {
  const executable = join(partial, plan.executable);
  await access(executable, constants.X_OK);
  const info = await lstat(executable);
  // A Python environment's interpreter is a link to the system's, whose size may change with an update.
  const bytes = info.isFile() ? { bytes: info.size } : {};
  const { name, version, key } = plan;
  const manifest = { name, version, key, executable: plan.executable, ...bytes, madeAt: new Date().toISOString() };
  await writeFile(join(partial, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

async function publish(context: Context, plan: EntryPlan, partial: string, final: string): Promise<Entry> {
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(partial, final);
    } catch (error) {
      const taken = error instanceof Error && "code" in error && (error.code === "ENOTEMPTY" || error.code === "EEXIST");
      if (!taken || attempt > 3) throw error;
      // Somebody on another machine was faster, or what stands there is damaged.
      if (!(await findEntry(context, plan))) await discard(final);
    }
    const entry = await findEntry(context, plan);
    if (entry) return entry;
  }
}

/** Moves a damaged entry away before removing it, so that no half-removed folder has the final name. */
async function discard(final: string): Promise<void> {
  const away = partialFolder(dirname(final));
  await rename(final, away);
  await remove(away);
}

/** Leftovers this process works on now; others with its pid are from an earlier process. */
const mine = new Set<string>();
const dayMs = 24 * 60 * 60 * 1000;

function partialFolder(parent: string): string {
  return join(parent, `.partial-${process.pid}-${hostTag}${randomBytes(4).toString("hex")}`);
}

/** Removes what dead builders left. */
async function sweepLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const match = /^\.partial-(\d+)-([0-9a-f]{6})/.exec(name);
    if (!match || mine.has(name)) continue;
    const pid = Number(match[1]);
    const path = join(parent, name);
    // A builder on another machine cannot be asked: give it a day.
    const dead = match[2] === hostTag ? pid === process.pid || !pidExists(pid) : (await ageMs(path)) > dayMs;
    if (dead) await remove(path);
  }
}

async function ageMs(path: string): Promise<number> {
  try {
    return Date.now() - (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
}

function remove(folder: string): Promise<void> {
  // A child that was just ended may still be closing files in there.
  return rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}
