/**
 * Ed25519 keys in OpenSSH's own formats (openssh-portable `PROTOCOL.key`). Written here because the key generator of
 * ssh2 1.17 drops leading zero bytes of public keys: one key in 256 would be no key.
 */
import { randomBytes } from "node:crypto";

/** Both halves as the 32 bytes that they are. */
export interface Ed25519 {
  readonly seed: Buffer;
  readonly publicKey: Buffer;
}

const TYPE = "ssh-ed25519";
/** Unencrypted keys are padded to this length. */
const BLOCK_BYTES = 8;
const PEM_COLUMNS = 64;

/** The public key as it goes over the wire. */
export function publicKeyBlob(key: Ed25519): Buffer {
  return Buffer.concat([field(TYPE), field(key.publicKey)]);
}

/** The public key as a line of `authorized_keys`, without comment and line end. */
export function authorizedKey(key: Ed25519): string {
  return `${TYPE} ${publicKeyBlob(key).toString("base64")}`;
}

/** The private key as `ssh-keygen` would write it: no passphrase, no comment. */
export function openssh(key: Ed25519): string {
  // The same random number twice: how a reader sees that it has decrypted the right thing.
  const check = randomBytes(4);
  const secret = Buffer.concat([check, check, publicKeyBlob(key), field(Buffer.concat([key.seed, key.publicKey])), field("")]);
  const padding = Buffer.from(Array.from({ length: (BLOCK_BYTES - (secret.length % BLOCK_BYTES)) % BLOCK_BYTES }, (_, index) => index + 1));
  const file = Buffer.concat([
    Buffer.from("openssh-key-v1\0"), field("none"), field("none"), field(""), uint32(1),
    field(publicKeyBlob(key)), field(Buffer.concat([secret, padding])),
  ]);
  const lines = file.toString("base64").match(new RegExp(`.{1,${PEM_COLUMNS}}`, "g")) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}
