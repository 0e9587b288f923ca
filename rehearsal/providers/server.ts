/** Serves a {@link Provider} to the Pulumi engine as a gRPC `ResourceProvider`. Knows nothing of any cloud. */
import { setTimeout as delay } from "node:timers/promises";
import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall, status, type StatusObject, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { errorMessage } from "../../common/errors.ts";
import type { PropertyChange } from "./diff.ts";
import { invoke } from "./invoke.ts";
import type { Operations } from "./operations.ts";
import type { Failure, Provider, ProviderFunction } from "./resource-type.ts";
import { packageSchema } from "./schema.ts";
import { tableOperations } from "./table-operations.ts";
import { type Properties, unwrapSecrets } from "./values.ts";
import { Empty, Failed, fromStruct, messages, pluginMessages, type proto, ResourceProviderService, toStruct } from "./wire.ts";

export interface Served {
  readonly port: number;
  /** Finishes the calls in flight, then stops. */
  stop(): Promise<void>;
}


/**
 * Serves on a free loopback port.
 * @param options.closeMs how long a connection may take to go once no call is in flight: enough for the last answer to leave
 */
export async function serve<C>(provider: Provider<C>, { closeMs = 200 }: { closeMs?: number } = {}): Promise<Served> {
  const server = new Server();
  const calls = new CallsInFlight();
  server.addService(ResourceProviderService, implementation(provider, calls));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  return {
    port,
    async stop() {
      const closed = new Promise<void>((resolve, reject) => {
        server.tryShutdown((error) => {
          if (error) reject(error);
          else resolve();
        });
      });
      await calls.done();
      // The engine may hold on to an idle connection, and kills a plugin that waits for it only after five seconds.
      await Promise.race([closed, delay(closeMs, undefined, { ref: false })]);
      server.forceShutdown();
    },
  };
}

/** The calls whose answer is still to come. */
class CallsInFlight {
  readonly #calls = new Set<Promise<void>>();

  add(call: Promise<void>): void {
    this.#calls.add(call);
    void call.finally(() => this.#calls.delete(call));
  }

  async done(): Promise<void> {
    while (this.#calls.size > 0) await Promise.all(this.#calls);
  }
}

type Handler<Req, Res> = (request: Req) => Res | Promise<Res>;

/** Turns a function into a gRPC method; whatever it throws reaches the engine as a failure with a message. */
function unaryIn(calls: CallsInFlight) {
  return <Req, Res>(handle: Handler<Req, Res>) => (call: ServerUnaryCall<Req, Res>, callback: sendUnaryData<Res>): void => {
    const answered = Promise.resolve(call.request).then(handle).then(
      (response) => callback(null, response),
      (error: unknown) => callback(asServiceError(error instanceof Failed ? error : new Failed(errorMessage(error), { cause: error }))),
    );
    calls.add(answered);
  };
}

/** grpc-js wants no `metadata` at all where there is none. */
function asServiceError({ code, details, metadata }: Failed): Partial<StatusObject> {
  return { code, details, ...(metadata ? { metadata } : {}) };
}

function implementation<C>(provider: Provider<C>, calls: CallsInFlight): UntypedServiceImplementation {
  const unary = unaryIn(calls);
  const tables = new Map(provider.types.map((type) => [type.token, tableOperations(provider, type)]));
  const operationsOf = (urn: string): Operations => {
    const token = tokenOf(urn);
    const known = tables.get(token) ?? provider.operations?.(token);
    if (!known) throw new Failed(`the stand-in ${provider.name} provider does not know ${token}; the list is ${provider.typesFile}`, { code: status.INVALID_ARGUMENT });
    return known;
  };
  const unsupported = (what: string) => new Failed(`the stand-in ${provider.name} provider does not support ${what}`, { code: status.UNIMPLEMENTED });

  const functionOf = (token: string): ProviderFunction<C> => {
    const called = provider.functions?.find((each) => each.token === token);
    if (called) return called;
    const known = provider.functions?.map((each) => each.token).join(", ");
    throw unsupported(`the function ${token}${known ? `; it supports: ${known}` : ""}`);
  };

  return {
    // Most leave secrets to the engine: it strips them from what it sends and marks same-named properties in the answer.
    handshake: unary(() => new messages.ProviderHandshakeResponse().setAcceptSecrets(provider.takesSecrets === true)),
    getPluginInfo: unary(() => new pluginMessages.PluginInfo().setVersion(provider.version)),
    getSchema: unary(() => new messages.GetSchemaResponse().setSchema(JSON.stringify(packageSchema(provider)))),
    getMapping: unary(() => new messages.GetMappingResponse()),
    getMappings: unary(() => new messages.GetMappingsResponse()),
    parameterize: unary(() => { throw unsupported("parameters"); }),
    // An engine that ends normally cancels too: calls in flight go on to their end, unless the provider can end them.
    cancel: unary(() => {
      provider.cancel?.();
      return new Empty();
    }),
    attach: unary(() => new Empty()),
    invoke: unary(async (request: proto.InvokeRequest) => {
      const { outputs, failures } = await invoke(provider, functionOf(request.getTok()), fromStruct(request.getArgs()));
      return new messages.InvokeResponse().setReturn(toStruct(outputs)).setFailuresList(checkFailures(failures));
    }),
    call: unary((request: proto.CallRequest) => { throw unsupported(`the method ${request.getTok()}`); }),
    construct: unary((request: proto.ConstructRequest) => { throw unsupported(`the component ${request.getType()}`); }),

    checkConfig: unary((request: proto.CheckRequest) => {
      const args = fromStruct(request.getNews());
      return checkResponse(args, provider.checkConfig(args));
    }),
    diffConfig: unary((request: proto.DiffRequest) => {
      const [before, after] = [fromStruct(request.getOldInputs() ?? request.getOlds()), fromStruct(request.getNews())];
      if (provider.diffConfig) return diffResponse(provider.diffConfig(unwrapSecrets(before) as Properties, unwrapSecrets(after) as Properties));
      const properties = [...new Set([...Object.keys(before), ...Object.keys(after)])]
        .filter((property) => JSON.stringify(before[property]) !== JSON.stringify(after[property]));
      return diffResponse(properties.map((property) => ({ property, replaces: provider.configReplaces.includes(property) })));
    }),
    configure: unary(async (request: proto.ConfigureRequest) => {
      // Arguments of the provider itself always come with their secrets wrapped, whatever the handshake said.
      await provider.configure(unwrapSecrets(fromStruct(request.getArgs())) as Properties);
      return new messages.ConfigureResponse().setSupportspreview(true).setAcceptsecrets(provider.takesSecrets === true);
    }),

    check: unary(async (request: proto.CheckRequest) => {
      const { inputs, failures } = await operationsOf(request.getUrn()).check(fromStruct(request.getNews()));
      return checkResponse(inputs, failures);
    }),
    diff: unary(async (request: proto.DiffRequest) => {
      const { changes, deleteBeforeReplace } = await operationsOf(request.getUrn()).diff({
        oldInputs: fromStruct(request.getOldInputs()),
        newInputs: fromStruct(request.getNews()),
        state: fromStruct(request.getOlds()),
        ignoreChanges: request.getIgnorechangesList(),
      });
      return diffResponse(changes).setDeletebeforereplace(deleteBeforeReplace);
    }),
    create: unary(async (request: proto.CreateRequest) => {
      const { id, state } = await operationsOf(request.getUrn()).create({
        inputs: fromStruct(request.getProperties()), preview: request.getPreview(), timeoutSeconds: request.getTimeout(),
      });
      return new messages.CreateResponse().setId(id).setProperties(toStruct(state));
    }),
    read: unary(async (request: proto.ReadRequest) => {
      const given = request.getInputs();
      const recorded = await operationsOf(request.getUrn()).read({
        id: request.getId(), state: fromStruct(request.getProperties()), inputs: given ? fromStruct(given) : undefined,
      });
      // No id in the answer means that the object is gone.
      if (!recorded) return new messages.ReadResponse();
      const { id, state, inputs } = recorded;
      return new messages.ReadResponse().setId(id).setProperties(toStruct(state)).setInputs(toStruct(inputs));
    }),
    update: unary(async (request: proto.UpdateRequest) => {
      const state = await operationsOf(request.getUrn()).update({
        id: request.getId(),
        state: fromStruct(request.getOlds()),
        oldInputs: fromStruct(request.getOldInputs()),
        newInputs: fromStruct(request.getNews()),
        ignoreChanges: request.getIgnorechangesList(),
        preview: request.getPreview(),
        timeoutSeconds: request.getTimeout(),
      });
      return new messages.UpdateResponse().setProperties(toStruct(state));
    }),
    delete: unary(async (request: proto.DeleteRequest) => {
      await operationsOf(request.getUrn()).delete({
        id: request.getId(),
        state: fromStruct(request.getProperties()),
        inputs: fromStruct(request.getOldInputs()),
        timeoutSeconds: request.getTimeout(),
      });
      return new Empty();
    }),
  };
}

/** `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>`: the type is the last of the chain. */
function tokenOf(urn: string): string {
  return (urn.split("::")[2] ?? "").split("$").at(-1) ?? "";
}

function checkResponse(inputs: Properties, failures: readonly Failure[]): proto.CheckResponse {
  return new messages.CheckResponse().setInputs(toStruct(inputs)).setFailuresList(checkFailures(failures));
}

function checkFailures(failures: readonly Failure[]): proto.CheckFailure[] {
  return failures.map(({ property, reason }) => new messages.CheckFailure().setProperty(property).setReason(reason));
}

function diffResponse(changes: readonly PropertyChange[]): proto.DiffResponse {
  const { DiffChanges } = messages.DiffResponse;
  const response = new messages.DiffResponse()
    .setChanges(changes.length > 0 ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE)
    .setDiffsList([...new Set(changes.map((change) => topOf(change.property)))])
    .setReplacesList(changes.filter((change) => change.replaces).map((change) => change.property))
    .setHasdetaileddiff(true);
  for (const change of changes) {
    response.getDetaileddiffMap().set(change.property, new messages.PropertyDiff().setKind(diffKind(change)).setInputdiff(true));
  }
  return response;
}

/** The property of the resource that a path begins with. */
function topOf(path: string): string {
  return /^[^.[]+/.exec(path)?.[0] ?? path;
}

function diffKind({ kind, replaces }: PropertyChange): proto.PropertyDiff.Kind {
  const { Kind } = messages.PropertyDiff;
  if (kind === "add") return replaces ? Kind.ADD_REPLACE : Kind.ADD;
  if (kind === "delete") return replaces ? Kind.DELETE_REPLACE : Kind.DELETE;
  return replaces ? Kind.UPDATE_REPLACE : Kind.UPDATE;
}
