import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { Duplex } from "node:stream";
import { internetAddress, type Address } from "../../addresses.ts";
import { makeCertificates } from "./certificates.ts";
import { internetHost, internetHosts } from "./hosts.ts";
import { seededImages } from "./images.ts";
import { registryHandler } from "./registry.ts";

type Handler = ReturnType<typeof registryHandler>;

/** One line a request: `ghcr.io GET /v2/… 200`. */
type Log = (line: string) => void;

/**
 * The rehearsal's internet, a stand-in: the five registries that the bastion caches, each over plain HTTP on a port of its own
 * for the caches, and all behind one TLS front for who leaves by HTTPS. A registry can be taken away and brought back.
 */
export class Internet {
  readonly caCertificate: string;
  readonly #host: string;
  readonly #ports: readonly number[];
  readonly #tlsPort: number;
  readonly #handlers: ReadonlyMap<string, Handler>;
  readonly #plain = new Map<string, HttpServer>();
  readonly #sockets = new Map<Duplex, string>();
  #tls: TlsServer | undefined;

  private constructor(vpcCidr: string, caCertificate: string, log: Log) {
    const { host, registryPorts, tlsPort } = internetAddress(vpcCidr);
    this.caCertificate = caCertificate;
    this.#host = host;
    this.#ports = registryPorts;
    this.#tlsPort = tlsPort;
    this.#handlers = new Map(internetHosts.map(({ name, registry }) => [name, registryHandler(seededImages(registry), ({ method, url, status }) => log(`${registry} ${method} ${url} ${status}`))]));
  }

  static async start(vpcCidr: string, log: Log): Promise<Internet> {
    const { caCertificate, certificate, key } = await makeCertificates(internetHosts.map(({ name }) => name));
    const internet = new Internet(vpcCidr, caCertificate, log);
    try {
      await internet.#front(certificate, key);
      for (const { name } of internetHosts) await internet.bringBack(name);
    } catch (error) {
      internet.stop();
      throw error;
    }
    return internet;
  }

  /** Where the TLS front is. */
  get tls(): Address {
    return { host: this.#host, port: this.#tlsPort };
  }

  /** Where a registry is over plain HTTP. */
  registry(name: string): Address {
    const index = internetHosts.findIndex((host) => host === internetHost(name));
    const port = this.#ports[index];
    if (port === undefined) throw new Error(`${name} is not in the rehearsal's internet; these are: ${internetHosts.map(({ registry }) => registry).join(", ")}`);
    return { host: this.#host, port };
  }

  /** From now on nobody answers for it; connections that are open break. */
  takeAway(registry: string): void {
    const name = this.#nameOf(registry);
    this.#plain.get(name)?.close();
    this.#plain.delete(name);
    for (const [socket, whose] of this.#sockets) if (whose === name) socket.destroy();
  }

  async bringBack(registry: string): Promise<void> {
    const name = this.#nameOf(registry);
    if (this.#plain.has(name)) return;
    const server = createHttpServer(this.#handlers.get(name));
    server.on("connection", (socket) => this.#keep(socket, name));
    await listen(server, this.registry(name));
    this.#plain.set(name, server);
  }

  stop(): void {
    for (const server of this.#plain.values()) server.close();
    this.#plain.clear();
    this.#tls?.close();
    for (const socket of this.#sockets.keys()) socket.destroy();
  }

  #nameOf(registry: string): string {
    this.registry(registry);
    return internetHost(registry)?.name ?? registry;
  }

  async #front(cert: string, key: string): Promise<void> {
    const server = createTlsServer({ cert, key }, (request, response) => {
      const name = "servername" in request.socket ? request.socket.servername : undefined;
      const handler = typeof name === "string" && this.#plain.has(name) ? this.#handlers.get(name) : undefined;
      // One that was taken away, or a name that is not here: nobody answers.
      if (handler === undefined) request.socket.destroy();
      else handler(request, response);
    });
    server.on("connection", (socket) => this.#keep(socket, ""));
    server.on("secureConnection", (socket) => this.#keep(socket, typeof socket.servername === "string" ? socket.servername : ""));
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    await listen(server, this.tls);
    this.#tls = server;
  }

  #keep(socket: Duplex, name: string): void {
    this.#sockets.set(socket, name);
    socket.on("close", () => this.#sockets.delete(socket));
  }
}

async function listen(server: HttpServer | TlsServer, { host, port }: Address): Promise<void> {
  await new Promise<void>((done, failed) => server.once("error", failed).listen(port, host, done));
}
