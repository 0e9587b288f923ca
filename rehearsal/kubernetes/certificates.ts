/**
 * Certificates as Talos makes them from the authorities in a machine config: a fresh key for each, of the authority's own
 * kind: ECDSA P-256 for the cluster's and etcd's, ed25519 for the one of Talos' API.
 */
import { createPrivateKey, randomBytes, webcrypto, X509Certificate as NodeCertificate } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { dirname } from "node:path";
import {
  BasicConstraintsExtension, ExtendedKeyUsage, ExtendedKeyUsageExtension, KeyUsageFlags, KeyUsagesExtension, Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension, X509Certificate, X509CertificateGenerator, type JsonName,
} from "@peculiar/x509";

/** A certificate and its private key, PEM. */
export interface KeyPair {
  readonly crt: string;
  readonly key: string;
}

interface Subject {
  readonly commonName: string;
  readonly organization?: string;
}

export interface CertificateOrder extends Subject {
  /** IP addresses and DNS names. */
  readonly names?: readonly string[];
  readonly usages: readonly ("server" | "client")[];
}

const yearMs = 365 * 24 * 60 * 60 * 1000;
const p256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const ed25519 = { name: "Ed25519" } as const;
type KeyKind = typeof p256 | typeof ed25519;

/** A certificate signed by the authority, and its key. */
export async function issueCertificate(authority: KeyPair, { names = [], usages, ...subject }: CertificateOrder): Promise<KeyPair> {
  const authorityKey = createPrivateKey(authority.key);
  const kind = kindOf(authorityKey.asymmetricKeyType);
  const signingKey = await webcrypto.subtle.importKey("pkcs8", authorityKey.export({ type: "pkcs8", format: "der" }), kind, false, ["sign"]);
  const keys = await makeKeys(kind);
  const now = Date.now();
  const certificate = await X509CertificateGenerator.create(
    {
      // Positive, and not longer than the 20 bytes that RFC 5280 allows.
      serialNumber: `01${randomBytes(15).toString("hex")}`,
      subject: nameOf(subject),
      // Not its text: Go compares names byte by byte.
      issuer: new X509Certificate(authority.crt).subjectName,
      // Valid in the second it is made, for a program that rounds.
      notBefore: new Date(now - 60_000),
      notAfter: new Date(now + yearMs),
      signingKey,
      signingAlgorithm: kind,
      publicKey: keys.publicKey,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
        new ExtendedKeyUsageExtension(usages.map((usage) => (usage === "server" ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth))),
        ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value })))]),
      ],
    },
    webcrypto,
  );
  return { crt: `${certificate.toString("pem")}\n`, key: await privatePem(keys) };
}

/** A request for a certificate and the key that it is for: what a kubelet sends to become a node. */
export async function certificateRequest(subject: Subject): Promise<{ readonly csr: string; readonly key: string }> {
  const keys = await makeKeys(p256);
  const csr = await Pkcs10CertificateRequestGenerator.create({ name: nameOf(subject), keys, signingAlgorithm: p256 }, webcrypto);
  return { csr: `${csr.toString("pem")}\n`, key: await privatePem(keys) };
}

/** Whether the authority signed a certificate that is valid still. */
export function isIssuedBy(certificate: string, authority: string): boolean {
  const [leaf, issuer] = [new NodeCertificate(certificate), new NodeCertificate(authority)];
  return leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey) && leaf.validToDate.getTime() > Date.now();
}

/** Writes what nobody else may read; an earlier file's mode does not stay. */
export async function writeSecret(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, text, { mode: 0o600 });
  await chmod(file, 0o600);
}

function kindOf(keyType: string | undefined): KeyKind {
  if (keyType === "ed25519") return ed25519;
  if (keyType === "ec") return p256;
  throw new Error(`an authority's key is ECDSA P-256 or ed25519 (as in a Talos machine config), not ${String(keyType)}`);
}

async function makeKeys(kind: KeyKind): Promise<webcrypto.CryptoKeyPair> {
  const keys = await webcrypto.subtle.generateKey(kind, true, ["sign", "verify"]);
  if (!("privateKey" in keys)) throw new Error(`${kind.name} keys come in pairs`);
  return keys;
}

async function privatePem({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", privateKey));
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({ type: "pkcs8", format: "pem" }).toString();
}

function nameOf({ commonName, organization }: Subject): JsonName {
  return [...(organization === undefined ? [] : [{ O: [organization] }]), { CN: [commonName] }];
}
