import { Client, credentials, Metadata } from "@grpc/grpc-js";
import type { KeyPair } from "../../kubernetes/certificates.ts";
import { localAddress } from "../../addresses.ts";
import { apidPort } from "../ports.ts";
import { forbidden } from "./failure.ts";
import { setRoles } from "./roles.ts";

const same = (bytes: Buffer): Buffer => bytes;

/** Other nodes' APIs, asked in a caller's name. Only a control plane can: it alone has a certificate that they believe. */
export class OtherNodes {
  readonly #authority: string;
  readonly #identity: KeyPair | undefined;
  readonly #self: string;
  readonly #clients = new Map<string, Client>();

  constructor(authority: string, identity: KeyPair | undefined, self: string) {
    this.#authority = authority;
    this.#identity = identity;
    this.#self = self;
  }

  /** One answer's bytes. */
  unary(target: string, path: string, request: Buffer, roles: readonly string[], signal: AbortSignal): Promise<Buffer> {
    const client = this.#client(target);
    return new Promise((done, failed) => {
      const call = client.makeUnaryRequest(path, same, same, request, this.#metadata(roles), (error, answer) => (answer === undefined ? failed(error ?? new Error(`${target} answered nothing`)) : done(answer)));
      signal.addEventListener("abort", () => call.cancel(), { once: true });
    });
  }

  /** Hands on each message's bytes, and resolves at the end. */
  streaming(target: string, path: string, request: Buffer, roles: readonly string[], signal: AbortSignal, send: (message: Buffer) => void): Promise<void> {
    const client = this.#client(target);
    return new Promise((done, failed) => {
      const call = client.makeServerStreamRequest(path, same, same, request, this.#metadata(roles));
      signal.addEventListener("abort", () => call.cancel(), { once: true });
      call.on("data", (message: Buffer) => send(message));
      call.once("error", failed);
      call.once("end", done);
    });
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  #metadata(roles: readonly string[]): Metadata {
    const metadata = new Metadata();
    metadata.set("proxyfrom", this.#self);
    setRoles(metadata, roles);
    return metadata;
  }

  #client(target: string): Client {
    if (this.#identity === undefined) throw forbidden("no request forwarding");
    const host = target.startsWith("10.") ? localAddress(target) : target;
    const known = this.#clients.get(host);
    if (known !== undefined) return known;
    const { crt, key } = this.#identity;
    const client = new Client(`${host}:${apidPort}`, credentials.createSsl(Buffer.from(this.#authority), Buffer.from(key), Buffer.from(crt)), { "grpc.enable_http_proxy": 0 });
    this.#clients.set(host, client);
    return client;
  }
}
