import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { errorMessage } from "../../common/errors.ts";
import { emulatorAddress, isIn, localAddress, localPort, plannedAddress, type Address } from "../addresses.ts";
import { FetchFailure } from "./ipxe/host.ts";

export interface Response {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface GetOptions {
  readonly method?: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  /** How long the answer may take, in milliseconds. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A node's network card: connections from its own address into its VPC. There is no other way out: a node has neither a public
 * IPv4 address nor an IPv6 address, and its security group lets it reach the VPC only.
 */
export class NodeNetwork {
  readonly address: string;
  readonly #vpcCidr: string;

  constructor(address: string, vpcCidr: string) {
    this.address = address;
    this.#vpcCidr = vpcCidr;
  }

  /** Where an address of the plan is on this machine; throws when no packet would get there. */
  place(host: string, port: number): Address {
    if (!isIn(this.#vpcCidr, host)) throw new FetchFailure("unreachable", `dial tcp ${host}:${port}: connect: network is unreachable`);
    // AWS's router answers nobody; the rehearsal keeps its AWS and its internet there.
    if (host === plannedAddress(emulatorAddress(this.#vpcCidr).host, this.#vpcCidr)) throw new FetchFailure("timed-out", `dial tcp ${host}:${port}: i/o timeout`);
    return { host: localAddress(host), port: localPort(port) };
  }

  /** Where the node itself listens. */
  own(port: number): Address {
    return { host: localAddress(this.address), port: localPort(port) };
  }

  /** A TCP connection as the node makes it. */
  connect(host: string, port: number): Socket {
    return connect({ ...this.place(host, port), localAddress: localAddress(this.address) });
  }

  /** An HTTP answer, whatever its status. Rejects with a `FetchFailure` when none comes, or with the signal's reason. */
  async get(url: string, { method = "GET", headers = {}, timeoutMs = 30_000, signal }: GetOptions = {}): Promise<Response> {
    const { protocol, hostname, port, host, pathname, search } = new URL(url);
    if (protocol !== "http:") throw new FetchFailure("unreachable", `Get "${url}": dial tcp: lookup ${hostname}: no such host`);
    const at = this.place(hostname, Number(port === "" ? 80 : port));
    const deadline = AbortSignal.timeout(timeoutMs);
    const ends = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
    return new Promise((done, failed) => {
      const fail = (error: unknown): void => {
        if (signal?.aborted === true) failed(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
        else failed(deadline.aborted ? new FetchFailure("timed-out", `Get "${url}": context deadline exceeded`) : new FetchFailure("reset", `Get "${url}": ${dialError(error, host)}`));
      };
      const outgoing = request({ ...at, method, path: pathname + search, headers: { host, ...headers }, localAddress: localAddress(this.address), agent: false, signal: ends }, (incoming) => {
        const parts: Buffer[] = [];
        incoming.on("data", (part: Buffer) => parts.push(part));
        incoming.once("error", fail);
        incoming.once("end", () => done({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(parts) }));
      });
      outgoing.once("error", fail);
      outgoing.end();
    });
  }
}

function dialError(error: unknown, host: string): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ECONNREFUSED") return `dial tcp ${host}: connect: connection refused`;
  return code === "ECONNRESET" ? `read tcp ${host}: connection reset by peer` : errorMessage(error);
}
