import { type Dirent, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { type EngineEvent, LocalWorkspace, PulumiCommand, type PulumiFn, type Stack } from "@pulumi/pulumi/automation/index.js";
import { languageHost, pulumiCli } from "../pulumi-tool.ts";
import type { Emulator } from "./start-emulator.ts";

const plugins = join(import.meta.dirname, "../../rehearsal/providers/bin");

/** Everything the engine may know: its own home and backend, our plugins, the emulator. */
export function engineEnvironment(folder: string, emulator: Emulator): Record<string, string> {
  return {
    ...emulator.env,
    PATH: [plugins, dirname(pulumiCli), dirname(languageHost), process.env["PATH"] ?? ""].join(delimiter),
    PULUMI_HOME: join(folder, "home"),
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
}

/** Runs a test on a stack of its own, which is destroyed and removed whatever happens. */
export async function withStack(emulator: Emulator, program: PulumiFn, test: (stack: Stack, folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "moonback-engine-"));
  const envVars = engineEnvironment(folder, emulator);
  try {
    const pulumiCommand = await PulumiCommand.get({ root: dirname(dirname(pulumiCli)), skipVersionCheck: true });
    const projectSettings = { name: "moon-and-back", runtime: "nodejs" as const, backend: { url: `file://${folder}` } };
    const stack = await LocalWorkspace.createOrSelectStack(
      { stackName: "test-network", projectName: "moon-and-back", program },
      { workDir: folder, pulumiCommand, projectSettings, envVars, pulumiHome: join(folder, "home") },
    );
    try {
      await test(stack, folder);
    } finally {
      await stack.destroy();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface StateResource {
  readonly type: string;
  readonly urn: string;
  readonly id?: string;
  readonly inputs?: Record<string, unknown>;
  readonly outputs?: Record<string, unknown>;
  readonly initErrors?: string[];
}

/** The resources of an exported deployment. */
export function resources(deployment: unknown): StateResource[] {
  return (deployment as { resources?: StateResource[] }).resources ?? [];
}

export function nameOf(resource: StateResource): string {
  return resource.urn.split("::").at(-1) ?? "";
}

/** What is written of the stack's resources. Not `exportStack`: the Automation API exports with secrets in clear. */
export function recorded(folder: string): StateResource[] {
  const stateFile = join(folder, ".pulumi/stacks/moon-and-back/test-network.json");
  return resources((JSON.parse(readFileSync(stateFile, "utf8")) as { checkpoint: { latest: unknown } }).checkpoint.latest);
}

/** The files of a backend in which any of these texts stands in clear. */
export function filesWith(folder: string, ...texts: readonly string[]): string[] {
  const files = readdirSync(join(folder, ".pulumi"), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const holds = (file: Dirent): boolean => {
    const content = readFileSync(join(file.parentPath, file.name), "utf8");
    return texts.some((text) => content.includes(text));
  };
  return files.filter(holds).map((file) => file.name);
}

/** What a preview or update did, `create aws:ec2/vpc:Vpc net`, without what stays the same. */
export class Steps {
  readonly #done: string[] = [];
  readonly diffs = new Map<string, string[]>();

  readonly onEvent = (event: EngineEvent): void => {
    const metadata = event.resourcePreEvent?.metadata;
    // Every resource is refreshed; what a refresh finds shows as the step that follows.
    if (!metadata || ["same", "read", "refresh"].includes(metadata.op)) return;
    const name = metadata.urn.split("::").at(-1) ?? "";
    this.#done.push(`${metadata.op} ${name}`);
    this.diffs.set(name, metadata.diffs ?? []);
  };

  /** Sorted: the engine works in parallel. */
  get done(): string[] {
    return [...this.#done].sort();
  }
}
