/** Certificates that a worker asks a control plane for: it has the authority's certificate and not its key. */
import { createPrivateKey, randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import { BasicConstraintsExtension, ExtendedKeyUsage, ExtendedKeyUsageExtension, KeyUsageFlags, KeyUsagesExtension, Pkcs10CertificateRequest, Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension, X509Certificate, X509CertificateGenerator } from "@peculiar/x509";
import type { KeyPair } from "../kubernetes/certificates.ts";

const ed25519 = { name: "Ed25519" } as const;
const dayMs = 24 * 60 * 60 * 1000;

/** A request for a server's certificate with these names, and its key. */
export async function requestCertificate(commonName: string, names: readonly string[]): Promise<{ readonly csr: string; readonly key: string }> {
  const keys = await webcrypto.subtle.generateKey(ed25519, true, ["sign", "verify"]);
  if (!("privateKey" in keys)) throw new Error("ed25519 keys come in pairs");
  const extensions = [new SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value })))];
  const csr = await Pkcs10CertificateRequestGenerator.create({ name: [{ CN: [commonName] }], keys, signingAlgorithm: ed25519, extensions }, webcrypto);
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  return { csr: `${csr.toString("pem")}\n`, key: createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({ type: "pkcs8", format: "pem" }).toString() };
}

/** Signs it for a server and for nothing else; an organization, which would be a role, is left out (Talos, internal/app/trustd). */
export async function signRequest(authority: KeyPair, csr: string): Promise<string> {
  const request = new Pkcs10CertificateRequest(csr);
  if (!(await request.verify(webcrypto))) throw new Error("failed to parse CSR: its signature is not of its key");
  const key = createPrivateKey(authority.key).export({ type: "pkcs8", format: "der" });
  const names = request.extensions.find((extension) => extension instanceof SubjectAlternativeNameExtension);
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: `01${randomBytes(15).toString("hex")}`,
      subject: [{ CN: request.subjectName.getField("CN") }],
      issuer: new X509Certificate(authority.crt).subjectName,
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + dayMs),
      signingKey: await webcrypto.subtle.importKey("pkcs8", key, ed25519, false, ["sign"]),
      signingAlgorithm: ed25519,
      publicKey: request.publicKey,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        ...(names === undefined ? [] : [names]),
      ],
    },
    webcrypto,
  );
  return `${certificate.toString("pem")}\n`;
}
