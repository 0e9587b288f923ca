import { isNotFound, NoSuchKind } from "./errors.ts";
import type { Client } from "./client.ts";
import { apiVersionOf, type KindId } from "./kind.ts";
import { at, recordsAt } from "./objects.ts";

/** How the API server serves a kind. */
export interface Served {
  /** `deployments` */
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Knows what the API server serves, group by group; what it did not find it asks again. */
export class Discovery {
  readonly #client: Pick<Client, "send">;
  readonly #known = new Map<string, Served>();

  constructor(client: Pick<Client, "send">) {
    this.#client = client;
  }

  /** @throws NoSuchKind for what is not served, now */
  async served(id: KindId): Promise<Served> {
    const apiVersion = apiVersionOf(id);
    const key = `${apiVersion} ${id.kind}`;
    if (!this.#known.has(key)) await this.#learn(id, apiVersion);
    const served = this.#known.get(key);
    if (served === undefined) throw new NoSuchKind(apiVersion, id.kind);
    return served;
  }

  /** What was known of a definition that has changed, or gone. */
  forget(): void {
    this.#known.clear();
  }

  async #learn(id: KindId, apiVersion: string): Promise<void> {
    let list;
    try {
      list = await this.#client.send({ method: "GET", path: groupPath(id) });
    } catch (error) {
      if (isNotFound(error)) throw new NoSuchKind(apiVersion, id.kind);
      throw error;
    }
    for (const resource of recordsAt(list, "resources")) {
      const { kind, name } = resource;
      // With a slash it is a part of an object, such as its status.
      if (typeof kind !== "string" || typeof name !== "string" || name.includes("/")) continue;
      this.#known.set(`${apiVersion} ${kind}`, { plural: name, namespaced: at(resource, "namespaced") === true });
    }
  }
}

/** Where the API server serves a group's version. */
export function groupPath(id: Pick<KindId, "group" | "version">): string {
  return id.group === "" ? `/api/${id.version}` : `/apis/${id.group}/${id.version}`;
}
