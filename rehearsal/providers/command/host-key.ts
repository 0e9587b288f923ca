/** A public key that a server must show. */
export interface HostKey {
  /** `ssh-ed25519` */
  readonly type: string;
  /** As it goes over the wire. */
  readonly blob: Buffer;
}

/** Reads `<type> <base64> [comment]`; `undefined` when it is anything else. */
export function parseHostKey(line: string): HostKey | undefined {
  const [type = "", base64 = ""] = line.trim().split(/\s+/);
  const blob = Buffer.from(base64, "base64");
  // The blob names its type again, behind a length of four bytes.
  const length = blob.length < 4 ? 0 : blob.readUInt32BE(0);
  const named = blob.subarray(4, 4 + length).toString();
  return type !== "" && named === type && blob.length > 4 + length ? { type, blob } : undefined;
}
