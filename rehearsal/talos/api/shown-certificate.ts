import type { experimental } from "@grpc/grpc-js";
import type { KeyPair } from "../../kubernetes/certificates.ts";

/** The certificate that a server shows, and the authority of those whom it lets in. */
export interface ServerIdentity extends KeyPair {
  readonly authority: string;
}

/** A server's certificate, which may become another one while it serves: as Talos' apid takes a new one without a break. */
export class ShownCertificate implements experimental.CertificateProvider {
  #identity: ServerIdentity;
  readonly #authorityListeners = new Set<experimental.CaCertificateUpdateListener>();
  readonly #identityListeners = new Set<experimental.IdentityCertificateUpdateListener>();

  constructor(identity: ServerIdentity) {
    this.#identity = identity;
  }

  /** From now on, for who connects anew. */
  show(identity: ServerIdentity): void {
    this.#identity = identity;
    for (const listener of this.#authorityListeners) this.#tellAuthority(listener);
    for (const listener of this.#identityListeners) this.#tellIdentity(listener);
  }

  addCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#authorityListeners.add(listener);
    this.#tellAuthority(listener);
  }

  removeCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#authorityListeners.delete(listener);
  }

  addIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#identityListeners.add(listener);
    this.#tellIdentity(listener);
  }

  removeIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#identityListeners.delete(listener);
  }

  #tellAuthority(listener: experimental.CaCertificateUpdateListener): void {
    const update = { caCertificate: Buffer.from(this.#identity.authority) };
    // Later: a listener is added before its server hears of updates.
    process.nextTick(() => listener(update));
  }

  #tellIdentity(listener: experimental.IdentityCertificateUpdateListener): void {
    const update = { certificate: Buffer.from(this.#identity.crt), privateKey: Buffer.from(this.#identity.key) };
    process.nextTick(() => listener(update));
  }
}
