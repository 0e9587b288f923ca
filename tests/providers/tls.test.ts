import { createPrivateKey, createPublicKey } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PrivateKey } from "@pulumi/tls";
import { expect } from "chai";
import { execa } from "execa";
import ssh2 from "ssh2";
import { makeKey } from "../../rehearsal/providers/tls/private-key.ts";
import { tlsProvider } from "../../rehearsal/providers/tls/provider.ts";
import { stateContract } from "./state-contract.ts";

const PRIVATE_KEY = "tls:index/privateKey:PrivateKey";
/** There where OpenSSH is; its test is skipped elsewhere. */
const KEYGEN = "ssh-keygen";

describe("the stand-in tls provider, as the engine calls it", () => {
  stateContract("tls", {
    provider: tlsProvider,
    fixtures: [{
      token: PRIVATE_KEY,
      inputs: () => ({ algorithm: "ED25519" }),
      changes: { algorithm: { to: "RSA", expect: "replace" } },
      refused: { rsaBits: 4096, ecdsaCurve: "P256" },
      secrets: ["privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"],
      official: PrivateKey,
      done: () => undefined,
    }],
  });

  it("makes keys of one algorithm, and names it to whoever wants another", () => {
    const { algorithm } = tlsProvider().types[0]!.inputs;
    for (const other of ["RSA", "ECDSA", "ed25519", 7]) expect(algorithm?.kind.problem(other), String(other)).to.include("must be 'ED25519'");
    expect(algorithm?.kind.problem("ED25519")).to.be.undefined;
  });
});

/** A public key that begins with a zero byte, as one in 256 does: what writes numbers instead of bytes loses it. */
function keyWithLeadingZero(): ReturnType<typeof makeKey> {
  for (;;) {
    const key = makeKey();
    const parts = String(key["publicKeyOpenssh"]).split(" ");
    if (Buffer.from(parts[1]!, "base64").at(-32) === 0) return key;
  }
}

describe("a key of the stand-in tls provider", () => {
  for (const [kind, make] of [["any key", makeKey], ["a key with a leading zero", keyWithLeadingZero]] as const) {
    it(`is one key in all its forms: ${kind}`, () => {
      const key = make();
      const spki = createPublicKey(createPrivateKey(String(key["privateKeyPem"]))).export({ type: "spki", format: "pem" });
      expect(key["publicKeyPem"]).to.equal(spki);
      expect(key["privateKeyPemPkcs8"]).to.equal(key["privateKeyPem"]);
      const parsed = ssh2.utils.parseKey(String(key["privateKeyOpenssh"]));
      if (parsed instanceof Error) throw parsed;
      expect(`ssh-ed25519 ${parsed.getPublicSSH().toString("base64")}\n`).to.equal(key["publicKeyOpenssh"]);
      expect(createPublicKey(parsed.getPrivatePEM()).export({ type: "spki", format: "pem" })).to.equal(spki);
      expect(key.id).to.match(/^[0-9a-f]{40}$/);
    });
  }

  it("is another one each time", () => {
    expect(makeKey()["privateKeyPem"]).not.to.equal(makeKey()["privateKeyPem"]);
  });

  it("ends its lines as the official provider does", () => {
    const key = makeKey();
    for (const output of ["privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8", "publicKeyOpenssh", "publicKeyPem"]) {
      expect(key[output], output).to.match(/[^\n]\n$/);
    }
    for (const output of ["publicKeyFingerprintMd5", "publicKeyFingerprintSha256"]) expect(key[output], output).to.match(/\S$/);
  });

  it("is read by OpenSSH, with the same public key and fingerprints", async function () {
    if ((await execa(KEYGEN, ["-?"], { reject: false })).exitCode === undefined) return this.skip();
    const folder = mkdtempSync(join(tmpdir(), "moonback-key-"));
    try {
      for (const [index, key] of [makeKey(), keyWithLeadingZero()].entries()) {
        const file = join(folder, String(index));
        writeFileSync(file, String(key["privateKeyOpenssh"]), { mode: 0o600 });
        const { stdout } = await execa(KEYGEN, ["-y", "-f", file]);
        expect(`${stdout.trim()}\n`).to.equal(key["publicKeyOpenssh"]);
        writeFileSync(`${file}.pub`, String(key["publicKeyOpenssh"]));
        const sha256 = await execa(KEYGEN, ["-l", "-f", `${file}.pub`]);
        expect(sha256.stdout.split(" ")[1]).to.equal(key["publicKeyFingerprintSha256"]);
        const md5 = await execa(KEYGEN, ["-l", "-E", "md5", "-f", `${file}.pub`]);
        expect(md5.stdout.split(" ")[1]).to.equal(`MD5:${String(key["publicKeyFingerprintMd5"])}`);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
