import { mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { UserError } from "../common/errors.ts";
import { ensureEntry, findEntry, freshLogFile, type Entry, type EntryId } from "./cache.ts";
import { catalog, contentKey, readGoModule } from "./catalog.ts";
import type { Context } from "./context.ts";
import type { ExecResult } from "./exec.ts";
import { quietPulumi } from "./go.ts";
import { withHeartbeat } from "./step.ts";

/** A download that has not grown for this long is given up. */
const stalledAfterMs = 20_000;
const lookEveryMs = 2_000;
/** Longer than this, building is quicker. */
const limitMs = 240_000;
const rememberMs = 60 * 60 * 1000;

/** The site could not serve: the caller builds instead, or says so. */
export class SiteUnavailable extends Error {
  override readonly name = "SiteUnavailable";
}

async function siteEntryId(context: Context): Promise<EntryId> {
  const { version } = await readGoModule(context, catalog.pulumi);
  return { name: "pulumi", version, key: contentKey(["site", version]) };
}

/** A CLI installed from Pulumi's site earlier, or nothing. */
export async function findSiteEntry(context: Context): Promise<(Entry & { version: string }) | undefined> {
  const id = await siteEntryId(context);
  const entry = await findEntry(context, id);
  return entry && { ...entry, version: id.version };
}

/**
 * The CLI (and its language hosts) from Pulumi's site, at the pinned version.
 * Throws `SiteUnavailable`, and remembers it for an hour unless `insist` is set.
 */
export async function ensureSiteEntry(context: Context, insist: boolean): Promise<Entry & { version: string }> {
  const id = await siteEntryId(context);
  const memory = join(context.cacheDir, "tools", "pulumi", "site-unavailable.json");
  const remembered = insist ? undefined : await recall(context, memory);
  if (remembered !== undefined) throw new SiteUnavailable(`${remembered} (tried less than an hour ago)`);
  const doing = `installing pulumi ${id.version} from Pulumi's site`;
  try {
    const entry = await ensureEntry(context, {
      ...id, doing, executable: join("bin", "pulumi"), make: (folder) => install(context, id, folder, doing),
    });
    await rm(memory, { force: true });
    return { ...entry, version: id.version };
  } catch (error) {
    if (error instanceof SiteUnavailable) await remember(context, memory, error.message);
    throw error;
  }
}

async function install(context: Context, id: EntryId, folder: string, doing: string): Promise<void> {
  context.progress(doing);
  // The installer leaves its downloads in TMPDIR when it is ended: let that be inside the folder that goes away.
  const scratch = join(folder, "tmp");
  await mkdir(scratch, { recursive: true });
  const logFile = await freshLogFile(context, { name: "pulumi-site", version: id.version });
  const stall = new AbortController();
  const result = await withHeartbeat(context, (elapsed) => `${doing}: ${elapsed}`, () =>
    Promise.race([
      context.exec({
        command: process.execPath,
        args: [join(import.meta.dirname, "site-install.ts"), folder],
        env: { ...quietPulumi(context), TMPDIR: scratch, NODE_USE_ENV_PROXY: "1", NODE_NO_WARNINGS: "1" },
        cwd: folder,
        logFile,
        timeoutMs: limitMs,
        signal: context.signal ? AbortSignal.any([context.signal, stall.signal]) : stall.signal,
      }).finally(() => stall.abort(new SiteUnavailable("done"))),
      endWhenStalled(context, folder, stall),
    ]),
  );
  const problem = await problemOf(context, id, folder, result);
  if (problem !== undefined) throw new SiteUnavailable(problem);
  await rm(scratch, { recursive: true, force: true });
}

async function problemOf(context: Context, id: EntryId, folder: string, result: ExecResult): Promise<string | undefined> {
  if (!result.ok) return `Pulumi's site did not serve the CLI: ${result.tail.at(-1) ?? result.ending}`;
  const path = join(folder, "bin", "pulumi");
  const version = await context.exec({ command: path, args: ["version"], env: quietPulumi(context), timeoutMs: 60_000, signal: context.signal });
  const said = version.stdout.trim().replace(/^v/, "");
  return said === id.version ? undefined : `Pulumi's site served version "${said}" instead of ${id.version}`;
}

/** Aborts the installation when its folder stops growing; never resolves. */
async function endWhenStalled(context: Context, folder: string, stall: AbortController): Promise<never> {
  let size = -1;
  let grewAt = context.clock.elapsed();
  for (;;) {
    await context.clock.wait(lookEveryMs, stall.signal).catch(() => new Promise<never>(() => undefined));
    const now = await bytesIn(folder);
    if (now > size) [size, grewAt] = [now, context.clock.elapsed()];
    else if (context.clock.elapsed() - grewAt >= stalledAfterMs) {
      stall.abort(new SiteUnavailable(`Pulumi's site stopped answering for ${stalledAfterMs / 1000} s`));
    }
  }
}

async function bytesIn(folder: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (!entry.isFile()) continue;
    sum += await stat(join(entry.parentPath, entry.name)).then((info) => info.size, () => 0);
  }
  return sum;
}

const memorySchema = z.object({ at: z.number(), reason: z.string() });

async function recall(context: Context, file: string): Promise<string | undefined> {
  try {
    const { at, reason } = memorySchema.parse(JSON.parse(await readFile(file, "utf8")));
    // What was written before the clock was set back is of nobody knows when.
    const age = context.clock.now() - at;
    return age >= 0 && age < rememberMs ? reason : undefined;
  } catch {
    return undefined;
  }
}

async function remember(context: Context, file: string, reason: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ at: context.clock.now(), reason }));
}

/** What to say when only the site was allowed and it could not serve. */
export function siteRefused(error: SiteUnavailable): UserError {
  return new UserError(error.message, {
    fix: "check the network (behind a proxy set HTTPS_PROXY), or unset MOONBACK_PULUMI_SOURCE to build it instead",
    cause: error,
  });
}
