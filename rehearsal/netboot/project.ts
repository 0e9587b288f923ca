import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../common/errors.ts";
import { Container } from "./container.ts";
import { parseCompose, type ComposeFile, type Mount, type ServiceSpec } from "./compose.ts";
import type { GuestText } from "./guest-text.ts";
import { healthTest } from "./health-tests.ts";
import { programOf } from "./services/programs.ts";
import type { LocalMount, ServiceContext } from "./services/service.ts";

/** What of a container's surroundings is the machine's. */
export interface Host {
  /** The machine's folder: root, logs, volumes, containers. */
  readonly folder: string;
  readonly guest: GuestText;
  /** Without power nothing starts, whatever is still under way. */
  readonly powered: () => boolean;
  readonly shared: Pick<ServiceContext, "vpcCidr" | "tools" | "mark" | "egress" | "listenAt">;
}

/** A compose project on a machine: its containers, in the order in which they start. */
export class Project {
  readonly name: string;
  readonly #host: Host;
  #containers: Container[] = [];

  constructor(name: string, host: Host) {
    this.name = name;
    this.#host = host;
  }

  get containers(): readonly Container[] {
    return this.#containers;
  }

  /** The containers of the named services, or all. Throws for a service that has none. */
  find(services: readonly string[]): Container[] {
    return services.length === 0 ? [...this.#containers] : services.map((service) => this.#of(service));
  }

  /**
   * Makes the containers of a compose file and starts them, each after those it depends on; what runs already and is
   * written as before stays as it is. `report` gets a line for each.
   */
  async up(file: ComposeFile, directory: string, services: readonly string[], report: (line: string) => void): Promise<void> {
    const wanted = withDependencies(file, services);
    for (const spec of file.services) {
      const found = this.#containers.find((container) => container.spec.name === spec.name);
      if (!wanted.has(spec.name) || (found !== undefined && JSON.stringify(found.spec) === JSON.stringify(spec))) continue;
      await found?.remove();
      const made = this.#make(spec, directory);
      this.#containers = [...this.#containers.filter((container) => container !== found), made];
      report(` Container ${spec.containerName}  ${found === undefined ? "Created" : "Recreated"}`);
    }
    const order = file.services.map(({ name }) => name);
    this.#containers.sort((a, b) => order.indexOf(a.spec.name) - order.indexOf(b.spec.name));
    for (const container of this.#containers.filter(({ spec }) => wanted.has(spec.name))) {
      for (const [service, condition] of Object.entries(container.spec.dependsOn)) await this.#of(service).reaches(condition);
      await this.start(container);
      report(` Container ${container.spec.containerName}  Started`);
    }
  }

  async start(container: Container): Promise<void> {
    if (!this.#host.powered()) throw new UserError("the machine was powered off");
    await container.start();
  }

  async remove(containers: readonly Container[]): Promise<void> {
    for (const container of containers) await container.remove();
    this.#containers = this.#containers.filter((container) => !containers.includes(container));
  }

  #of(service: string): Container {
    const found = this.#containers.find(({ spec }) => spec.name === service);
    if (found === undefined) throw new UserError(`no such service: ${service}`);
    return found;
  }

  #make(spec: ServiceSpec, directory: string): Container {
    const { folder, shared } = this.#host;
    const scratch = join(folder, "containers", spec.containerName);
    const logs = join(folder, "logs");
    for (const path of [scratch, logs]) mkdirSync(path, { recursive: true });
    const mounts = spec.mounts.map((mount) => this.#mount(mount, directory));
    return new Container(programOf(spec), { ...shared, spec, mounts, scratch, logFile: join(logs, `${spec.name}.log`) });
  }

  #mount({ source, kind, target }: Mount, directory: string): LocalMount {
    if (kind === "volume") {
      const path = join(this.#host.folder, "volumes", `${this.name}_${source}`);
      mkdirSync(path, { recursive: true });
      return { path, target };
    }
    const path = source.startsWith("/") ? this.#host.guest.file(source) : join(directory, source);
    // Docker would make an empty folder in its place, and the service would wonder.
    if (!existsSync(path)) throw new UserError(`invalid mount config: bind source path does not exist: ${source}`);
    return { path, target };
  }
}

function withDependencies(file: ComposeFile, services: readonly string[]): Set<string> {
  const wanted = new Set<string>();
  const add = (name: string): void => {
    const spec = file.services.find((service) => service.name === name);
    if (spec === undefined) throw new UserError(`no such service: ${name}`);
    wanted.add(name);
    for (const other of Object.keys(spec.dependsOn)) add(other);
  };
  for (const name of services.length === 0 ? file.services.map((spec) => spec.name) : services) add(name);
  return wanted;
}

/** The project's compose file. Every image and health check must be one that this machine room has something for. */
export function readCompose(directory: string): ComposeFile {
  const path = join(directory, "compose.yaml");
  if (!existsSync(path)) throw new UserError("no configuration file provided: not found");
  const file = parseCompose(readFileSync(path, "utf8"));
  for (const spec of file.services) {
    programOf(spec);
    if (spec.healthcheck !== undefined) healthTest(spec.healthcheck.test);
  }
  return file;
}
