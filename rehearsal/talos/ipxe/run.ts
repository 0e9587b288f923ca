import { setImmediate as yieldOnce } from "node:timers/promises";
import type { CommandContext, Result } from "./command.ts";
import { commands, takeLease } from "./commands.ts";
import { ipxeErrors, type IpxeError } from "./errors.ts";
import type { IpxeHost } from "./host.ts";
import { Images, type Image } from "./images.ts";
import { commandsOf, scriptLines, type ScriptLine } from "./parse.ts";
import { Settings } from "./settings.ts";

/** An EFI program that iPXE hands the machine over to, with what lies beside it. */
export interface Boot {
  readonly kernel: Image;
  readonly initrds: readonly Image[];
}

/** How a script ended: with the machine handed over, or by itself. */
export interface Outcome {
  readonly boot: Boot | undefined;
  readonly error: IpxeError | undefined;
}

/** iPXE on one machine: settings and downloads last until another program takes over. */
export class Ipxe {
  readonly #host: IpxeHost;
  readonly #settings = new Settings();
  readonly #images: Images;

  constructor(host: IpxeHost) {
    this.#host = host;
    this.#images = new Images(host.isEfi);
    this.#settings.define("mac", "hex", Buffer.from(host.mac.replaceAll(":", ""), "hex"));
    this.#settings.define("uuid", "uuid", host.uuid);
    this.#settings.define("serial", "string", host.serial);
    this.#settings.define("buildarch", "string", "arm64");
    this.#settings.define("platform", "string", "efi");
    this.#settings.define("errno", "uint32", 0);
  }

  /** Configures the network card, as iPXE's own script for EC2 does before it asks for user data. */
  configure(): boolean {
    return takeLease(this.#host, this.#settings);
  }

  /** Runs a script that came from `url`; ends early only with the signal's reason. */
  run(script: Buffer, url: string, signal: AbortSignal): Promise<Outcome> {
    return this.#exec(this.#images.add(url, script), signal);
  }

  async #exec(image: Image, signal: AbortSignal): Promise<Outcome> {
    if (image.type === undefined) return { boot: undefined, error: ipxeErrors.notExecutable };
    if (image.type === "efi") return { boot: { kernel: image, initrds: this.#images.others(image) }, error: undefined };
    const result = await this.#script(image, signal);
    if (image.autofree || result.replacement !== undefined) this.#images.free(image);
    return result.replacement === undefined ? { boot: result.boot, error: result.error } : this.#exec(result.replacement, signal);
  }

  async #script(image: Image, signal: AbortSignal): Promise<Result> {
    const lines = scriptLines(image.bytes.toString("utf8"));
    for (let index = 0; index < lines.length; index++) {
      // A script may be an endless loop without anything to wait for.
      await yieldOnce();
      signal.throwIfAborted();
      const result = await this.#line(lines[index]?.command ?? "", { image, lines }, signal);
      if (result.jump !== undefined) index = result.jump - 1;
      else if (result.error !== undefined || result.stop === true || result.boot !== undefined) return result;
    }
    return done;
  }

  async #line(line: string, script: { image: Image; lines: readonly ScriptLine[] }, signal: AbortSignal): Promise<Result> {
    let result: Result = done;
    let due = true;
    for (const { tokens, next } of commandsOf(line)) {
      // Nothing is a command that succeeds: `dhcp ||` is how a script passes over a failure.
      if (due) result = tokens.length === 0 ? done : await this.#command(tokens.map((token) => this.#settings.expand(token)), script, signal);
      if (result.jump !== undefined || result.stop === true || result.boot !== undefined) return result;
      due = next === "always" || (next === "on-success") === (result.error === undefined);
    }
    return result;
  }

  async #command(argv: readonly string[], { image, lines }: { image: Image; lines: readonly ScriptLine[] }, signal: AbortSignal): Promise<Result> {
    const [name = ""] = argv;
    const command = commands[name];
    if (command === undefined) this.#host.print(`${name}: command not found\n`);
    const context: CommandContext = { host: this.#host, settings: this.#settings, images: this.#images, current: image, lines, signal, exec: (other) => this.#exec(other, signal) };
    const result = command === undefined ? { error: ipxeErrors.commandNotFound } : await command(argv, context);
    signal.throwIfAborted();
    if (result.error !== undefined) this.#settings.define("errno", "uint32", result.error.code);
    return result;
  }
}

const done: Result = {};
