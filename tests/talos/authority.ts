// An authority as Talos makes one for its API: ed25519, self-signed.

import { webcrypto } from "node:crypto";
import { BasicConstraintsExtension, PemConverter, X509CertificateGenerator } from "@peculiar/x509";
import type { KeyPair } from "../../rehearsal/kubernetes/certificates.ts";

export async function ed25519Keys(): Promise<webcrypto.CryptoKeyPair> {
  const keys = await webcrypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"]);
  if (keys instanceof CryptoKey) throw new Error("no pair");
  return keys;
}

export async function ed25519Authority(name: string): Promise<KeyPair> {
  const keys = await ed25519Keys();
  const certificate = await X509CertificateGenerator.createSelfSigned({ name: `O=${name}`, keys, signingAlgorithm: { name: "Ed25519" }, extensions: [new BasicConstraintsExtension(true, undefined, true)] });
  return { crt: `${certificate.toString("pem")}\n`, key: `${PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY")}\n` };
}
