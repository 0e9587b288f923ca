import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError, errorMessage } from "../../common/errors.ts";
import { localAddress, localPort, sshAddress, type Address } from "../addresses.ts";
import type { SeenInstance } from "./aws-view.ts";
import { runCommands, writeFiles } from "./boot.ts";
import { endMarked } from "./children.ts";
import { parseCloudConfig, type CloudConfig } from "./cloud-config.ts";
import { cloudInit, type Boot } from "./cloud-init.ts";
import { dial } from "./dial.ts";
import { Docker } from "./docker.ts";
import { Egress } from "./egress.ts";
import type { GuestCall } from "./guest-call.ts";
import { writeGuestPrograms } from "./guest-programs.ts";
import { GuestText } from "./guest-text.ts";
import { guestVariables } from "./guest-variables.ts";
import type { Internet } from "./internet/internet.ts";
import { appendLog } from "./log-file.ts";
import type { MachinesPlan } from "./plan.ts";
import { Sshd } from "./sshd.ts";
import { allowedBySudo, renderSudo } from "./sudo.ts";
import { systemctl, type Unit } from "./systemctl.ts";
import { Wireguard } from "./wireguard.ts";

/** What a machine needs of the room it stands in. */
export interface MachineSite {
  readonly plan: MachinesPlan;
  readonly internet: Internet;
  /** Whether the security groups of an instance admit a source to its SSH now. */
  readonly admits: (id: string, source: string) => Promise<boolean>;
  readonly folder: string;
  /** The script behind the stand-in programs, and the socket that it asks. */
  readonly guestProgram: string;
  readonly socket: string;
}

/** One instance with cloud-config user data, doing what that says while it runs. */
export class Machine {
  readonly id: string;
  readonly docker: Docker;
  readonly ssh: Sshd;
  readonly #site: MachineSite;
  readonly #guest: GuestText;
  readonly #root: string;
  readonly #wireguard: Wireguard;
  #instance: SeenInstance;
  #config: CloudConfig | undefined;
  #boot: Boot = { status: "running", problems: [], ended: Promise.resolve() };
  #powered = true;
  readonly #over = new AbortController();

  constructor(site: MachineSite, instance: SeenInstance) {
    const { plan, internet, folder } = site;
    const { vpcCidr, tools } = plan;
    this.id = instance.id;
    this.#site = site;
    this.#instance = instance;
    this.#root = join(folder, "root");
    this.#guest = new GuestText(this.#root, vpcCidr);
    this.#wireguard = new Wireguard(this.#guest.file("/etc/wireguard/home.conf"));
    const egress = new Egress(internet, () => ({ ipv6: this.#instance.ipv6Addresses.length > 0, ipv4: this.#instance.hasPublicIpv4 || this.#wireguard.carriesIpv4 }));
    const listenAt = (address: string, port: number): Address => this.#listenAt(address, port);
    this.docker = new Docker({ folder, guest: this.#guest, powered: () => this.#powered, shared: { vpcCidr, tools, mark: folder, egress, listenAt } });
    this.ssh = new Sshd({
      address: sshAddress(vpcCidr),
      confFile: this.#guest.file("/etc/ssh/sshd_config.d/moonback.conf"),
      keys: () => new Map(this.#config?.users.map(({ name, ssh_authorized_keys: keys }) => [name, keys])),
      reachable: () => this.#powered && this.#instance.ipv6Addresses.length > 0,
      admits: (source) => site.admits(this.id, source),
      commands: (user) => ({ mark: folder, directory: this.#home(user), variables: this.#variables(user), local: (command) => this.#guest.local(command) }),
      dial: (host, port) => dial({ vpcCidr, egress, from: () => this.#instance.privateAddresses[0] }, host, port),
      log: (line) => this.#log("ssh", line),
    });
  }

  get boot(): Boot {
    return this.#boot;
  }

  get powered(): boolean {
    return this.#powered;
  }

  /** The first boot: from an empty folder to what the user data says. */
  firstBoot(userData: string): void {
    const problems: string[] = [];
    const booted = async (): Promise<void> => {
      try {
        problems.push(...(await this.#firstBoot(userData)));
      } catch (error) {
        problems.push(errorMessage(error));
      }
      this.#boot = { ...this.#boot, status: problems.length === 0 ? "done" : "error" };
      for (const problem of problems) this.#log("cloud-init", `error: ${problem}`);
      this.#log("cloud-init", `boot ended: ${this.#boot.status}`);
    };
    const { folder } = this.#site;
    rmSync(folder, { recursive: true, force: true });
    for (const name of ["logs", "tmp"]) mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
    this.#boot = { status: "running", problems, ended: booted() };
  }

  /** What AWS says of it now: addresses come and go while it runs. */
  update(instance: SeenInstance): void {
    this.#instance = instance;
    // Why it does not listen is in its log.
    this.ssh.settle().catch(() => undefined);
  }

  /** The power is gone: everything it ran ends at once. What lies in its folder stays. */
  async powerOff(): Promise<void> {
    this.#powered = false;
    this.#over.abort(new Error("the machine was powered off"));
    endMarked(this.#site.folder);
    await Promise.all([this.ssh.settle(), this.docker.powerOff(), this.#boot.ended]);
    // What was being started meanwhile.
    await this.docker.powerOff();
    endMarked(this.#site.folder);
  }

  /** A later start of the same instance: cloud-init does nothing again, services come back as they were. */
  async powerOn(instance: SeenInstance): Promise<void> {
    this.#powered = true;
    this.update(instance);
    await this.docker.powerOn();
  }

  /** A stand-in program was called on the machine. Resolves with its exit code. */
  async call(call: GuestCall): Promise<number> {
    const packages = this.#config?.packages ?? [];
    switch (call.program) {
      case "cloud-init":
        return cloudInit(call, () => this.#boot);
      case "systemctl":
        return systemctl(call, (name) => this.#unit(name));
      case "docker":
        if (!["docker.io", "docker-compose"].every((name) => packages.includes(name))) call.error("docker: command not found: its packages, docker.io and docker-compose, are not in the user data\n");
        else if (!this.#mayUseDocker(call.user)) call.error("permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock\n");
        else return this.docker.run(call);
        return 1;
      default:
        call.error(`${call.program}: command not found\n`);
        return 127;
    }
  }

  async #firstBoot(userData: string): Promise<string[]> {
    const { folder, plan, guestProgram: script, socket } = this.#site;
    this.#config = parseCloudConfig(userData);
    const { users, packages } = this.#config;
    for (const name of ["root", ...users.map((user) => user.name)]) mkdirSync(this.#home(name), { recursive: true, mode: 0o700 });
    writeGuestPrograms(this.#root, { script, socket, machine: this.id, python: plan.tools.python, boto3: packages.includes("python3-boto3"), sudo: renderSudo(allowedBySudo(this.#config), this.#guest) });
    const bootPlan = { guest: this.#guest, root: this.#root, mark: folder, logFile: this.#logFile("cloud-init"), variables: this.#variables("root"), signal: this.#over.signal };
    writeFiles(this.#config, bootPlan);
    return runCommands(this.#config, bootPlan);
  }

  #unit(name: string): Unit | undefined {
    const packages = this.#config?.packages ?? [];
    if (name === "ssh") return this.ssh;
    if (name === "wg-quick@home" && packages.includes("wireguard-tools")) return this.#wireguard;
    if (name !== "docker" || !packages.includes("docker.io")) return undefined;
    return { active: true, start: () => Promise.resolve(), stop: () => Promise.reject(new UserError("the rehearsal's docker does not stop")) };
  }

  #mayUseDocker(user: string): boolean {
    return user === "root" || this.#config?.users.some(({ name, groups }) => name === user && groups.includes("docker")) === true;
  }

  #variables(user: string): NodeJS.ProcessEnv {
    const { plan, folder } = this.#site;
    return { ...guestVariables(plan, folder, this.#instance.hasProfile), USER: user, LOGNAME: user, HOME: this.#home(user) };
  }

  #home(user: string): string {
    return join(this.#root, user === "root" ? "root" : `home/${user}`);
  }

  #listenAt(address: string, port: number): Address {
    const own = this.#instance.privateAddresses;
    if (!own.includes(address)) throw new Error(`cannot listen on ${address}:${port}: the instance's addresses are ${own.join(", ") || "none"}`);
    return { host: localAddress(address), port: localPort(port) };
  }

  #logFile(name: string): string {
    return join(this.#site.folder, "logs", `${name}.log`);
  }

  #log(name: string, line: string): void {
    appendLog(this.#logFile(name), `${line}\n`);
  }
}
