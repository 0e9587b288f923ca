import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { agree, dataPacket, errorPacket, optionsPacket, parsePacket, tftpError, type Packet } from "./tftp-packets.ts";

export interface TftpPlan {
  readonly host: string;
  readonly port: number;
  /** Nothing outside of it is served. */
  readonly root: string;
  readonly log: (line: string) => void;
  /** How long to wait for an acknowledgement before a packet is sent again. */
  readonly retryMs?: number;
}

const tries = 5;

/** A TFTP server for reading. Each transfer has a port of its own, as RFC 1350 wants. Returns the function that ends it. */
export async function serveTftp(plan: TftpPlan): Promise<() => void> {
  const { host, port, log } = plan;
  const transfers = new Set<Socket>();
  const listener = createSocket("udp4");
  listener.on("message", (bytes, from) => {
    const packet = parsePacket(bytes);
    const refuse = (code: number, message: string): void => listener.send(errorPacket(code, message), from.port, from.address);
    if (packet.kind !== "read") {
      refuse(packet.kind === "write" ? tftpError.accessViolation : tftpError.illegalOperation, packet.kind === "write" ? "read only" : "illegal operation");
      return;
    }
    const file = findFile(plan.root, packet.file);
    if (typeof file === "string") {
      log(`dnsmasq-tftp: ${file} to ${from.address}`);
      refuse(file.startsWith("file") ? tftpError.notFound : tftpError.accessViolation, file);
      return;
    }
    const socket = createSocket("udp4");
    transfers.add(socket);
    socket.on("close", () => transfers.delete(socket));
    socket.bind(0, host, () => send(socket, from, file.content, packet, (line) => log(`dnsmasq-tftp: ${line.replace("%", packet.file)} to ${from.address}`), plan.retryMs ?? 1_000));
  });
  await new Promise<void>((done, failed) => {
    listener.once("error", failed);
    listener.bind(port, host, done);
  });
  listener.on("error", (error) => log(`dnsmasq-tftp: ${error.message}`));
  return () => {
    listener.close();
    for (const socket of transfers) socket.close();
  };
}

/** The content of a file below the root, or why there is none. */
function findFile(root: string, asked: string): { content: Buffer } | string {
  const parts = asked.split("/").filter((part) => part !== "");
  if (parts.includes("..") || asked.includes("\0")) return `cannot access ${asked}: outside of the TFTP root`;
  const path = join(root, ...parts);
  try {
    if (!`${realpathSync(path)}/`.startsWith(`${realpathSync(root)}/`)) return `cannot access ${asked}: outside of the TFTP root`;
    if (statSync(path).isFile()) return { content: readFileSync(path) };
  } catch {
    // Not there.
  }
  return `file ${asked} not found`;
}

function send(socket: Socket, client: RemoteInfo, content: Buffer, { options }: Extract<Packet, { kind: "read" }>, log: (line: string) => void, retryMs: number): void {
  const { blockSize, answer } = agree(options, content.length);
  // A last block that is not full ends the transfer: content of exactly n blocks is followed by an empty one.
  const lastBlock = Math.floor(content.length / blockSize) + 1;
  let block = Object.keys(answer).length > 0 ? 0 : 1;
  let left = tries;
  let timer: NodeJS.Timeout | undefined;

  const end = (line: string): void => {
    log(line);
    socket.close();
  };
  // However it ends: also with the server.
  socket.on("close", () => clearTimeout(timer));
  socket.on("error", (error) => end(`${error.message} sending %`));
  const transmit = (): void => {
    const packet = block === 0 ? optionsPacket(answer) : dataPacket(block, content.subarray((block - 1) * blockSize, block * blockSize));
    socket.send(packet, client.port, client.address);
    timer = setTimeout(() => {
      if (--left === 0) end("timed out sending %");
      else transmit();
    }, retryMs);
  };
  socket.on("message", (bytes, from) => {
    if (from.port !== client.port || from.address !== client.address) {
      socket.send(errorPacket(tftpError.unknownTransfer, "unknown transfer"), from.port, from.address);
      return;
    }
    const packet = parsePacket(bytes);
    if (packet.kind === "error") end(`error ${packet.code} ${packet.message} received sending %`);
    // Anything but the acknowledgement of the block in flight is a double: answering it would send everything twice.
    else if (packet.kind === "ack" && packet.block === (block & 0xffff)) {
      clearTimeout(timer);
      if (block === lastBlock) {
        end("sent %");
        return;
      }
      block++;
      left = tries;
      transmit();
    }
  });
  transmit();
}
