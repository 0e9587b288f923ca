import type { Client } from "./client.ts";
import { type Discovery, groupPath, type Served } from "./discovery.ts";
import { apiVersionOf, type KindId } from "./kind.ts";
import { recordsAt } from "./objects.ts";
import type { Properties } from "../values.ts";

/** Where an object is. */
export interface Place {
  readonly kind: KindId;
  /** Empty for what has none. */
  readonly namespace: string;
  readonly name: string;
}

/** How a change is made. */
export interface Writing {
  readonly fieldManager: string;
  /** The server says what would come of it, and changes nothing. */
  readonly dryRun: boolean;
}

/** The calls on objects of any kind. */
export class Cluster {
  readonly #client: Pick<Client, "send" | "server">;
  readonly #discovery: Discovery;

  constructor(client: Pick<Client, "send" | "server">, discovery: Discovery) {
    this.#client = client;
    this.#discovery = discovery;
  }

  get server(): string {
    return this.#client.server;
  }

  served(kind: KindId): Promise<Served> {
    return this.#discovery.served(kind);
  }

  forget(): void {
    this.#discovery.forget();
  }

  async get(place: Place): Promise<Properties> {
    return named(place.kind, await this.#client.send({ method: "GET", path: await this.#path(place) }));
  }

  async list(kind: KindId, namespace: string, selectors: { labels?: string; fields?: string } = {}): Promise<readonly Properties[]> {
    const query = {
      ...(selectors.labels === undefined ? {} : { labelSelector: selectors.labels }),
      ...(selectors.fields === undefined ? {} : { fieldSelector: selectors.fields }),
    };
    const answer = await this.#client.send({ method: "GET", path: await this.#path({ kind, namespace, name: "" }), query });
    return recordsAt(answer, "items");
  }

  async create(place: Place, body: Properties, writing: Writing): Promise<Properties> {
    return this.#write("POST", { ...place, name: "" }, body, writing);
  }

  async replace(place: Place, body: Properties, writing: Writing): Promise<Properties> {
    return this.#write("PUT", place, body, writing);
  }

  /** Server-side apply. */
  async apply(place: Place, body: Properties, { force, ...writing }: Writing & { readonly force: boolean }): Promise<Properties> {
    const query = { ...queryOf(writing), force: String(force) };
    const path = await this.#path(place);
    return named(place.kind, await this.#client.send({ method: "PATCH", path, query, body, contentType: "application/apply-patch+yaml" }));
  }

  async patch(place: Place, operations: readonly Properties[]): Promise<Properties> {
    const path = await this.#path(place);
    return named(place.kind, await this.#client.send({ method: "PATCH", path, body: operations, contentType: "application/json-patch+json" }));
  }

  async delete(place: Place, propagationPolicy: string): Promise<void> {
    const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy };
    await this.#client.send({ method: "DELETE", path: await this.#path(place), body });
  }

  async #write(method: "POST" | "PUT", place: Place, body: Properties, writing: Writing): Promise<Properties> {
    return named(place.kind, await this.#client.send({ method, path: await this.#path(place), query: queryOf(writing), body }));
  }

  async #path({ kind, namespace, name }: Place): Promise<string> {
    const { plural, namespaced } = await this.#discovery.served(kind);
    const within = namespaced && namespace !== "" ? `/namespaces/${encodeURIComponent(namespace)}` : "";
    return `${groupPath(kind)}${within}/${plural}${name === "" ? "" : `/${encodeURIComponent(name)}`}`;
  }
}

function queryOf({ fieldManager, dryRun }: Writing): Readonly<Record<string, string>> {
  // A field that nobody knows would otherwise be dropped, and be missing for ever.
  return { fieldManager, fieldValidation: "Strict", ...(dryRun ? { dryRun: "All" } : {}) };
}

/** Answers always say what they are; lists' items do not. */
function named(kind: KindId, object: Properties): Properties {
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, ...object };
}
