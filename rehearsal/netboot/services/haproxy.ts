import { createServer, type Socket } from "node:net";
import { pipeline } from "node:stream";
import { dial } from "../dial.ts";
import { Backend } from "./haproxy-backend.ts";
import { parseHaproxyConf, type HaproxyConf } from "./haproxy-conf.ts";
import { mountedFile } from "./mounts.ts";
import { standIn, type ServiceContext, type StartService } from "./service.ts";

/**
 * `library/haproxy`: a stand-in. It reads the bundle's haproxy.cfg and passes TCP connections on to the servers whose checks
 * pass, in turn, from the machine's own address. Its log is shorter than the real one's.
 */
export const startHaproxy: StartService = async (context) => {
  const { spec, vpcCidr, egress, log } = context;
  if (spec.entrypoint !== undefined || spec.command.length > 0) throw new Error(`${spec.name}: the image's own entrypoint and command are run here, no others`);
  const conf = parseHaproxyConf(mountedFile("/usr/local/etc/haproxy/haproxy.cfg", context));
  const plan = { vpcCidr, egress, from: () => conf.listen.address };
  const backend = new Backend(conf, ({ address, port }) => dial(plan, address, port), log);
  const close = await serve(context, conf, backend);
  log("haproxy: New worker forked (a stand-in of the rehearsal: TCP only)");
  backend.watch();
  return standIn(() => {
    close();
    backend.end();
  });
};

async function serve({ listenAt, log }: ServiceContext, conf: HaproxyConf, backend: Backend): Promise<() => void> {
  const { host, port } = listenAt(conf.listen.address, conf.listen.port);
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    clients.add(client);
    const from = `${client.remoteAddress ?? "?"}:${client.remotePort ?? 0}`;
    let to = "<NOSRV>";
    client.on("error", () => client.destroy());
    client.on("close", () => {
      clients.delete(client);
      // dontlognull: whoever says nothing is not worth a line.
      if (client.bytesRead > 0) log(`${from} ${conf.frontend} ${conf.backend}/${to} ${client.bytesWritten}`);
    });
    client.setTimeout(conf.timeouts.client, () => client.destroy());
    backend.connect().then(
      ({ name, socket }) => {
        to = name;
        socket.on("error", () => socket.destroy());
        socket.setTimeout(conf.timeouts.server, () => socket.destroy());
        // Both end when one fails; how each ended is in its own log line.
        pipeline(client, socket, () => undefined);
        pipeline(socket, client, () => undefined);
      },
      () => client.destroy(),
    );
  });
  await new Promise<void>((done, failed) => server.once("error", failed).listen(port, host, done));
  return () => {
    server.close();
    for (const client of clients) client.destroy();
  };
}
