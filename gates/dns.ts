import packet from "dns-packet";
import { addAbortSignal, type Duplex } from "node:stream";
import type { Bastion } from "./gate.ts";

/** How long a name server may take, in milliseconds. */
const patienceMs = 10_000;

/**
 * The IPv4 addresses of a name, asked of one server over TCP (RFC 7766: two bytes of length before each message).
 * An unknown name has none.
 */
export async function resolve(bastion: Bastion, server: string, port: number, name: string): Promise<string[]> {
  const late = AbortSignal.timeout(patienceMs);
  const stream = addAbortSignal(late, await bastion.dial(server, port));
  try {
    stream.write(packet.streamEncode({ type: "query", id: 1, flags: packet.RECURSION_DESIRED, questions: [{ type: "A", name }] }));
    const { answers = [] } = packet.streamDecode(await message(stream));
    return answers.flatMap((answer) => (answer.type === "A" ? [answer.data] : []));
  } catch (error) {
    throw late.aborted ? new Error(`${server}:${port} did not answer within ${patienceMs / 1000} s`) : error;
  } finally {
    stream.destroy();
  }
}

/** One whole message with its length before it. */
async function message(stream: Duplex): Promise<Buffer> {
  let read = Buffer.alloc(0);
  for await (const part of stream as AsyncIterable<Buffer>) {
    read = Buffer.concat([read, part]);
    if (read.length >= 2 && read.length >= 2 + read.readUInt16BE(0)) return read;
  }
  throw new Error("the name server closed the connection without an answer");
}
