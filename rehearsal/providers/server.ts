/** Serves a {@link Provider} to the Pulumi engine as a gRPC `ResourceProvider`. Knows nothing of any cloud. */
import { setTimeout as delay } from "node:timers/promises";
import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall, status, type StatusObject, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { errorMessage } from "../../common/errors.ts";
import { checkInputs } from "./check.ts";
import { changesToMake, diffInputs, previewCreate, previewUpdate, withDefaults } from "./diff.ts";
import { invoke } from "./invoke.ts";
import { fullState, readInputs } from "./read.ts";
import type { Failure, Live, Provider, ProviderFunction, ResourceType } from "./resource-type.ts";
import { packageSchema } from "./schema.ts";
import { inputsWithSecrets, stateWithSecrets } from "./secrets.ts";
import { type Properties, unwrapSecrets } from "./values.ts";
import { Empty, Failed, fromStruct, initFailed, messages, pluginMessages, type proto, ResourceProviderService, toStruct } from "./wire.ts";

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
  const types = new Map(provider.types.map((type) => [type.token, type]));
  const typeOf = (urn: string): ResourceType<C> => {
    const token = tokenOf(urn);
    const type = types.get(token);
    if (!type) throw new Failed(`the stand-in ${provider.name} provider does not know ${token}; the list is ${provider.typesFile}`, { code: status.INVALID_ARGUMENT });
    return type;
  };
  const unsupported = (what: string) => new Failed(`the stand-in ${provider.name} provider does not support ${what}`, { code: status.UNIMPLEMENTED });

  const functionOf = (token: string): ProviderFunction<C> => {
    const called = provider.functions?.find((each) => each.token === token);
    if (called) return called;
    const known = provider.functions?.map((each) => each.token).join(", ");
    throw unsupported(`the function ${token}${known ? `; it supports: ${known}` : ""}`);
  };

  return {
    // Secrets stay with the engine: it strips them from what it sends and marks same-named properties in the answer.
    handshake: unary(() => new messages.ProviderHandshakeResponse()),
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
      const properties = [...new Set([...Object.keys(before), ...Object.keys(after)])]
        .filter((property) => JSON.stringify(before[property]) !== JSON.stringify(after[property]));
      return diffResponse(properties.map((property) => ({ property, replaces: provider.configReplaces.includes(property) })));
    }),
    configure: unary(async (request: proto.ConfigureRequest) => {
      // Arguments of the provider itself always come with their secrets wrapped, whatever the handshake said.
      await provider.configure(unwrapSecrets(fromStruct(request.getArgs())) as Properties);
      return new messages.ConfigureResponse().setSupportspreview(true);
    }),

    check: unary((request: proto.CheckRequest) => {
      const type = typeOf(request.getUrn());
      const { inputs, failures } = checkInputs(type, fromStruct(request.getNews()));
      return checkResponse(inputsWithSecrets(type, inputs), failures);
    }),
    diff: unary((request: proto.DiffRequest) => {
      const { changes, deleteBeforeReplace } = diffInputs(typeOf(request.getUrn()), {
        oldInputs: fromStruct(request.getOldInputs()),
        newInputs: fromStruct(request.getNews()),
        state: fromStruct(request.getOlds()),
        ignoreChanges: request.getIgnorechangesList(),
      });
      return diffResponse(changes).setDeletebeforereplace(deleteBeforeReplace);
    }),
    create: unary(async (request: proto.CreateRequest) => {
      const type = typeOf(request.getUrn());
      const inputs = fromStruct(request.getProperties());
      const cloud = provider.cloud(inputs);
      if (request.getPreview()) {
        return new messages.CreateResponse().setProperties(state(type, previewCreate(type, inputs, type.constants?.(cloud) ?? {})));
      }
      let id: string | undefined;
      let known: Properties = {};
      try {
        await type.create(cloud, withDefaults(type, inputs), (recorded, learnt = {}) => [id, known] = [recorded, learnt]);
        if (id === undefined) throw new Error(`${type.token} was created without an id`);
        const live = await readBack(type, cloud, id, known);
        return new messages.CreateResponse().setId(live.id).setProperties(state(type, fullState(type, live, inputs)));
      } catch (error) {
        if (id === undefined) throw error;
        throw await halfDone(type, cloud, { id, inputs, state: known }, error);
      }
    }),
    read: unary(async (request: proto.ReadRequest) => {
      const type = typeOf(request.getUrn());
      const recorded = fromStruct(request.getProperties());
      const struct = request.getInputs();
      const inputs = struct ? fromStruct(struct) : undefined;
      const live = await type.read(provider.cloud({ ...recorded, ...inputs }), request.getId(), recorded);
      // No id in the answer means that the object is gone.
      if (!live) return new messages.ReadResponse();
      return new messages.ReadResponse()
        .setId(live.id)
        .setProperties(state(type, fullState(type, live, inputs ?? {})))
        .setInputs(toStruct(inputsWithSecrets(type, readInputs(type, live, inputs))));
    }),
    update: unary(async (request: proto.UpdateRequest) => {
      const type = typeOf(request.getUrn());
      const [recorded, inputs] = [fromStruct(request.getOlds()), fromStruct(request.getNews())];
      const oldInputs = fromStruct(request.getOldInputs());
      const changed = changesToMake(type, { state: recorded, oldInputs, newInputs: inputs, ignoreChanges: request.getIgnorechangesList() });
      if (request.getPreview()) {
        return new messages.UpdateResponse().setProperties(state(type, previewUpdate(type, recorded, inputs, changed)));
      }
      const cloud = provider.cloud({ ...recorded, ...inputs });
      let known = recorded;
      const learn = (learnt: Properties) => (known = { ...recorded, ...learnt });
      try {
        await type.update(cloud, request.getId(), { changed, inputs: withDefaults(type, inputs), state: recorded, learn });
        const live = await readBack(type, cloud, request.getId(), known);
        return new messages.UpdateResponse().setProperties(state(type, fullState(type, live, inputs)));
      } catch (error) {
        if (type.allOrNothing) throw error;
        throw await halfDone(type, cloud, { id: request.getId(), inputs, state: known }, error);
      }
    }),
    delete: unary(async (request: proto.DeleteRequest) => {
      const type = typeOf(request.getUrn());
      const recorded = fromStruct(request.getProperties());
      await type.delete(provider.cloud(recorded), request.getId(), recorded);
      return new Empty();
    }),
  };
}

/** `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>`: the type is the last of the chain. */
function tokenOf(urn: string): string {
  return (urn.split("::")[2] ?? "").split("$").at(-1) ?? "";
}

async function readBack<C>(type: ResourceType<C>, cloud: C, id: string, recorded: Properties): Promise<Live> {
  const live = await type.read(cloud, id, recorded);
  if (!live) throw new Error(`${type.token} ${id} is gone; run a refresh`);
  return live;
}

/** The answer to a create or update that failed after the object had come into being. */
async function halfDone<C>(
  type: ResourceType<C>, cloud: C, object: { id: string; inputs: Properties; state: Properties }, error: unknown,
): Promise<Failed> {
  const reason = errorMessage(error);
  // What cannot even be read is recorded as last known: losing the id would be worse.
  const live = await type.read(cloud, object.id, object.state).catch(() => undefined);
  return initFailed({
    id: object.id,
    state: stateWithSecrets(type, live ? fullState(type, live, object.inputs) : object.state),
    inputs: inputsWithSecrets(type, live ? readInputs(type, live, object.inputs) : object.inputs),
    reason,
  });
}

function state<C>(type: ResourceType<C>, properties: Properties) {
  return toStruct(stateWithSecrets(type, properties));
}

function checkResponse(inputs: Properties, failures: readonly Failure[]): proto.CheckResponse {
  return new messages.CheckResponse().setInputs(toStruct(inputs)).setFailuresList(checkFailures(failures));
}

function checkFailures(failures: readonly Failure[]): proto.CheckFailure[] {
  return failures.map(({ property, reason }) => new messages.CheckFailure().setProperty(property).setReason(reason));
}

function diffResponse(changes: readonly { property: string; replaces: boolean }[]): proto.DiffResponse {
  const { DiffChanges } = messages.DiffResponse;
  const { Kind } = messages.PropertyDiff;
  const response = new messages.DiffResponse()
    .setChanges(changes.length > 0 ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE)
    .setDiffsList(changes.map((change) => change.property))
    .setReplacesList(changes.filter((change) => change.replaces).map((change) => change.property))
    .setHasdetaileddiff(true);
  for (const { property, replaces } of changes) {
    const kind = replaces ? Kind.UPDATE_REPLACE : Kind.UPDATE;
    response.getDetaileddiffMap().set(property, new messages.PropertyDiff().setKind(kind).setInputdiff(true));
  }
  return response;
}
