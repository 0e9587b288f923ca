import { request } from "node:http";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import type { Duplex } from "node:stream";
import type { Bastion } from "./gate.ts";

export interface Question {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly method?: "GET" | "HEAD" | "CONNECT";
  readonly headers?: Readonly<Record<string, string>>;
  /** Speaks TLS, and believes only who can show a certificate for the host: as anybody, or as who these name. */
  readonly tls?: boolean | TlsIdentity;
}

/** Who asks, and whom it believes; PEM. */
export interface TlsIdentity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** How long an answer may take, in milliseconds; a look that hangs would outlive its check. */
const patienceMs = 15_000;

/** Asks a web server from the bastion. */
export async function get(bastion: Bastion, { host, port, path, method = "GET", headers = {}, tls = false }: Question): Promise<Answer> {
  const plain = await bastion.dial(host, port);
  try {
    const stream = tls === false ? plain : await secured(plain, host, tls === true ? { ca: bastion.authorities } : tls);
    return await new Promise<Answer>((resolve, reject) => {
      // An SSH channel has no time-out of its own.
      const signal = AbortSignal.timeout(patienceMs);
      const asked = request({ signal, method, path, headers: { host: `${host}:${port}`, connection: "close", ...headers }, createConnection: () => stream });
      asked.on("error", (error) => reject(new Error(`${host}:${port}${path}: ${signal.aborted ? `no answer within ${patienceMs / 1000} s` : error.message}`)));
      asked.on("connect", ({ statusCode = 0, headers: answered }) => resolve({ status: statusCode, headers: answered, body: Buffer.alloc(0) }));
      asked.on("response", (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }));
      });
      asked.end();
    });
  } finally {
    plain.destroy();
  }
}

function secured(stream: Duplex, host: string, { ca, ...own }: Partial<TlsIdentity> | { readonly ca: string | undefined }): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    // A server name is sent for a name only: an address has none (RFC 6066).
    const name = isIP(host) === 0 ? { servername: host } : { host };
    const socket = connect({ socket: stream, ...name, timeout: patienceMs, ...own, ...(ca === undefined ? {} : { ca }) });
    socket.once("secureConnect", () => resolve(socket));
    socket.once("timeout", () => socket.destroy(new Error("TLS handshake timed out")));
    socket.once("error", (error: Error) => reject(new Error(`TLS with ${host}: ${error.message}`)));
  });
}
