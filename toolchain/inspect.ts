import { basename } from "node:path";
import { catalog, goSpecs, readGoModule, readRequirements, toolNames, type GoSpec, type PythonSpec, type ToolName } from "./catalog.ts";
import type { Context } from "./context.ts";
import { findGo, findGoEntry } from "./go.ts";
import { findCli, forcedSource } from "./pulumi.ts";
import { canMakeEnvironment, findPythonEntry, findPythons, oldestPython } from "./python.ts";
import { findOnPath } from "./search-path.ts";
import type { ToolReport } from "./toolchain.ts";
import { compareVersions, parseVersion } from "./versions.ts";

/** The oldest Node that runs TypeScript as it is. */
const oldestNode = "22.18.0";
const pythonFix = "`sudo apt-get install python3 python3-venv` on Debian and Ubuntu";

/** Looks at every program, changes nothing. */
export async function inspect(context: Context): Promise<readonly ToolReport[]> {
  const python = await inspectPython(context);
  const go = await inspectGo(context, python);
  const reports = [
    inspectNode(),
    await inspectOnPath(context, "npm", ["--version"], "npm comes with Node: install Node from your package manager"),
    python,
    go,
    await inspectOnPath(context, "git", ["--version"], "`sudo apt-get install git` on Debian and Ubuntu"),
  ];
  for (const name of toolNames) reports.push(await inspectTool(context, name, { go, python }));
  return reports;
}

/** What the tools are made with. */
interface Makers {
  readonly go: ToolReport;
  readonly python: ToolReport;
}

function inspectTool(context: Context, name: ToolName, { go, python }: Makers): Promise<ToolReport> {
  switch (name) {
    case "pulumi":
      return inspectPulumi(context, go);
    case "pulumi-language-nodejs":
      return inspectLanguageHost(context, go);
    default: {
      const spec = catalog[name];
      return spec.kind === "go" ? inspectGoTool(context, spec, go) : inspectPythonTool(context, spec, python);
    }
  }
}

const works = (report: ToolReport) => report.found !== undefined || report.willBuild === true;

function inspectNode(): ToolReport {
  const found = { version: process.versions.node, source: "this process", path: process.execPath };
  const [have, want] = [parseVersion(found.version), parseVersion(oldestNode)];
  const report = { name: "node", wanted: `${oldestNode} or newer`, found };
  if (have && want && compareVersions(have, want) >= 0) return report;
  return { ...report, problem: `Node ${found.version} is too old`, fix: "run the command through npm (`npm run …`), which brings its own" };
}

async function inspectOnPath(context: Context, name: string, args: readonly string[], fix: string): Promise<ToolReport> {
  const wanted = "any version";
  const path = await findOnPath(name, context.env);
  if (path === undefined) return { name, wanted, problem: `there is no ${name} on PATH`, fix };
  const result = await context.exec({ command: path, args, env: context.env, timeoutMs: 30_000, signal: context.signal });
  const version = /\d+(\.\d+)+/.exec(result.stdout)?.[0];
  if (result.ok && version !== undefined) return { name, wanted, found: { version, source: "path", path } };
  return { name, wanted, problem: `${path} does not say its version (${basename(path)} ${result.ending})`, fix };
}

async function inspectPython(context: Context): Promise<ToolReport> {
  const wanted = `${oldestPython} or newer, with venv or pip`;
  const { usable: [python], tooOld } = await findPythons(context);
  if (!python) {
    const problem = tooOld.length === 0 ? "there is no python3 on PATH" : `too old: ${tooOld.join(", ")}`;
    return { name: "python", wanted, problem, fix: pythonFix };
  }
  const found = { version: python.version, source: "path", path: python.path };
  if (canMakeEnvironment(python)) return { name: "python", wanted, found };
  return { name: "python", wanted, found, problem: "it has neither venv nor pip", fix: pythonFix };
}

async function inspectGo(context: Context, python: ToolReport): Promise<ToolReport> {
  const modules = await Promise.all(goSpecs.map((spec) => readGoModule(context, spec)));
  const directive = modules.map((module) => module.goVersion).sort(byVersion).at(-1) ?? "";
  const wanted = `${directive} or newer`;
  const onPath = await findGo(context, directive);
  if ("go" in onPath) return { name: "go", wanted, found: { version: onPath.go.version, source: "path", path: onPath.go.path } };
  const ours = await findPythonEntry(context, catalog.go);
  if (ours) return { name: "go", wanted, found: { version: ours.version, source: "installed", path: ours.executable }, problem: onPath.problem };
  if (python.problem === undefined) return { name: "go", wanted, problem: onPath.problem, willBuild: true };
  return { name: "go", wanted, problem: onPath.problem, fix: `install Go ${directive} or newer, or a Python that can install it: ${pythonFix}` };
}

function byVersion(a: string, b: string): number {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  return left && right ? compareVersions(left, right) : 0;
}

async function inspectPulumi(context: Context, go: ToolReport): Promise<ToolReport> {
  const { version } = await readGoModule(context, catalog.pulumi);
  const report = { name: "pulumi", wanted: `${version} or newer of the same major version` };
  const { cli, ignored } = await findCli(context);
  const why = ignored === undefined ? {} : { problem: ignored };
  if (cli) return { ...report, found: { version: cli.version, source: cli.source, path: cli.path }, ...why };
  const forced = forcedSource(context.env);
  if (forced === "path") return { ...report, problem: ignored ?? "there is no pulumi on PATH", fix: "install a Pulumi CLI that fits, or unset MOONBACK_PULUMI_SOURCE" };
  const built = forced === "site" ? undefined : await findGoEntry(context, catalog.pulumi);
  if (built) return { ...report, ...why, found: { version: built.version, source: "built", path: built.executable } };
  return needsBuild({ ...report, ...why }, go);
}

async function inspectLanguageHost(context: Context, go: ToolReport): Promise<ToolReport> {
  const { version } = await readGoModule(context, catalog["pulumi-language-nodejs"]);
  const report = { name: "pulumi-language-nodejs", wanted: `the CLI's own, or ${version}` };
  const { cli } = await findCli(context);
  if (cli?.host !== undefined) return { ...report, found: { version: cli.version, source: cli.source, path: cli.host } };
  const built = await findGoEntry(context, catalog["pulumi-language-nodejs"]);
  if (built) return { ...report, found: { version: built.version, source: "built", path: built.executable } };
  return needsBuild(report, go);
}

/** A tool that is built here and comes from nowhere else. */
async function inspectGoTool(context: Context, spec: GoSpec, go: ToolReport): Promise<ToolReport> {
  const { version } = await readGoModule(context, spec);
  const report = { name: spec.name, wanted: version };
  const built = await findGoEntry(context, spec);
  if (built) return { ...report, found: { version: built.version, source: "built", path: built.executable } };
  return needsBuild(report, go);
}

async function inspectPythonTool(context: Context, spec: PythonSpec, python: ToolReport): Promise<ToolReport> {
  const { version } = await readRequirements(context, spec);
  const report = { name: spec.name, wanted: version };
  const entry = await findPythonEntry(context, spec);
  if (entry) return { ...report, found: { version: entry.version, source: "installed", path: entry.executable } };
  if (python.problem === undefined) return { ...report, willBuild: true };
  return { ...report, problem: "it needs a Python that can make an environment", fix: pythonFix };
}

/** Missing: it will be made when needed, if there is something to make it with. */
function needsBuild(report: ToolReport, go: ToolReport): ToolReport {
  if (works(go)) return { ...report, willBuild: true };
  return { ...report, problem: report.problem ?? "it has to be built, and there is no Go to build it with", ...(go.fix === undefined ? {} : { fix: go.fix }) };
}
