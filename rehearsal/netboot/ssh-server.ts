import { createServer, type Server as NetServer, type Socket } from "node:net";
import ssh2, { type AuthContext, type Connection, type ParsedKey } from "ssh2";
import { errorMessage } from "../../common/errors.ts";
import type { Address } from "../addresses.ts";
import { runOverSsh, type SshCommands } from "./ssh-exec.ts";

export interface SshPlan {
  readonly address: Address;
  /** PEM, as it lies in the HostKey file. */
  readonly hostKey: string;
  /** Who may log in, with which public keys (authorized_keys lines). */
  readonly users: ReadonlyMap<string, readonly string[]>;
  /** Asked at each connection, before anything is said. */
  readonly admits: (source: string) => Promise<boolean>;
  /** How a user's commands are run. */
  readonly commands: (user: string) => SshCommands;
  /** A connection that the machine makes; rejects when it cannot, or may not. */
  readonly dial: (host: string, port: number) => Promise<Socket>;
  readonly log: (line: string) => void;
}

/**
 * The SSH server of a machine: public keys only, commands and forwarded connections only. A stand-in for sshd: the
 * protocol is real (package ssh2), the login is a process of this machine.
 */
export class SshServer {
  readonly #plan: SshPlan;
  readonly #keys: ReadonlyMap<string, readonly ParsedKey[]>;
  readonly #ssh: ssh2.Server;
  readonly #net: NetServer;
  readonly #sockets = new Set<Socket>();

  private constructor(plan: SshPlan) {
    this.#plan = plan;
    this.#keys = new Map([...plan.users].map(([user, lines]) => [user, lines.map(publicKey)]));
    // What stands for a machine's own algorithms: whatever the package holds safe.
    this.#ssh = new ssh2.Server({ hostKeys: [plan.hostKey], ident: "MoonbackRehearsal" }, (connection) => this.#serve(connection));
    this.#net = createServer((socket) => void this.#meet(socket));
  }

  static async start(plan: SshPlan): Promise<SshServer> {
    const server = new SshServer(plan);
    const { host, port } = plan.address;
    await new Promise<void>((done, failed) => server.#net.once("error", failed).listen(port, host, done));
    plan.log("sshd: Server listening on :: port 22.");
    return server;
  }

  stop(): void {
    this.#net.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** A source that no security group admits hears nothing at all: its packets would have been dropped. */
  async #meet(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    // Without it an answer waits for the other side's acknowledgement of the packet before.
    socket.setNoDelay(true);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    const source = socket.remoteAddress ?? "?";
    const admitted = await this.#plan.admits(source).catch((error: unknown) => {
      this.#plan.log(`sshd: the security groups cannot be asked: ${errorMessage(error)}`);
      return false;
    });
    if (!admitted) {
      this.#plan.log(`(no security group admits ${source} to port 22)`);
      socket.destroy();
    } else if (!socket.destroyed) this.#ssh.injectSocket(socket);
  }

  #serve(connection: Connection): void {
    const { log, commands, dial } = this.#plan;
    let user = "";
    // A client that goes away in the middle of something is no event.
    connection.on("error", () => undefined);
    connection.on("authentication", (attempt) => {
      user = attempt.username;
      if (this.#allows(attempt)) attempt.accept();
      else attempt.reject(["publickey"]);
    });
    connection.on("ready", () => {
      log(`sshd: Accepted publickey for ${user}`);
      connection.on("session", (accept) => {
        const session = accept();
        session.on("exec", (acceptCommand, reject, { command }) => {
          log(`sshd: ${user} runs ${command.split("\n", 1)[0] ?? ""}`);
          runOverSsh(commands(user), command, acceptCommand()).catch((error: unknown) => {
            log(`sshd: ${errorMessage(error)}`);
            reject();
          });
        });
      });
      connection.on("tcpip", (accept, reject, { destIP, destPort }) => {
        dial(destIP, destPort).then(
          (socket) => {
            const channel = accept();
            socket.on("error", () => channel.destroy());
            channel.on("error", () => socket.destroy());
            channel.on("close", () => socket.destroy());
            channel.pipe(socket).pipe(channel);
          },
          (error: unknown) => {
            log(`sshd: connect_to ${destIP} port ${destPort}: failed. ${errorMessage(error)}`);
            reject();
          },
        );
      });
    });
  }

  #allows(attempt: AuthContext): boolean {
    if (attempt.method !== "publickey") return false;
    const key = this.#keys.get(attempt.username)?.find((known) => known.type === attempt.key.algo && known.getPublicSSH().equals(attempt.key.data));
    if (key === undefined) return false;
    // Without a signature it is only a question: would this key do?
    if (attempt.signature === undefined || attempt.blob === undefined) return true;
    // It may return an error where its types say boolean, and an error is no yes.
    const verified: unknown = key.verify(attempt.blob, attempt.signature, attempt.hashAlgo);
    return verified === true;
  }
}

function publicKey(line: string): ParsedKey {
  const key = ssh2.utils.parseKey(line);
  if (key instanceof Error) throw new Error(`"${line.slice(0, 40)}…" is not a public key: ${key.message}`);
  return key;
}
