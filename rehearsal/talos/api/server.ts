import { experimental, Metadata, Server, type ServerUnaryCall, type ServerWritableStream, type ServiceDefinition, type UntypedServiceImplementation, type sendUnaryData } from "@grpc/grpc-js";
import type { Address } from "../../addresses.ts";
import type { Caller, Calls } from "./calls.ts";
import { failure } from "./failure.ts";
import { rolesOf } from "./roles.ts";
import type { Router } from "./router.ts";
import type { ShownCertificate } from "./shown-certificate.ts";

const same = (bytes: Buffer): Buffer => bytes;

/** A gRPC server over bytes: what they mean is the router's business, since half of the calls may be another node's. */
export async function serveApi({ host, port }: Address, certificate: ShownCertificate, calls: Calls, router: Router): Promise<Server> {
  const server = new Server({ "grpc.max_receive_message_length": 32 * 1024 * 1024 });
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [path, responseStream] of [...Object.keys(calls.unary).map((path) => [path, false] as const), ...Object.keys(calls.streaming).map((path) => [path, true] as const)]) {
    definition[path] = { path, requestStream: false, responseStream, requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same };
    implementation[path] = responseStream ? answerStream(path, router) : answerOnce(path, router);
  }
  server.addService(definition, implementation);
  const credentials = experimental.createCertificateProviderServerCredentials(certificate, certificate, true);
  await new Promise<void>((done, failed) => server.bindAsync(`${host}:${port}`, credentials, (error) => (error === null ? done() : failed(error))));
  return server;
}

const answerOnce =
  (path: string, router: Router) =>
  (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => {
    router.unary(path, call.request, callerOf(call), call.metadata).then(
      (answer) => callback(null, answer),
      (error: unknown) => callback({ ...failure(error), metadata: new Metadata() }),
    );
  };

const answerStream =
  (path: string, router: Router) =>
  (call: ServerWritableStream<Buffer, Buffer>): void => {
    const caller = callerOf(call);
    const send = (message: Buffer): void => {
      if (!caller.signal.aborted) call.write(message);
    };
    router.streaming(path, call.request, caller, call.metadata, send).then(
      () => call.end(),
      (error: unknown) => {
        // Not destroyed: the status goes out with the stream's end.
        if (!caller.signal.aborted) call.emit("error", Object.assign(new Error(failure(error).details), failure(error)));
      },
    );
  };

function callerOf(call: ServerUnaryCall<Buffer, Buffer> | ServerWritableStream<Buffer, Buffer>): Caller {
  const over = new AbortController();
  call.once("cancelled", () => over.abort(new Error("the caller hung up")));
  return { roles: rolesOf(call), signal: over.signal };
}
