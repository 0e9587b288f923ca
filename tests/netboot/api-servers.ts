// What answers like an API server behind the bastion's proxy: TLS that nobody knows, and one status for every question.

import { createServer, request, type Server } from "node:https";
import type { Socket } from "node:net";
import { makeCertificates } from "../../rehearsal/netboot/internet/certificates.ts";

const { certificate: cert, key } = await makeCertificates(["kubernetes"]);
const port = 6443;

export class ApiServer {
  /** What it answers; it may change its mind. */
  status: number;
  /** What checks have asked, and the addresses that they and others came from. */
  readonly asked: string[] = [];
  readonly from = new Set<string | undefined>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #name: string;

  private constructor(host: string, status: number) {
    this.status = status;
    this.#name = `control plane ${host.split(".").at(-1)}`;
    this.#server = createServer({ cert, key }, (asked, response) => {
      this.asked.push(`${asked.method} ${asked.url} HTTP/${asked.httpVersion}`);
      response.writeHead(this.status).end(this.#name);
    });
    this.#server.on("connection", (socket: Socket) => {
      this.from.add(socket.remoteAddress);
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  static async listen(host: string, status: number): Promise<ApiServer> {
    const made = new ApiServer(host, status);
    await new Promise<void>((done, failed) => made.#server.once("error", failed).listen(port, host, done));
    return made;
  }


  async close(): Promise<void> {
    const closed = new Promise((done) => this.#server.close(done));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** What a client of the proxy hears, on a connection of its own: "401 by control plane 12"; rejects when it is closed instead. */
export function askThrough(proxy: string): Promise<string> {
  return new Promise((done, failed) => {
    request({ host: proxy, port, path: "/version", agent: false, rejectUnauthorized: false }, (response) => {
      let body = "";
      response.on("data", (part: Buffer) => (body += part.toString()));
      response.on("end", () => done(`${response.statusCode} by ${body}`));
    }).on("error", failed).end();
  });
}
