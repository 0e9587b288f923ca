import { credentials, type ServiceError } from "@grpc/grpc-js";
import { type Properties, unwrapSecrets } from "../../rehearsal/providers/values.ts";
import { type Client, fromStruct, messages, type proto, ResourceProviderClient, toStruct } from "../../rehearsal/providers/wire.ts";

/** What is recorded of an object, as the engine would keep it: with the provider's secrets marked. */
export interface Recorded {
  readonly token: string;
  readonly id: string;
  readonly inputs: Properties;
  readonly state: Properties;
}

export interface Diff {
  readonly changes: boolean;
  readonly updates: string[];
  readonly replaces: string[];
  readonly deleteBeforeReplace: boolean;
}

/** What of a diff names single places: `add spec.replicas`, `delete-replace metadata.name`. */
export function placesOf(response: proto.DiffResponse): string[] {
  const { Kind } = messages.PropertyDiff;
  const names = new Map(Object.entries(Kind).map(([name, kind]) => [kind, name.toLowerCase().replace("_", "-")]));
  return [...response.getDetaileddiffMap().entries()].map(([property, change]) => `${names.get(change.getKind()) ?? "?"} ${property}`).sort();
}

/** The calls of the engine that the tests make. */
export type Call =
  | "call" | "cancel" | "check" | "configure" | "construct" | "create" | "delete" | "diff" | "diffConfig" | "getPluginInfo" | "getSchema"
  | "invoke" | "parameterize" | "read" | "update";

type Send = (request: unknown, callback: (error: ServiceError | null, response: unknown) => void) => unknown;

/** Speaks to a served provider as the engine does. */
export class ProviderUnderTest {
  readonly client: Client;

  /** Whether secrets go as they are: it is for the provider to say whether it takes them. */
  readonly #takesSecrets: boolean;

  constructor(port: number, { takesSecrets = false }: { takesSecrets?: boolean } = {}) {
    this.#takesSecrets = takesSecrets;
    this.client = new ResourceProviderClient(`127.0.0.1:${String(port)}`, credentials.createInsecure());
  }

  /**
   * @throws ServiceError with the provider's message
   * @typeParam Res the response that belongs to the call
   */
  send<Res>(call: Call, request: unknown): Promise<Res> {
    return new Promise((resolve, reject) => {
      (this.client as unknown as Record<Call, Send>)[call](request, (error, response) => {
        if (error) reject(error);
        else resolve(response as Res);
      });
    });
  }

  configure(args: Properties): Promise<unknown> {
    return this.send<unknown>("configure", new messages.ConfigureRequest().setArgs(toStruct(args)));
  }

  async check(token: string, inputs: Properties): Promise<{ inputs: Properties; failures: string[] }> {
    const request = new messages.CheckRequest().setUrn(urnOf(token)).setNews(this.#sent(inputs));
    const response = await this.send<proto.CheckResponse>("check", request);
    return { inputs: fromStruct(response.getInputs()), failures: response.getFailuresList().map((each) => `${each.getProperty()}: ${each.getReason()}`) };
  }

  /** Old inputs and state against wanted inputs. */
  async diff(old: Recorded, inputs: Properties, ignoreChanges: string[] = []): Promise<Diff> {
    const request = new messages.DiffRequest().setUrn(urnOf(old.token)).setId(old.id).setOldInputs(this.#sent(old.inputs))
      .setOlds(this.#sent(old.state)).setNews(this.#sent(inputs)).setIgnorechangesList(ignoreChanges);
    const response = await this.send<proto.DiffResponse>("diff", request);
    const { Kind } = messages.PropertyDiff;
    const detailed = [...response.getDetaileddiffMap().entries()];
    const of = (kind: proto.PropertyDiff.Kind) => detailed.filter(([, change]) => change.getKind() === kind).map(([property]) => property).sort();
    return {
      changes: response.getChanges() === messages.DiffResponse.DiffChanges.DIFF_SOME,
      updates: of(Kind.UPDATE),
      replaces: of(Kind.UPDATE_REPLACE),
      deleteBeforeReplace: response.getDeletebeforereplace(),
    };
  }

  async create(token: string, given: Properties): Promise<Recorded> {
    const { inputs, failures } = await this.check(token, given);
    if (failures.length > 0) throw new Error(failures.join("\n"));
    const request = new messages.CreateRequest().setUrn(urnOf(token)).setProperties(this.#sent(inputs));
    const response = await this.send<proto.CreateResponse>("create", request);
    return { token, id: response.getId(), inputs, state: fromStruct(response.getProperties()) };
  }

  async previewCreate(token: string, inputs: Properties): Promise<Properties> {
    const request = new messages.CreateRequest().setUrn(urnOf(token)).setProperties(this.#sent(inputs)).setPreview(true);
    const response = await this.send<proto.CreateResponse>("create", request);
    return fromStruct(response.getProperties());
  }

  /** With inputs and state: a refresh. With neither: an import. */
  async read(token: string, id: string, recorded?: Pick<Recorded, "inputs" | "state">): Promise<Recorded | undefined> {
    const request = new messages.ReadRequest().setUrn(urnOf(token)).setId(id).setProperties(this.#sent(recorded?.state ?? {}));
    if (recorded) request.setInputs(this.#sent(recorded.inputs));
    const response = await this.send<proto.ReadResponse>("read", request);
    if (response.getId() === "") return undefined;
    return { token, id: response.getId(), inputs: fromStruct(response.getInputs()), state: fromStruct(response.getProperties()) };
  }

  async refresh(old: Recorded): Promise<Recorded> {
    const live = await this.read(old.token, old.id, old);
    if (!live) throw new Error(`${old.token} ${old.id} is gone`);
    return live;
  }

  async update(old: Recorded, inputs: Properties, preview = false): Promise<Recorded> {
    const request = new messages.UpdateRequest().setUrn(urnOf(old.token)).setId(old.id).setOlds(this.#sent(old.state))
      .setOldInputs(this.#sent(old.inputs)).setNews(this.#sent(inputs)).setPreview(preview);
    const response = await this.send<proto.UpdateResponse>("update", request);
    return { ...old, inputs, state: fromStruct(response.getProperties()) };
  }

  /** Calls a function. Arguments go as they are: secrets in them are the test's business. */
  async invoke(token: string, args: Properties): Promise<{ outputs: Properties; failures: string[] }> {
    const request = new messages.InvokeRequest().setTok(token).setArgs(toStruct(args));
    const response = await this.send<proto.InvokeResponse>("invoke", request);
    return { outputs: fromStruct(response.getReturn()), failures: response.getFailuresList().map((each) => `${each.getProperty()}: ${each.getReason()}`) };
  }

  async delete({ token, id, inputs, state }: Recorded): Promise<void> {
    const request = new messages.DeleteRequest().setUrn(urnOf(token)).setId(id).setProperties(this.#sent(state)).setOldInputs(this.#sent(inputs));
    await this.send<unknown>("delete", request);
  }

  /** To a provider that takes no secrets the engine sends everything without their marks. */
  #sent(properties: Properties) {
    return toStruct(this.#takesSecrets ? properties : (unwrapSecrets(properties) as Properties));
  }
}

/** A parent type in front, as component resources have it: only the last one counts. */
export function urnOf(token: string): string {
  return `urn:pulumi:test-network::moon-and-back::moonback:test:Parent$${token}::subject`;
}
