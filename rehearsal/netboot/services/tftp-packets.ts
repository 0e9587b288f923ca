/** TFTP's packets: RFC 1350, options of RFC 2347 with blksize (RFC 2348) and tsize (RFC 2349). */
export const tftpError = { undefined: 0, notFound: 1, accessViolation: 2, illegalOperation: 4, unknownTransfer: 5, optionRefused: 8 } as const;

export type Packet =
  | { readonly kind: "read"; readonly file: string; readonly mode: string; readonly options: Readonly<Record<string, string>> }
  | { readonly kind: "write" }
  | { readonly kind: "ack"; readonly block: number }
  | { readonly kind: "error"; readonly code: number; readonly message: string }
  | { readonly kind: "other"; readonly operation: number };

export function parsePacket(bytes: Buffer): Packet {
  if (bytes.length < 4) return { kind: "other", operation: -1 };
  const operation = bytes.readUInt16BE(0);
  switch (operation) {
    case 1: {
      // Every text ends with a zero: what follows the last one is no text.
      const [file = "", mode = "", ...pairs] = bytes.subarray(2).toString("latin1").split("\0").slice(0, -1);
      const options: Record<string, string> = {};
      for (let index = 0; index + 1 < pairs.length; index += 2) options[(pairs[index] ?? "").toLowerCase()] = pairs[index + 1] ?? "";
      return { kind: "read", file, mode: mode.toLowerCase(), options };
    }
    case 2:
      return { kind: "write" };
    case 4:
      return { kind: "ack", block: bytes.readUInt16BE(2) };
    case 5:
      return { kind: "error", code: bytes.readUInt16BE(2), message: bytes.subarray(4).toString("latin1").replace(/\0.*$/s, "") };
    default:
      return { kind: "other", operation };
  }
}

const head = (operation: number, number: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16BE(operation, 0);
  bytes.writeUInt16BE(number, 2);
  return bytes;
};

export const dataPacket = (block: number, content: Buffer): Buffer => Buffer.concat([head(3, block & 0xffff), content]);
export const errorPacket = (code: number, message: string): Buffer => Buffer.concat([head(5, code), Buffer.from(`${message}\0`, "latin1")]);
export const optionsPacket = (options: Readonly<Record<string, string>>): Buffer =>
  Buffer.concat([head(6, 0).subarray(0, 2), Buffer.from(Object.entries(options).map(([name, value]) => `${name}\0${value}\0`).join(""), "latin1")]);

export interface Agreed {
  readonly blockSize: number;
  /** What the server says back; empty when nothing was asked that it knows. */
  readonly answer: Readonly<Record<string, string>>;
}

/** Which of the asked options hold. Options that are not known are passed over, as RFC 2347 wants. */
export function agree(options: Readonly<Record<string, string>>, size: number): Agreed {
  const answer: Record<string, string> = {};
  const asked = Number(options["blksize"]);
  let blockSize = 512;
  if (Number.isInteger(asked) && asked >= 8) {
    // dnsmasq's own limit is the packet that fits the network; 1468 is what fits an Ethernet frame.
    blockSize = Math.min(asked, 1468);
    answer["blksize"] = String(blockSize);
  }
  if (options["tsize"] !== undefined) answer["tsize"] = String(size);
  return { blockSize, answer };
}
