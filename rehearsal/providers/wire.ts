/** The one place that touches Pulumi's generated protobuf modules, which are CommonJS and build their exports at run time. */
import grpcModule from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import pluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import statusMessages from "@pulumi/pulumi/proto/status_pb.js";
import anyModule from "google-protobuf/google/protobuf/any_pb.js";
import emptyModule from "google-protobuf/google/protobuf/empty_pb.js";
import structModule from "google-protobuf/google/protobuf/struct_pb.js";
import { Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { type Properties, withoutNulls } from "./values.ts";

export type * as proto from "@pulumi/pulumi/proto/provider_pb.js";
export { messages, pluginMessages };
export const { ResourceProviderService, ResourceProviderClient } = grpcModule;
export type Client = InstanceType<typeof grpcModule.ResourceProviderClient>;
export const { Empty } = emptyModule;
export type Struct = InstanceType<typeof structModule.Struct>;

/** Plain values out of a message; nothing set gives an empty bag. */
export function fromStruct(struct: Struct | undefined): Properties {
  return struct === undefined ? {} : withoutNulls(struct.toJavaScript());
}

/** Plain values into a message. `undefined` has no form on the wire, so it is left out. */
export function toStruct(properties: Properties): Struct {
  // fromJavaScript is declared for JSON values only; a round trip through JSON makes that true.
  return structModule.Struct.fromJavaScript(JSON.parse(JSON.stringify(properties)) as Record<string, never>);
}

/** A call that failed, as the engine is to see it. */
export class Failed extends Error {
  override readonly name = "Failed";
  readonly code: status;
  /** The message again: grpc-js sends this one. */
  readonly details: string;
  readonly metadata: Metadata | undefined;

  constructor(message: string, options: { code?: status; metadata?: Metadata; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = options.code ?? status.UNKNOWN;
    this.details = message;
    this.metadata = options.metadata;
  }
}

/**
 * "The object exists, but is not as wanted": the engine records its id and state with the reasons, so that nothing
 * leaks, and comes back with an update. The details travel in a trailer that grpc-js does not know by itself.
 */
export function initFailed(object: { id: string; state: Properties; inputs: Properties; reason: string }): Failed {
  const detail = new messages.ErrorResourceInitFailed();
  detail.setId(object.id);
  detail.setProperties(toStruct(object.state));
  detail.setInputs(toStruct(object.inputs));
  detail.setReasonsList([object.reason]);
  const any = new anyModule.Any();
  any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const envelope = new statusMessages.Status();
  envelope.setCode(status.UNKNOWN);
  envelope.setMessage(object.reason);
  envelope.addDetails(any);
  const metadata = new Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(envelope.serializeBinary()));
  return new Failed(object.reason, { metadata });
}

/** The reverse of {@link initFailed}, for tests and tools: the object that a failed call left behind. */
export function readInitFailed(error: ServiceError): { id: string; state: Properties; inputs: Properties; reasons: string[] } | undefined {
  const [trailer] = error.metadata.get("grpc-status-details-bin");
  if (!(trailer instanceof Uint8Array)) return undefined;
  const [any] = statusMessages.Status.deserializeBinary(trailer).getDetailsList();
  if (any?.getTypeName() !== "pulumirpc.ErrorResourceInitFailed") return undefined;
  const detail = messages.ErrorResourceInitFailed.deserializeBinary(any.getValue_asU8());
  return {
    id: detail.getId(),
    state: fromStruct(detail.getProperties()),
    inputs: fromStruct(detail.getInputs()),
    reasons: detail.getReasonsList(),
  };
}
