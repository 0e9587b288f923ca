import { createServer, type IncomingMessage } from "node:http";
import type { Server, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { errorMessage } from "../../../common/errors.ts";
import { plannedAddress, type Address } from "../../addresses.ts";
import { mountedFile } from "./mounts.ts";
import { standIn, type ServiceContext, type StartService } from "./service.ts";
import { parseSquidConf, type SquidConf } from "./squid-conf.ts";

/**
 * `ubuntu/squid`: a stand-in. It reads the bundle's squid.conf, lets through what that lets through, and opens tunnels
 * (CONNECT) to the rehearsal's internet by the machine's own way out. Plain requests are not forwarded.
 */
export const startSquid: StartService = async (context) => {
  const { spec } = context;
  if (spec.entrypoint !== undefined || spec.command.length > 0) throw new Error(`${spec.name}: the image's own entrypoint and command are run here, no others`);
  const conf = parseSquidConf(mountedFile("/etc/squid/squid.conf", context));
  const closers = await Promise.all(conf.listen.map(({ address, port }) => serveProxy(context, conf, context.listenAt(address, port))));
  context.log("squid: accepting HTTP connections (a stand-in of the rehearsal: CONNECT only)");
  return standIn(() => void closers.map((close) => close()));
};

async function serveProxy(context: ServiceContext, conf: SquidConf, { host, port }: Address): Promise<() => void> {
  const { vpcCidr, egress, log } = context;
  const sockets = new Set<Duplex>();
  /** One line a request, as squid's access log has it. */
  const record = (socket: Socket, verdict: string, method: string, target: string): void => log(`${socket.remoteAddress ?? "?"} ${verdict} ${method} ${target}`);

  const server = createServer((request, response) => {
    record(request.socket, "TCP_DENIED/403", request.method ?? "?", request.url ?? "?");
    response.writeHead(403, { "content-type": "text/plain", via: "1.1 squid" }).end("Only CONNECT is let through here.\n");
  });
  server.on("connect", (request: IncomingMessage, client: Duplex, head: Buffer) => {
    const target = request.url ?? "";
    const colon = target.lastIndexOf(":");
    const [name, toPort] = [target.slice(0, colon).toLowerCase(), Number(target.slice(colon + 1))];
    const source = plannedAddress(request.socket.remoteAddress ?? "", vpcCidr);
    const refuse = (status: string, why: string): void => {
      record(request.socket, why, "CONNECT", target);
      client.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    };
    client.on("error", () => client.destroy());
    if (source === undefined || !conf.allows({ source, method: "CONNECT", host: name, port: toPort })) {
      refuse("403 Forbidden", "TCP_DENIED/403");
      return;
    }
    egress.connect(name, toPort, host).then(
      (upstream) => {
        record(request.socket, "TCP_TUNNEL/200", "CONNECT", target);
        upstream.on("error", () => client.destroy());
        upstream.on("close", () => client.destroy());
        client.on("close", () => upstream.destroy());
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        if (head.length > 0) upstream.write(head);
        client.pipe(upstream).pipe(client);
      },
      (error: unknown) => refuse("503 Service Unavailable", `TCP_MISS_ABORTED/503 (${errorMessage(error)})`),
    );
  });
  return listening(server, sockets, { host, port });
}

async function listening(server: Server, sockets: Set<Duplex>, { host, port }: Address): Promise<() => void> {
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((done, failed) => server.once("error", failed).listen(port, host, done));
  return () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
}
