import { existsSync, readFileSync, statSync } from "node:fs";
import { UserError } from "../../common/errors.ts";
import type { Unit } from "./systemctl.ts";
import { parseWireguardConf } from "./wireguard-conf.ts";

/** The unit `wg-quick@home`, a stand-in: no tunnel is made, but without its configuration and its key it does not start. */
export class Wireguard implements Unit {
  readonly #confFile: string;
  #active = false;
  #allIpv4 = false;

  constructor(confFile: string) {
    this.#confFile = confFile;
  }

  get active(): boolean {
    return this.#active;
  }

  /** Whether all IPv4 leaves through it. */
  get carriesIpv4(): boolean {
    return this.#active && this.#allIpv4;
  }

  start(): Promise<void> {
    if (!existsSync(this.#confFile)) throw new UserError("wg-quick: `/etc/wireguard/home.conf' does not exist");
    const { keyFile, allIpv4 } = parseWireguardConf(readFileSync(this.#confFile, "utf8"));
    if (!existsSync(keyFile) || statSync(keyFile).size === 0) throw new UserError(`wg-quick: fopen: ${keyFile}: no private key there`);
    this.#active = true;
    this.#allIpv4 = allIpv4;
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#active = false;
    return Promise.resolve();
  }
}
