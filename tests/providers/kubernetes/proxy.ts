import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** An HTTP proxy that takes CONNECT and leads to one place of this machine, whatever it is asked for. */
export class Proxy {
  /** What it was asked for, in order. */
  readonly asked: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(to: { host: string; port: number }, credentials: string | undefined) {
    this.#server = createServer((_, response) => response.writeHead(405).end());
    this.#server.on("connection", (socket) => this.#keep(socket));
    this.#server.on("connect", ({ url, headers }, client: Socket) => {
      this.asked.push(url ?? "");
      if (credentials !== undefined && headers["proxy-authorization"] !== `Basic ${Buffer.from(credentials).toString("base64")}`) {
        client.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
        return;
      }
      const server = this.#keep(connect(to.port, to.host, () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        client.pipe(server).pipe(client);
      }));
      server.once("error", () => client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
      client.once("error", () => server.destroy());
    });
  }

  static async start(to: { host: string; port: number }, credentials?: string): Promise<Proxy> {
    const proxy = new Proxy(to, credentials);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  /** Everything that goes through it ends at once. */
  async stop(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    return socket;
  }
}
