import { gunzipSync } from "node:zlib";

/** What a secret looks like; the words go into the finding, the secret never does. */
const shapes: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
  [/\b(AKIA|ASIA)[A-Z0-9]{16}\b/, "an AWS access key"],
  [/\btskey-[a-z]+-[A-Za-z0-9]+/, "a Tailscale key"],
  [/\bgh[pousr]_[A-Za-z0-9]{30,}/, "a GitHub token"],
  [/^\s*PrivateKey\s*=\s*[A-Za-z0-9+/]{42,}=/m, "a WireGuard private key"],
];

/** Long enough to hold something, in base64. */
const base64 = /[A-Za-z0-9+/]{24,}={0,2}/g;

/**
 * What secret a text holds, in words: as it stands, or packed in base64 or gzip, one in the other up to `depth` times.
 * @param also further things to look for, such as a canary: the text and what to call it
 */
export function secretIn(data: string | Buffer, also: readonly (readonly [string, string])[] = [], depth = 4): string | undefined {
  const bytes = typeof data === "string" ? Buffer.from(data) : data;
  if (depth === 0) return undefined;
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    const inner = unpacked(bytes);
    return inner === undefined ? undefined : secretIn(inner, also, depth - 1);
  }
  const text = bytes.toString("utf8");
  const found = shapes.find(([shape]) => shape.test(text))?.[1] ?? also.find(([word]) => text.includes(word))?.[1];
  if (found !== undefined) return found;
  for (const [packed] of text.matchAll(base64)) {
    const inner = secretIn(Buffer.from(packed, "base64"), also, depth - 1);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function unpacked(bytes: Buffer): Buffer | undefined {
  try {
    return gunzipSync(bytes);
  } catch {
    return undefined;
  }
}
