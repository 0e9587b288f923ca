/** Gets to a cluster: past this machine's map of the environment's addresses, or through a proxy. */
import { request as plainRequest } from "node:http";
import { Agent } from "node:https";
import { isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { checkServerIdentity, connect as connectTls, type ConnectionOptions } from "node:tls";
import { UserError } from "../../../common/errors.ts";
import { localAddress, localPort } from "../../addresses.ts";
import type { Access } from "./kubeconfig.ts";
import { noAnswer } from "./errors.ts";

interface Target {
  readonly host: string;
  readonly port: number;
}

/** How long a connection may take to come about. */
const CONNECT_MS = 10_000;

/**
 * Connections to a cluster's API server, kept open between calls.
 * @throws UserError unless they stay on this machine: the stand-in must never reach a cluster that somebody needs
 */
export function connections(access: Access): Agent {
  const name = access.serverName ?? bare(access.server.hostname);
  const server = { host: bare(access.server.hostname), port: Number(access.server.port || 443) };
  const tls: ConnectionOptions = {
    // There is no SNI for addresses.
    ...(isIP(name) ? {} : { servername: name }),
    ...(access.ca === undefined ? {} : { ca: access.ca }),
    ...(access.certificate === undefined ? {} : { cert: access.certificate }),
    ...(access.key === undefined ? {} : { key: access.key }),
    rejectUnauthorized: !access.insecure,
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
  };
  const { proxy } = access;
  if (proxy === undefined) return new TlsAgent(server.host, onThisMachine(server), tls);
  const via = onThisMachine({ host: bare(proxy.hostname), port: Number(proxy.port || 80) });
  return new TlsAgent(server.host, via, tls, (socketTo) => tunnel(via, server, proxy, socketTo));
}

type Dial = (done: (error: Error | null, socket?: Socket) => void) => void;

/** The same TLS session options for every connection, over a socket of its own where one is dialled. */
class TlsAgent extends Agent {
  readonly #tls: ConnectionOptions;
  readonly #target: Target;
  readonly #dial: Dial | undefined;
  readonly #name: string;

  constructor(name: string, target: Target, tls: ConnectionOptions, dial?: Dial) {
    super({ keepAlive: true, maxSockets: 8 });
    this.#name = name;
    this.#target = target;
    this.#tls = tls;
    this.#dial = dial;
  }

  override createConnection(_options: object, callback?: (error: Error | null, stream: Duplex) => void): Duplex | null | undefined {
    if (callback === undefined || this.#dial === undefined) return this.#started(connectTls({ ...this.#tls, ...this.#target }));
    this.#dial((error, socket) => {
      // The callback's type wants a stream even where there is none.
      if (error || !socket) callback(error, undefined as unknown as Duplex);
      else callback(null, this.#started(connectTls({ ...this.#tls, socket })));
    });
    return undefined;
  }

  /** Gives up a connection that does not come about. */
  #started<S extends Socket>(socket: S): S {
    const timer = setTimeout(() => socket.destroy(noAnswer(`${this.#name} within ${CONNECT_MS / 1000} s`)), CONNECT_MS);
    const settled = (): void => clearTimeout(timer);
    socket.once("secureConnect", settled).once("close", settled);
    return socket;
  }
}

function tunnel(via: Target, to: Target, proxy: URL, done: (error: Error | null, socket?: Socket) => void): void {
  const path = `${isIP(to.host) === 6 ? `[${to.host}]` : to.host}:${to.port}`;
  const credentials = proxy.username === "" ? {} : { "proxy-authorization": `Basic ${Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`).toString("base64")}` };
  const asked = plainRequest({ ...via, method: "CONNECT", path, headers: { host: path, ...credentials }, timeout: CONNECT_MS, agent: false });
  asked.once("connect", ({ statusCode }, socket) => {
    if (statusCode === 200) {
      done(null, socket);
      return;
    }
    socket.destroy();
    done(noAnswer(`${path}: the proxy ${proxy.host} answered ${statusCode ?? "nothing"}`));
  });
  asked.once("timeout", () => asked.destroy(noAnswer(`${path}: the proxy ${proxy.host} is silent`)));
  asked.once("error", (error) => done(error));
  asked.end();
}

/** Addresses of the environment's plan are reached where everything of the rehearsal is; all others must be this machine's. */
function onThisMachine({ host, port }: Target): Target {
  if (isIP(host) === 4 && host.startsWith("10.")) return { host: localAddress(host), port: localPort(port) };
  if (host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."))) return { host, port };
  throw new UserError(`the stand-in kubernetes provider speaks only to clusters of the rehearsal, on loopback or in 10.0.0.0/8, but the kubeconfig leads to ${host}`, {
    fix: "Use the official provider (PROVIDERS=official), or the kubeconfig of a rehearsal.",
  });
}

/** Without the brackets that an IPv6 address has in a URL. */
function bare(host: string): string {
  return host.replace(/^\[|\]$/g, "");
}
