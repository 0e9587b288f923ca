import { connect, createServer, type Socket } from "node:net";
import type { Internet } from "./internet/internet.ts";
import { internetHosts } from "./internet/hosts.ts";

/** How a machine can leave the VPC now: by which IP versions. */
export interface WaysOut {
  readonly ipv6: boolean;
  readonly ipv4: boolean;
}

/**
 * A machine's way to the stand-in of the internet. A host that has only IPv4 addresses is out of reach while the machine
 * has neither a public IPv4 address nor a tunnel, exactly as on AWS.
 */
export class Egress {
  readonly #internet: Internet;
  readonly #waysOut: () => WaysOut;

  constructor(internet: Internet, waysOut: () => WaysOut) {
    this.#internet = internet;
    this.#waysOut = waysOut;
  }

  /** Why a host cannot be reached now; undefined when it can. */
  refusal(name: string): string | undefined {
    const host = internetHosts.find((known) => known.name === name);
    if (host === undefined) return `${name} is not in the rehearsal's internet`;
    const out = this.#waysOut();
    if (out.ipv4 || (host.ipv6 && out.ipv6)) return undefined;
    return host.ipv6 ? `${name}: network is unreachable: this machine has neither IPv6 nor IPv4 to the internet` : `${name} has no IPv6 address, and this machine no way out by IPv4`;
  }

  /** A connection to an HTTPS host. Rejects when it cannot be made. */
  connect(name: string, port: number, from?: string): Promise<Socket> {
    const refusal = port === 443 ? this.refusal(name) : `${name}:${port}: the rehearsal's internet answers on port 443 only`;
    if (refusal !== undefined) return Promise.reject(new Error(refusal));
    return connected(connect({ ...this.#internet.tls, ...(from === undefined ? {} : { localAddress: from }) }));
  }

  /** A place on this machine that leads a program to a registry of the internet over plain HTTP, while there is a way out. */
  async relay(name: string, at: string): Promise<{ url: string; close: () => void }> {
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      const upstream = this.refusal(name) === undefined ? connect(this.#internet.registry(name)) : undefined;
      if (upstream === undefined) {
        client.destroy();
        return;
      }
      for (const [socket, other] of [[client, upstream], [upstream, client]] as const) {
        sockets.add(socket);
        socket.on("error", () => other.destroy());
        socket.on("close", () => {
          sockets.delete(socket);
          other.destroy();
        });
      }
      client.pipe(upstream).pipe(client);
    });
    await new Promise<void>((done, failed) => server.once("error", failed).listen(0, at, done));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the relay has no port");
    return {
      url: `http://${at}:${address.port}`,
      close: () => {
        server.close();
        for (const socket of sockets) socket.destroy();
      },
    };
  }
}

/** Resolves when the connection stands, rejects when it does not come about. */
export function connected(socket: Socket): Promise<Socket> {
  return new Promise((done, failed) => {
    socket.once("error", failed);
    socket.once("connect", () => {
      socket.off("error", failed);
      done(socket);
    });
  });
}
