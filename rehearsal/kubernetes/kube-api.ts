import { z } from "zod";
import { localAddress } from "../addresses.ts";
import { HttpsJson, type Answer, type Identity, type Question } from "./https-json.ts";

export const apiServerPort = 6443;

/** An object of the API, as far as it is looked at here. */
export type KubeObject = Readonly<Record<string, unknown>>;

const status = z.object({ reason: z.string().default("Unknown"), message: z.string().default("") });

/** A refusal of the API server's. */
export class KubeRefusal extends Error {
  override readonly name = "KubeRefusal";
  readonly status: number;
  readonly reason: string;
  constructor({ status: code, text }: Answer) {
    const { reason, message } = parsedStatus(text);
    super(message === "" ? `the API server answered ${code}` : message);
    this.status = code;
    this.reason = reason;
  }
}

function parsedStatus(text: string): z.infer<typeof status> {
  try {
    return status.parse(JSON.parse(text));
  } catch {
    return { reason: "Unknown", message: text.slice(0, 300) };
  }
}

/** The API of a cluster: the first of its servers that answers, as a Talos node's own balancer (KubePrism) finds it. */
export class KubeApi {
  readonly #servers: readonly HttpsJson[];
  readonly #signal: AbortSignal | undefined;
  #preferred = 0;

  /** `addresses` are the plan's, of the control planes. The signal ends every call that waits for an answer. */
  constructor(addresses: readonly string[], identity: Identity, signal?: AbortSignal) {
    this.#signal = signal;
    this.#servers = addresses.map((address) => new HttpsJson(localAddress(address), apiServerPort, identity));
  }

  get(path: string): Promise<KubeObject> {
    return this.#object({ path });
  }

  /** Makes it; nothing happens when it is there already. */
  async ensure(collection: string, object: KubeObject): Promise<"made" | "there"> {
    const answer = await this.#ask({ method: "POST", path: collection, body: object });
    if (answer.status === 409) return "there";
    if (answer.status !== 201) throw new KubeRefusal(answer);
    return "made";
  }

  put(path: string, object: KubeObject): Promise<KubeObject> {
    return this.#object({ method: "PUT", path, body: object });
  }

  merge(path: string, change: KubeObject): Promise<KubeObject> {
    return this.#object({ method: "PATCH", path, body: change, contentType: "application/merge-patch+json" });
  }

  /** Lists are merged by their keys, as conditions by their type. */
  strategicMerge(path: string, change: KubeObject): Promise<KubeObject> {
    return this.#object({ method: "PATCH", path, body: change, contentType: "application/strategic-merge-patch+json" });
  }

  /** What `/readyz` says is wrong; nothing when it is ready. */
  async problem(): Promise<string | undefined> {
    const { status: code, text } = await this.#ask({ path: "/readyz?verbose" });
    if (code === 200) return undefined;
    const failed = text.split("\n").filter((line) => line.startsWith("[-]"));
    return failed.length === 0 ? `/readyz answered ${code}: ${text.slice(0, 200)}` : `/readyz: ${failed.join("; ")}`;
  }

  close(): void {
    for (const server of this.#servers) server.close();
  }

  async #object(question: Question): Promise<KubeObject> {
    const answer = await this.#ask(question);
    if (answer.status < 200 || answer.status > 299) throw new KubeRefusal(answer);
    return JSON.parse(answer.text) as KubeObject;
  }

  async #ask(question: Question): Promise<Answer> {
    let last: unknown = new Error("there is no control plane to ask");
    for (let tried = 0; tried < this.#servers.length; tried++) {
      const place = (this.#preferred + tried) % this.#servers.length;
      try {
        const answer = await this.#servers[place]?.ask({ ...question, signal: this.#signal });
        if (answer === undefined) break;
        this.#preferred = place;
        return answer;
      } catch (error) {
        this.#signal?.throwIfAborted();
        last = error;
      }
    }
    throw last;
  }
}
