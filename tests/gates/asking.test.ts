import { once } from "node:events";
import { createServer as createHttp, type RequestListener } from "node:http";
import { connect, createServer, type Server, type Socket } from "node:net";
import { expect } from "chai";
import packet from "dns-packet";
import { resolve } from "../../gates/dns.ts";
import type { Bastion } from "../../gates/gate.ts";
import { get } from "../../gates/https.ts";
import { cached } from "../../gates/pull.ts";

/** A bastion that reaches these servers, and knows what was left open. */
class Reach implements Bastion {
  readonly identity = "here";
  readonly #dialled: Socket[] = [];
  readonly #servers = new Map<number, Server>();

  run(): Promise<never> {
    return Promise.reject(new Error("nobody runs anything"));
  }

  async dial(_host: string, port: number): Promise<Socket> {
    const server = this.#servers.get(port);
    if (server === undefined) throw new Error(`nobody answers at ${port}`);
    const socket = connect((server.address() as { port: number }).port, "127.0.0.1");
    await once(socket, "connect");
    this.#dialled.push(socket);
    return socket;
  }

  get open(): number {
    return this.#dialled.filter(({ destroyed }) => !destroyed).length;
  }

  async serve(port: number, server: Server): Promise<void> {
    this.#servers.set(port, server.listen(0, "127.0.0.1"));
    await once(server, "listening");
  }

  close(): void {
    for (const server of this.#servers.values()) server.close();
    for (const socket of this.#dialled) socket.destroy();
  }
}

describe("what gates ask the bastion for", () => {
  let reach: Reach;
  beforeEach(() => (reach = new Reach()));
  afterEach(() => reach.close());

  describe("a cache", () => {
    interface Counts {
      requests: number;
      misses: number;
    }
    const cache = { address: "10.10.0.100", port: 5050, metricsPort: 5150, image: "library/probe:latest" };
    /** A registry that counts as distribution does; `fetches` says whether a request goes to its upstream. */
    const registry = async (fetches: (seen: ReadonlySet<string>, url: string) => boolean, counts: Counts = { requests: 0, misses: 0 }, counted = true): Promise<void> => {
      const seen = new Set<string>();
      const answer: RequestListener = ({ url = "" }, response) => {
        if (counted) counts.requests++;
        // A tag and its digest are one object.
        const object = url.includes("/manifests/") ? "manifest" : url;
        if (counted && fetches(seen, object)) counts.misses++;
        seen.add(object);
        response.setHeader("docker-content-digest", "sha256:m");
        response.end(JSON.stringify({ config: { digest: "sha256:c" }, layers: [{ digest: "sha256:l" }] }));
      };
      await reach.serve(5050, createHttp(answer));
      await reach.serve(5150, createHttp((_request, response) => response.end(`registry_proxy_requests_total{type="blob"} ${counts.requests}\nregistry_proxy_misses_total{type="blob"} ${counts.misses}\n`)));
    };

    it("that keeps what it fetched is green, and says how much was pulled", async () => {
      await registry((seen, url) => !seen.has(url));
      expect(await cached(reach, cache)).to.deep.equal({ status: "green", evidence: "library/probe:latest: 3 objects pulled twice, the second time 3 requests and no fetch" });
      expect(reach.open).to.equal(0);
    });

    it("that fetches everything each time is red", async () => {
      await registry(() => true);
      const verdict = await cached(reach, cache);
      expect(verdict.status === "red" && verdict.error).to.include("fetched 3 of library/probe:latest a second time");
    });

    it("that fetches one layer again is red", async () => {
      await registry((seen, url) => !seen.has(url) || url.endsWith("sha256:l"));
      const verdict = await cached(reach, cache);
      expect(verdict.status === "red" && verdict.error).to.include("fetched 1 of");
    });

    it("that counts nothing has proved nothing, and is red", async () => {
      await registry(() => false, undefined, false);
      const verdict = await cached(reach, cache);
      expect(verdict.status === "red" && verdict.error).to.include("counted no request");
    });
  });

  describe("a name server", () => {
    /** One that answers each whole question, in parts of that many bytes. */
    const names = (part: number): Server =>
      createServer((socket) => {
        socket.on("error", () => undefined);
        socket.once("data", (question) => {
          const name = packet.streamDecode(question).questions?.[0]?.name ?? "";
          const answer = packet.streamEncode({ type: "response", id: 1, questions: [{ type: "A", name }], answers: name === "known.example" ? [{ type: "A", name, data: "192.0.2.1" }] : [] });
          for (let at = 0; at < answer.length; at += part) socket.write(answer.subarray(at, at + part));
        });
      });

    for (const part of [1, 7, 1_000]) {
      it(`is understood in parts of ${part} bytes`, async () => {
        await reach.serve(53, names(part));
        expect(await resolve(reach, "10.10.0.100", 53, "known.example")).to.deep.equal(["192.0.2.1"]);
        expect(await resolve(reach, "10.10.0.100", 53, "unknown.example")).to.deep.equal([]);
        expect(reach.open).to.equal(0);
      });
    }

    it("that hangs up has said nothing", async () => {
      await reach.serve(53, createServer((socket) => socket.end()));
      expect(await resolve(reach, "10.10.0.100", 53, "known.example").catch(String)).to.include("closed the connection without an answer");
    });
  });

  it("a web server that is no TLS server is said so, and the connection is not left open", async () => {
    await reach.serve(443, createServer((socket) => socket.end("HTTP/1.0 200 OK\r\n\r\n")));
    expect(await get(reach, { host: "ghcr.io", port: 443, path: "/", tls: true }).catch(String)).to.include("TLS with ghcr.io");
    expect(reach.open).to.equal(0);
  });
});
