import { Client, credentials, Metadata, Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall } from "@grpc/grpc-js";
import { errorMessage } from "../../common/errors.ts";
import type { Address } from "../addresses.ts";
import type { KeyPair } from "../kubernetes/certificates.ts";
import type { Descriptors, Message } from "./api/descriptors.ts";
import { signRequest } from "./signing.ts";

const path = "/securityapi.SecurityService/Certificate";

export interface TrustdPlan {
  readonly descriptors: Descriptors;
  /** The machine config's authority. */
  readonly authority: KeyPair;
  /** Its own certificate. */
  readonly server: KeyPair;
  /** `machine.token` */
  readonly token: () => string;
  readonly say: (line: string) => void;
}

/** Talos' trustd on a control plane: signs server certificates for workers that know the machine token. */
export async function serveTrustd({ host, port }: Address, { descriptors, authority, server: own, token, say }: TrustdPlan): Promise<Server> {
  const server = new Server();
  const sign = async ({ csr }: Message): Promise<Message> => {
    if (!Buffer.isBuffer(csr)) throw new Error("failed to decode CSR");
    return { ca: Buffer.from(authority.crt), crt: Buffer.from(await signRequest(authority, csr.toString())) };
  };
  const answer = (call: ServerUnaryCall<Message, Message>, callback: sendUnaryData<Message>): void => {
    if (call.metadata.get("token")[0] !== token()) {
      callback({ code: status.UNKNOWN, details: "Unauthenticated" });
      return;
    }
    say(`received CSR signing request from ${call.getPeer()}`);
    sign(call.request).then((certificate) => callback(null, certificate), (error: unknown) => callback({ code: status.INVALID_ARGUMENT, details: errorMessage(error) }));
  };
  server.addService({ [path]: descriptors.method(path) }, { [path]: answer });
  const tls = ServerCredentials.createSsl(null, [{ private_key: Buffer.from(own.key), cert_chain: Buffer.from(own.crt) }], false);
  await new Promise<void>((done, failed) => server.bindAsync(`${host}:${port}`, tls, (error) => (error === null ? done() : failed(error))));
  return server;
}

export interface TrustdQuestion {
  readonly descriptors: Descriptors;
  readonly at: Address;
  /** The authority that the answering side must prove. */
  readonly authority: string;
  readonly token: string;
  readonly csr: string;
}

/** A worker's request. Resolves with the certificate. */
export async function askTrustd({ descriptors, at, authority, token, csr }: TrustdQuestion): Promise<string> {
  const { requestSerialize, responseDeserialize } = descriptors.method(path);
  const client = new Client(`${at.host}:${at.port}`, credentials.createSsl(Buffer.from(authority)), { "grpc.enable_http_proxy": 0 });
  const metadata = new Metadata();
  metadata.set("token", token);
  try {
    const { crt } = await new Promise<Message>((done, failed) => {
      const call = client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { csr: Buffer.from(csr) }, metadata, { deadline: Date.now() + 10_000 }, (error, answer) => (answer === undefined ? failed(error ?? new Error("trustd answered nothing")) : done(answer)));
      call.on("error", () => undefined);
    });
    if (!Buffer.isBuffer(crt)) throw new Error("trustd answered without a certificate");
    return crt.toString();
  } finally {
    client.close();
  }
}
