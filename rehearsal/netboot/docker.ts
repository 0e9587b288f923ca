import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { UserError, errorMessage } from "../../common/errors.ts";
import { plannedText } from "../addresses.ts";
import type { Container } from "./container.ts";
import { DockerUsage, parseDocker, type ComposeCommand } from "./docker-arguments.ts";
import type { GuestCall } from "./guest-call.ts";
import { Project, readCompose, type Host } from "./project.ts";
import type { ComposeFile } from "./compose.ts";

/** The version of compose in Debian 13, whose output this one has. */
const composeVersion = "2.26.1";

/** The docker of one machine: what `docker compose` does there. */
export class Docker {
  readonly #host: Host;
  readonly #projects = new Map<string, Project>();

  constructor(host: Host) {
    this.#host = host;
  }

  get containers(): Container[] {
    return [...this.#projects.values()].flatMap(({ containers }) => containers);
  }

  /** Answers one command line; returns its exit code. */
  async run(call: GuestCall): Promise<number> {
    try {
      return await this.#compose(parseDocker(call.argv), call);
    } catch (error) {
      call.error(`${error instanceof DockerUsage || error instanceof UserError ? "" : "Error response from daemon: "}${errorMessage(error)}\n`);
      return error instanceof DockerUsage ? error.exitCode : 1;
    }
  }

  async powerOff(): Promise<void> {
    await Promise.all(this.containers.map((container) => container.powerOff()));
  }

  async powerOn(): Promise<void> {
    for (const container of this.containers) await container.powerOn();
  }

  async #compose(command: ComposeCommand, call: GuestCall): Promise<number> {
    if (command.verb === "version") {
      call.out(`Docker Compose version ${composeVersion} (a stand-in of the rehearsal)\n`);
      return 0;
    }
    const directory = resolve(call.directory, command.projectDirectory ?? ".");
    const { project, file } = this.#project(command, directory);
    const containers = command.verb === "up" ? [] : project.find(command.services);
    const report = (container: Container, done: string): void => call.error(` Container ${container.spec.containerName}  ${done}\n`);
    switch (command.verb) {
      case "up":
        await project.up(file ?? readCompose(directory), directory, command.services, (line) => call.error(`${line}\n`));
        return 0;
      case "ps":
        for (const container of containers.filter(({ state }) => command.all || state === "running")) call.out(`${line(container, project.name, command)}\n`);
        return 0;
      case "logs":
        for (const container of containers) for (const text of logLines(container, command)) call.out(`${plannedText(text, this.#host.shared.vpcCidr)}\n`);
        return 0;
      case "start":
        for (const container of containers) await project.start(container).then(() => report(container, "Started"));
        return 0;
      case "stop":
      case "kill":
        await Promise.all(containers.map((container) => container.stop(command.verb === "kill" ? 0 : undefined).then(() => report(container, command.verb === "kill" ? "Killed" : "Stopped"))));
        return 0;
      case "restart":
        await Promise.all(containers.map((container) => container.stop()));
        for (const container of containers) await project.start(container).then(() => report(container, "Started"));
        return 0;
      case "rm": {
        const gone = containers.filter(({ state }) => command.stopFirst || (state !== "running" && state !== "restarting"));
        await project.remove(gone);
        for (const container of gone) report(container, "Removed");
        return 0;
      }
    }
  }

  /** By its name, or by the compose file in its directory. */
  #project({ verb, projectName, projectDirectory }: ComposeCommand, directory: string): { project: Project; file?: ComposeFile } {
    const known = projectName === undefined ? undefined : this.#projects.get(projectName);
    if (known !== undefined && verb !== "up") return { project: known };
    // Without a file compose finds a project by the labels of its containers, except to make them.
    if (projectName !== undefined && projectDirectory === undefined && verb !== "up") return { project: new Project(projectName, this.#host) };
    const file = readCompose(directory);
    const name = projectName ?? file.name;
    const project = this.#projects.get(name) ?? new Project(name, this.#host);
    this.#projects.set(name, project);
    return { project, file };
  }
}

/** A line of `docker compose ps`: an object, as compose 2.21 and newer print it, or the columns that people look for. */
function line(container: Container, project: string, { json, quiet }: ComposeCommand): string {
  const { id, spec, state, health, exitCode } = container;
  if (quiet) return id;
  const status = statusOf(container);
  if (!json) return `${spec.containerName}   ${spec.image}   ${spec.name}   ${status}`;
  return JSON.stringify({ ExitCode: state === "exited" ? exitCode : 0, Health: health, ID: id.slice(0, 12), Image: spec.image, Name: spec.containerName, Project: project, Service: spec.name, State: state, Status: status });
}

export function statusOf({ state, health, exitCode, changedAt }: Pick<Container, "state" | "health" | "exitCode" | "changedAt">, now = Date.now()): string {
  const seconds = Math.round((now - changedAt) / 1000);
  const since = seconds < 1 ? "Less than a second" : seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`;
  switch (state) {
    case "created":
      return "Created";
    case "running":
      return `Up ${since}${health === "" ? "" : ` (${health === "starting" ? "health: starting" : health})`}`;
    case "restarting":
      return `Restarting (${exitCode}) ${since} ago`;
    case "exited":
      return `Exited (${exitCode}) ${since} ago`;
  }
}

function logLines({ logFile, spec }: Container, { tail, prefix }: ComposeCommand): string[] {
  if (!existsSync(logFile)) return [];
  const lines = readFileSync(logFile, "utf8").split("\n").slice(0, -1);
  const wanted = tail === undefined ? lines : lines.slice(Math.max(0, lines.length - tail));
  return prefix ? wanted.map((text) => `${spec.containerName}  | ${text}`) : wanted;
}

