import { generate } from "selfsigned";

export interface Certificates {
  readonly caCertificate: string;
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority of this run, and a certificate of its for all the names. Both are gone with the run. */
export async function makeCertificates(names: readonly string[]): Promise<Certificates> {
  const [first = "localhost"] = names;
  const ca = await generate([{ name: "commonName", value: "Moon and Back rehearsal internet CA (stand-in)" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, critical: true },
    ],
  });
  const leaf = await generate([{ name: "commonName", value: first }], {
    keyType: "ec",
    algorithm: "sha256",
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames: names.map((value) => ({ type: 2 as const, value })) },
    ],
  });
  return { caCertificate: ca.cert, certificate: leaf.cert, key: leaf.private };
}
