import { createSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";
import dnsPacket, { type Answer, type DecodedPacket } from "dns-packet";

/** What of a decoded packet the package's own types leave out. */
type Query = DecodedPacket & { readonly opcode?: string };

export type Rcode = "NOERROR" | "NXDOMAIN" | "REFUSED" | "NOTIMP" | "FORMERR";

/** What a name has: an IPv4 address, or nothing of any kind. */
export type Resolve = (name: string) => { readonly address: string } | undefined;

const rcodes: Record<Rcode, number> = { NOERROR: 0, FORMERR: 1, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 };
const authoritative = dnsPacket.AUTHORITATIVE_ANSWER;

/** The answer to one query: A records from `resolve`; other types of a name that exists are empty; the rest is NXDOMAIN. */
export function answerQuery(query: Query, resolve: Resolve): Buffer {
  const [question, ...more] = query.questions ?? [];
  const reply = (rcode: Rcode, answers: Answer[] = []): Buffer =>
    dnsPacket.encode({
      type: "response",
      ...(query.id === undefined ? {} : { id: query.id }),
      flags: authoritative | dnsPacket.RECURSION_AVAILABLE | ((query.flags ?? 0) & dnsPacket.RECURSION_DESIRED) | rcodes[rcode],
      questions: query.questions ?? [],
      answers,
    });
  if (question === undefined || more.length > 0) return reply("FORMERR");
  if (query.opcode !== "QUERY") return reply("NOTIMP");
  if (question.class !== "IN") return reply("REFUSED");
  const found = resolve(question.name.toLowerCase());
  if (found === undefined) return reply("NXDOMAIN");
  return reply("NOERROR", question.type === "A" ? [{ type: "A", name: question.name, ttl: 2, data: found.address }] : []);
}

/** A DNS server over UDP and TCP at one address. Returns the function that ends it. */
export async function serveDns({ host, port }: { host: string; port: number }, resolve: Resolve, log: (line: string) => void): Promise<() => void> {
  const respond = (bytes: Buffer, from: string): Buffer | undefined => {
    let query: DecodedPacket;
    try {
      query = dnsPacket.decode(bytes);
    } catch {
      return undefined;
    }
    if (query.type !== "query") return undefined;
    log(`query[${query.questions?.[0]?.type ?? "?"}] ${query.questions?.[0]?.name ?? "?"} from ${from}`);
    return answerQuery(query, resolve);
  };
  const udp = createSocket("udp4");
  udp.on("message", (bytes, from) => {
    const reply = respond(bytes, from.address);
    if (reply !== undefined) udp.send(reply, from.port, from.address);
  });
  const sockets = new Set<Socket>();
  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.setTimeout(10_000, () => socket.destroy());
    let pending = Buffer.alloc(0);
    socket.on("data", (bytes) => {
      pending = Buffer.concat([pending, bytes]);
      // Over TCP each message is preceded by its length (RFC 1035, 4.2.2).
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const end = 2 + pending.readUInt16BE(0);
        const reply = respond(pending.subarray(2, end), socket.remoteAddress ?? "?");
        pending = pending.subarray(end);
        if (reply === undefined) {
          socket.destroy();
          return;
        }
        const length = Buffer.alloc(2);
        length.writeUInt16BE(reply.length);
        socket.write(Buffer.concat([length, reply]));
      }
    });
  });
  await new Promise<void>((done, failed) => udp.once("error", failed).bind(port, host, done));
  udp.on("error", (error) => log(error.message));
  try {
    await new Promise<void>((done, failed) => tcp.once("error", failed).listen(port, host, done));
  } catch (error) {
    udp.close();
    throw error;
  }
  return () => {
    udp.close();
    tcp.close();
    for (const socket of sockets) socket.destroy();
  };
}
