import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { execa } from "execa";
import type { EngineSettings } from "../../automation/engine.ts";
import type { Deployment, RecordedResource } from "../../automation/recovery/deployment.ts";
import { project } from "../../stacks/project.ts";
import { languageHost, pulumiCli } from "../pulumi-tool.ts";

export const stack = "lab-network";
export const rootUrn = `urn:pulumi:${stack}::${project}::pulumi:pulumi:Stack::${project}-${stack}`;
/** What nobody may ever see in clear. */
export const canary = "the canary sings";

/** The real CLI on a file backend of a test's own, with one stack. */
export class Backend {
  readonly folder: string;
  readonly said: string[] = [];
  readonly settings: EngineSettings;
  readonly #command: PulumiCommand;

  private constructor(folder: string, command: PulumiCommand) {
    this.folder = folder;
    this.#command = command;
    this.settings = this.settingsWith({});
  }

  static async make(): Promise<Backend> {
    const backend = await Backend.at(mkdtempSync(join(tmpdir(), "moonback-state #")));
    mkdirSync(backend.state);
    writeFileSync(join(backend.folder, "Pulumi.yaml"), `name: ${project}\nruntime: nodejs\n`);
    await backend.pulumi("stack", "init", stack);
    return backend;
  }

  /** One that another process has made. */
  static async at(folder: string): Promise<Backend> {
    return new Backend(folder, await PulumiCommand.get({ root: dirname(dirname(pulumiCli)), skipVersionCheck: true }));
  }

  get state(): string {
    return join(this.folder, "state");
  }

  get exports(): string {
    return join(this.folder, "exports");
  }

  /** The stack's state, as the file backend keeps it. */
  get checkpoint(): string {
    return join(this.state, ".pulumi/stacks", project, `${stack}.json`);
  }

  settingsWith(variables: Readonly<Record<string, string>>, over: Partial<EngineSettings> = {}): EngineSettings {
    return {
      projectDirectory: this.folder,
      command: this.#command,
      variables: {
        PATH: [dirname(pulumiCli), dirname(languageHost), process.env["PATH"] ?? ""].join(delimiter),
        PULUMI_HOME: join(this.folder, "home"),
        PULUMI_BACKEND_URL: `file://${this.state.replaceAll("#", "%23")}`,
        PULUMI_CONFIG_PASSPHRASE: "test",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        ...variables,
      },
      logFile: join(this.folder, "engine.log"),
      notice: (text) => this.said.push(text),
      holdsEnvironment: true,
      ...over,
    };
  }

  /** Runs a command of the CLI that must succeed, as a person would. */
  async pulumi(...args: readonly string[]): Promise<string> {
    const { stdout } = await execa(pulumiCli, [...args, "--non-interactive"], { cwd: this.folder, env: this.settings.variables, stdin: "ignore" });
    return stdout;
  }

  /** Puts a state there, as an update would have left it: secrets come in as they are and are encrypted by the engine. */
  async fill(resources: readonly RecordedResource[], pending: readonly { readonly type: string; readonly resource: RecordedResource }[] = []): Promise<void> {
    const whole = JSON.parse(await this.pulumi("stack", "export", "-s", stack)) as Deployment;
    const deployment = { ...whole.deployment, resources: [root, ...resources] };
    await execa(pulumiCli, ["stack", "import", "-s", stack, "--non-interactive"], { cwd: this.folder, env: this.settings.variables, input: JSON.stringify({ ...whole, deployment }) });
    // An import takes away what is pending.
    const checkpoint = this.read();
    checkpoint.checkpoint.latest["pending_operations"] = pending;
    writeFileSync(this.checkpoint, JSON.stringify(checkpoint));
  }

  read(): { checkpoint: { latest: Record<string, unknown> } } {
    return JSON.parse(readFileSync(this.checkpoint, "utf8")) as { checkpoint: { latest: Record<string, unknown> } };
  }

  /** Locks the stack as a run of the engine does; a number stands for a process of this machine. */
  lock(name: string, holder: number | { readonly pid: number; readonly hostname: string } | "cut short"): string {
    const folder = join(this.state, ".pulumi/locks/organization", project, stack);
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${name}.json`);
    const who = typeof holder === "number" ? { pid: holder, hostname: hostname() } : holder;
    writeFileSync(file, who === "cut short" ? "" : JSON.stringify({ username: "somebody", timestamp: "2026-01-02T03:04:05Z", ...(who as object) }));
    return file;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const root: RecordedResource = { urn: rootUrn, type: "pulumi:pulumi:Stack", custom: false, outputs: { plain: "seen", hidden: secret(canary) } };

/** A secret before it is encrypted, as in an export with secrets shown (sdk/go/common/resource, sig.go). */
export function secret(value: string): object {
  return { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", plaintext: JSON.stringify(value) };
}

const providerUrn = `urn:pulumi:${stack}::${project}::pulumi:providers:aws::aws`;
export const provider: RecordedResource = { urn: providerUrn, type: "pulumi:providers:aws", custom: true, id: "provider-1", parent: rootUrn };

/** A resource as the engine records it. */
export function made(type: string, name: string, over: Partial<RecordedResource> = {}): RecordedResource {
  return { urn: `urn:pulumi:${stack}::${project}::${type}::${name}`, type, custom: true, id: `${name}-1`, parent: rootUrn, provider: `${providerUrn}::provider-1`, inputs: { token: secret(canary) }, outputs: {}, ...over };
}

/** The same as a pending operation has it: nobody knows its id, and there are no outputs yet. */
export function begun({ urn, type, parent, provider: maker, dependencies }: RecordedResource, over: Partial<RecordedResource> = {}): RecordedResource {
  return { urn, type, custom: true, ...(parent === undefined ? {} : { parent }), ...(maker === undefined ? {} : { provider: maker }), ...(dependencies ? { dependencies } : {}), ...over };
}
