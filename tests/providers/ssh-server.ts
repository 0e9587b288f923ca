import { spawn } from "node:child_process";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import ssh2 from "ssh2";
import { makeKey } from "../../rehearsal/providers/tls/private-key.ts";

/** Why a test cannot run here, for its title; `undefined` where it can. */
export const noIpv6Loopback = networkInterfaces()["lo"]?.some(({ address }) => address === "::1") ? undefined : "this machine has no IPv6 loopback";

/** What a client did. */
export interface Executed {
  readonly user: string;
  /** The public key that it proved to have, as a line of `authorized_keys`. */
  readonly key: string;
  readonly command: string;
  readonly environment: Record<string, string>;
}

/** An SSH server on `[::1]` that runs commands for whoever has a key it knows; without keys, for whoever has any. */
export class SshServer {
  readonly executed: Executed[] = [];
  /** Connections that end before the first word. */
  hangUps = 0;
  /** Small answers wait for each other, so that a quick command's beginning and end come in one piece. */
  inOnePiece = false;
  /** How many clients have come. */
  connections = 0;
  readonly authorized = new Set<string>();
  /** The host key as a program would pin it. */
  readonly hostKey: string;
  readonly #server: ssh2.Server;
  readonly #clients = new Set<ssh2.Connection>();

  /** @param otherKeys private host keys of other algorithms */
  constructor(...otherKeys: string[]) {
    const key = makeKey();
    this.hostKey = String(key["publicKeyOpenssh"]);
    this.#server = new ssh2.Server({ hostKeys: [String(key["privateKeyOpenssh"]), ...otherKeys] }, (client) => this.#serve(client));
    // Before any word is exchanged: as a machine whose sshd is about to start.
    this.#server.prependListener("connection", () => (this.connections += 1));
  }

  /** @returns `[::1]:port` */
  async start(): Promise<string> {
    this.#server.listen(0, "::1");
    await once(this.#server, "listening");
    return `[::1]:${String((this.#server.address() as { port: number }).port)}`;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.end();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  /** Cuts every connection. */
  cut(): void {
    for (const client of this.#clients) client.end();
  }

  #serve(client: ssh2.Connection): void {
    this.#clients.add(client);
    // Declared for the client only, and there for both.
    (client as unknown as ssh2.Client).setNoDelay(!this.inOnePiece);
    client.on("error", () => undefined).on("close", () => this.#clients.delete(client));
    if (this.hangUps > 0) {
      this.hangUps -= 1;
      client.end();
      return;
    }
    let [user, key] = ["", ""];
    client.on("authentication", (context) => {
      const line = context.method === "publickey" ? `${context.key.algo} ${context.key.data.toString("base64")}` : "";
      if (context.method === "publickey" && (this.authorized.size === 0 || this.authorized.has(line)) && proved(line, context)) {
        [user, key] = [context.username, line];
        context.accept();
      } else {
        context.reject(["publickey"]);
      }
    });
    client.on("session", (accept) => {
      const environment: Record<string, string> = {};
      const session = accept();
      session.on("env", (acceptEnv: (() => void) | undefined, _reject: unknown, { key: name, val }: { key: string; val: string }) => {
        environment[name] = val;
        acceptEnv?.();
      });
      session.on("exec", (acceptExec, _reject, { command }) => {
        this.executed.push({ user, key, command, environment });
        run(command, environment, acceptExec());
      });
    });
  }
}

/** Whether the client has the private half of the key; without a signature it only asks whether the key would do. */
function proved(line: string, { blob, signature }: ssh2.PublicKeyAuthContext): boolean {
  if (!signature) return true;
  const key = ssh2.utils.parseKey(line);
  // `verify` gives an error for what is no signature at all, whatever its declaration says.
  return !(key instanceof Error) && blob !== undefined && (key.verify(blob, signature) as unknown) === true;
}

function run(command: string, environment: Record<string, string>, channel: ssh2.ServerChannel): void {
  const child = spawn("/bin/sh", ["-c", command], { env: { PATH: process.env["PATH"], ...environment } });
  child.stdin.on("error", () => undefined);
  channel.on("error", () => undefined).on("close", () => child.kill());
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.on("close", (code, signal) => {
    if (signal === null) channel.exit(code ?? 0);
    else channel.exit(signal.replace(/^SIG/, ""));
    channel.end();
  });
}
