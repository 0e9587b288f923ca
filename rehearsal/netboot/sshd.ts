import { existsSync, readFileSync } from "node:fs";
import { UserError, errorMessage } from "../../common/errors.ts";
import { SshServer, type SshPlan } from "./ssh-server.ts";
import { parseSshdConf } from "./sshd-conf.ts";
import type { Unit } from "./systemctl.ts";

export interface SshdPlan extends Omit<SshPlan, "hostKey" | "users"> {
  /** The bundle's file in sshd_config.d, on this machine. */
  readonly confFile: string;
  /** The public keys of each user of the machine. */
  readonly keys: () => ReadonlyMap<string, readonly string[]>;
  /** Whether there is power, and an IPv6 address to be reached at. */
  readonly reachable: () => boolean;
}

/** The unit `ssh`: started once its host key is there; it really listens while the machine can be reached. */
export class Sshd implements Unit {
  readonly #plan: SshdPlan;
  #configured: Pick<SshPlan, "hostKey" | "users"> | undefined;
  #server: SshServer | undefined;
  #queue: Promise<void> = Promise.resolve();

  constructor(plan: SshdPlan) {
    this.#plan = plan;
  }

  get active(): boolean {
    return this.#configured !== undefined;
  }

  get listens(): boolean {
    return this.#server !== undefined;
  }

  start(): Promise<void> {
    const { confFile, keys } = this.#plan;
    const { hostKey, allowUsers } = parseSshdConf(existsSync(confFile) ? readFileSync(confFile, "utf8") : "");
    // The host keys that cloud-init makes are not among those that sshd is told to show: without the fetched one there is none.
    if (!existsSync(hostKey)) throw new UserError(`sshd: Unable to load host key: ${hostKey}\nsshd: no hostkeys available -- exiting.`);
    const users = new Map([...keys()].filter(([name]) => allowUsers?.includes(name) ?? true));
    this.#configured = { hostKey: readFileSync(hostKey, "utf8"), users };
    return this.settle();
  }

  stop(): Promise<void> {
    this.#configured = undefined;
    return this.settle();
  }

  /** Listens, or ends that, as things stand when its turn has come. */
  settle(): Promise<void> {
    const settled = this.#queue.then(async () => {
      const configured = this.#plan.reachable() ? this.#configured : undefined;
      if (configured === undefined) {
        this.#server?.stop();
        this.#server = undefined;
      } else this.#server ??= await SshServer.start({ ...this.#plan, ...configured });
    });
    this.#queue = settled.catch((error: unknown) => this.#plan.log(`sshd: ${errorMessage(error)}`));
    return settled;
  }
}
