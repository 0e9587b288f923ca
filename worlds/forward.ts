import { createServer, type Server } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { cidrContains, isIpv4Address } from "../common/cidr.ts";
import { errorMessage } from "../common/errors.ts";
import { operatorPorts } from "../stacks/config.ts";

export interface ForwardOptions {
  /** On loopback. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Whom it leads to: whoever may connect to this machine's loopback could use it, so it leads nowhere else. */
  readonly vpcCidr: string;
  /** A connection that the bastion makes. */
  readonly dial: (host: string, port: number) => Promise<Duplex>;
  readonly log: (line: string) => void;
}

export interface Forward {
  /** When it was last used, in milliseconds; now, while it is. */
  readonly usedAt: () => number;
  readonly close: () => Promise<void>;
}

/** Names the process that listens, in every answer that is no tunnel: whoever started one can tell it from another. */
export const processHeader = "x-moonback-process";

const allowed: readonly number[] = Object.values(operatorPorts);

/**
 * The operator's end of the way to the nodes: an HTTP proxy (CONNECT, RFC 9110) on loopback whose tunnels the bastion makes, over
 * the one SSH connection. talosctl finds it in HTTPS_PROXY, kubectl in its kubeconfig's `proxy-url`.
 */
export async function serveForward({ listen, vpcCidr, dial, log }: ForwardOptions): Promise<Forward> {
  const tunnels = new Set<Duplex>();
  let last = Date.now();
  const server = createServer((_, response) => response.writeHead(405, { allow: "CONNECT", [processHeader]: process.pid }).end("This is a proxy to the nodes; it takes CONNECT only.\n"));
  server.on("connect", (request, client: Duplex, head: Buffer) => {
    const { host, port } = target(request.url ?? "");
    client.on("error", () => client.destroy());
    last = Date.now();
    if (!isIpv4Address(host) || !cidrContains(vpcCidr, `${host}/32`) || !allowed.includes(port)) {
      client.end(`HTTP/1.1 403 Forbidden\r\n\r\n${request.url ?? ""} is not a node's API.\n`);
      return;
    }
    dial(host, port).then(
      (upstream) => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        upstream.write(head);
        for (const [one, other] of [[client, upstream], [upstream, client]] as const) {
          tunnels.add(one);
          one.on("error", () => other.destroy());
          one.on("close", () => {
            tunnels.delete(one);
            last = Date.now();
            other.destroy();
          });
        }
        if (client instanceof Socket) client.setNoDelay(true);
        client.pipe(upstream).pipe(client);
      },
      (error: unknown) => {
        log(`${host}:${port}: ${errorMessage(error)}`);
        client.end(`HTTP/1.1 502 Bad Gateway\r\n\r\n${errorMessage(error)}\n`);
      },
    );
  });
  await listening(server, listen);
  return {
    usedAt: () => (tunnels.size > 0 ? Date.now() : last),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
        for (const tunnel of tunnels) tunnel.destroy();
      }),
  };
}

function target(authority: string): { readonly host: string; readonly port: number } {
  const [, host = "", port = ""] = /^([^:]+):(\d{1,5})$/.exec(authority) ?? [];
  return { host, port: Number(port) };
}

function listening(server: Server, { host, port }: ForwardOptions["listen"]): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}
