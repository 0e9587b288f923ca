import { createHash } from "node:crypto";

/** A public key's fingerprint as OpenSSH prints it, of the key as it goes over the wire. */
export function fingerprint(publicKey: Buffer): string {
  return `SHA256:${createHash("sha256").update(publicKey).digest("base64").replace(/=+$/, "")}`;
}
