import { createHash, generateKeyPairSync } from "node:crypto";
import { UserError } from "../../../common/errors.ts";
import { fingerprint } from "../../../common/fingerprint.ts";
import type { Kind } from "../kinds.ts";
import type { ResourceType } from "../resource-type.ts";
import type { Properties } from "../values.ts";
import { authorizedKey, type Ed25519, openssh, publicKeyBlob } from "./openssh.ts";

const SECRETS = ["privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"];
const PUBLICS = ["publicKeyOpenssh", "publicKeyPem", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256"];

/** The official provider shows its defaults for the other algorithms with every key. */
const DEFAULTS = { ecdsaCurve: "P224", rsaBits: 2048 };

const algorithm: Kind = {
  name: "key algorithm",
  equal: (a, b) => a === b,
  problem: (value) => (value === "ED25519" ? undefined : `must be 'ED25519', the one the stand-in makes, not ${JSON.stringify(value)}`),
};

/** A key that lives nowhere but in the state. */
export const privateKey: ResourceType<undefined> = {
  token: "tls:index/privateKey:PrivateKey",
  calls: [],
  inputs: { algorithm: { kind: algorithm, required: true, replaces: true, local: true } },
  outputs: [...SECRETS, ...PUBLICS],
  secretOutputs: SECRETS,
  constants: () => DEFAULTS,

  create(_, _inputs, record) {
    const { id, ...outputs } = makeKey();
    record(id, outputs);
    return Promise.resolve();
  },

  read(_, id, state) {
    if (state["privateKeyPem"] === undefined) {
      throw new UserError("a tls:index/privateKey:PrivateKey cannot be imported: its private key is nowhere but in the state of the stack that made it");
    }
    const kept = Object.fromEntries([...SECRETS, ...PUBLICS].map((output) => [output, state[output]]));
    return Promise.resolve({ id, inputs: {}, outputs: { ...kept, ...DEFAULTS } });
  },

  update: () => Promise.reject(new Error("every change of a key makes another key")),
  delete: () => Promise.resolve(),
};

/** A new key in all the forms that the official provider gives it (hashicorp/terraform-provider-tls, `resource_private_key.go`). */
export function makeKey(): Properties & { readonly id: string } {
  const pair = generateKeyPairSync("ed25519");
  const { d, x } = pair.privateKey.export({ format: "jwk" });
  const key: Ed25519 = { seed: Buffer.from(d ?? "", "base64url"), publicKey: Buffer.from(x ?? "", "base64url") };
  const pkcs8 = pair.privateKey.export({ type: "pkcs8", format: "pem" });
  const blob = publicKeyBlob(key);
  return {
    id: createHash("sha1").update(pair.publicKey.export({ type: "spki", format: "der" })).digest("hex"),
    privateKeyOpenssh: openssh(key),
    // For this algorithm PKCS#8 is the only PEM there is.
    privateKeyPem: pkcs8,
    privateKeyPemPkcs8: pkcs8,
    publicKeyOpenssh: `${authorizedKey(key)}\n`,
    publicKeyPem: pair.publicKey.export({ type: "spki", format: "pem" }),
    publicKeyFingerprintMd5: createHash("md5").update(blob).digest("hex").replace(/..(?=.)/g, "$&:"),
    publicKeyFingerprintSha256: fingerprint(blob),
  };
}
