import { realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ExitCode, UserError } from "../common/errors.ts";
import { catalog, readGoModule } from "./catalog.ts";
import type { Context } from "./context.ts";
import { ensureGoEntry, findGoEntry, quietPulumi } from "./go.ts";
import { ensureSiteEntry, findSiteEntry, SiteUnavailable, siteRefused } from "./pulumi-site.ts";
import { findOnPath, isExecutable } from "./search-path.ts";
import type { Tool } from "./toolchain.ts";
import { whyNotAccepted } from "./versions.ts";

const sources = ["path", "site", "build"] as const;
type PulumiSource = (typeof sources)[number];

/** `MOONBACK_PULUMI_SOURCE`, which forces one way of getting the CLI. */
export function forcedSource(env: NodeJS.ProcessEnv): PulumiSource | undefined {
  const value = env["MOONBACK_PULUMI_SOURCE"];
  if (value === undefined || value === "") return undefined;
  const source = sources.find((name) => name === value);
  if (source) return source;
  throw new UserError(`MOONBACK_PULUMI_SOURCE is "${value}"; allowed are ${sources.join(", ")}`, {
    fix: "unset it, or set it to one of these",
    exitCode: ExitCode.usage,
  });
}

/** A whole CLI with a folder of its own: found or downloaded, not built. */
interface Cli {
  readonly path: string;
  readonly version: string;
  readonly source: "path" | "site";
  /** The Node language host that came with it. */
  readonly host?: string;
}

/** The CLI on `PATH`, or why the one there is left alone; neither when there is none. */
async function findCliOnPath(context: Context): Promise<{ cli?: Cli; ignored?: string }> {
  const path = await findOnPath("pulumi", context.env);
  if (path === undefined) return {};
  const { version: pinned } = await readGoModule(context, catalog.pulumi);
  const result = await context.exec({ command: path, args: ["version"], env: quietPulumi(context), timeoutMs: 30_000, signal: context.signal });
  const version = result.stdout.trim().replace(/^v/, "");
  const problem = result.ok ? whyNotAccepted(version, pinned) : `pulumi version ${result.ending}`;
  if (problem !== undefined) return { ignored: `${path} is not used: ${problem}` };
  return { cli: await withHost({ path, version, source: "path" }) };
}

/** Adds the language host beside the program, or beside what the link on `PATH` leads to. */
async function withHost(cli: Omit<Cli, "host">): Promise<Cli> {
  for (const program of new Set([cli.path, await realpath(cli.path)])) {
    const host = join(dirname(program), "pulumi-language-nodejs");
    if (await isExecutable(host)) return { ...cli, host };
  }
  return cli;
}

/** A CLI that need not be built, as far as it is there already. */
export async function findCli(context: Context): Promise<{ cli?: Cli; ignored?: string }> {
  const forced = forcedSource(context.env);
  if (forced === "build") return {};
  const onPath = forced === "site" ? {} : await findCliOnPath(context);
  if (onPath.cli || forced === "path") return onPath;
  const site = await findSiteEntry(context);
  return site ? { ...onPath, cli: await withHost({ path: site.executable, version: site.version, source: "site" }) } : onPath;
}

/** `PATH`, then Pulumi's site; nothing when the CLI has to be (or already is) built. */
async function ensureCli(context: Context): Promise<Cli | undefined> {
  const forced = forcedSource(context.env);
  const { cli, ignored } = await findCli(context);
  if (cli) return cli;
  if (forced === "build") return undefined;
  if (forced === "path") {
    throw new UserError(`MOONBACK_PULUMI_SOURCE allows only the pulumi on PATH, and ${ignored ?? "there is none"}`, {
      fix: "install a Pulumi CLI that fits, or unset MOONBACK_PULUMI_SOURCE",
    });
  }
  if (ignored !== undefined) context.progress(ignored);
  if (forced === undefined && (await findGoEntry(context, catalog.pulumi))) return undefined;
  try {
    const site = await ensureSiteEntry(context, forced === "site");
    return await withHost({ path: site.executable, version: site.version, source: "site" });
  } catch (error) {
    if (!(error instanceof SiteUnavailable)) throw error;
    if (forced === "site") throw siteRefused(error);
    context.progress(`${error.message}; building it instead`);
    return undefined;
  }
}

/** The Pulumi CLI: from `PATH`, from Pulumi's site, or built, in this order. */
export async function ensurePulumi(context: Context): Promise<Tool> {
  const cli = await ensureCli(context);
  if (cli) return { name: "pulumi", version: cli.version, source: cli.source, path: cli.path };
  const { version, executable } = await ensureGoEntry(context, catalog.pulumi);
  return { name: "pulumi", version, source: "built", path: executable };
}

/** The Node language host: the one that came with the CLI, else built from the last module that holds it. */
export async function ensureLanguageHost(context: Context): Promise<Tool> {
  const name = "pulumi-language-nodejs";
  const cli = await ensureCli(context);
  if (cli?.host !== undefined) return { name, version: cli.version, source: cli.source, path: cli.host };
  const { version, executable } = await ensureGoEntry(context, catalog[name]);
  return { name, version, source: "built", path: executable };
}
