import packet from "dns-packet";
import type { Duplex } from "node:stream";
import type { Bastion } from "./gate.ts";

/** How long a name server may take, in milliseconds. */
const patienceMs = 10_000;

/**
 * The IPv4 addresses of a name, asked of one server over TCP (RFC 7766: two bytes of length before each message).
 * An unknown name has none.
 */
export async function resolve(bastion: Bastion, server: string, port: number, name: string): Promise<string[]> {
  const stream = await bastion.dial(server, port);
  try {
    stream.write(packet.streamEncode({ type: "query", id: 1, flags: packet.RECURSION_DESIRED, questions: [{ type: "A", name }] }));
    const { answers = [] } = packet.streamDecode(await message(stream, `${server}:${port}`));
    return answers.flatMap((answer) => (answer.type === "A" ? [answer.data] : []));
  } finally {
    stream.destroy();
  }
}

/** One whole message with its length before it. */
function message(stream: Duplex, server: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let read = Buffer.alloc(0);
    const late = setTimeout(() => reject(new Error(`${server} did not answer within ${patienceMs / 1000} s`)), patienceMs);
    const end = (settle: () => void): void => {
      clearTimeout(late);
      settle();
    };
    stream.on("data", (part: Buffer) => {
      read = Buffer.concat([read, part]);
      if (read.length >= 2 && read.length >= 2 + read.readUInt16BE(0)) end(() => resolve(read));
    });
    stream.on("error", (error) => end(() => reject(error)));
    stream.on("close", () => end(() => reject(new Error(`${server} closed the connection without an answer`))));
  });
}
