import { Agent, request } from "node:https";
import type { z } from "zod";

/** Who asks, and which authority the answering side must prove. */
export interface Identity {
  readonly ca: string;
  /** Client certificate and key, PEM. */
  readonly crt?: string;
  readonly key?: string;
  readonly token?: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

export interface Question {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Asks one address over TLS with kept connections; rejects when nobody answers or the other side proves to be somebody else. */
export class HttpsJson {
  readonly #host: string;
  readonly #port: number;
  readonly #token: string | undefined;
  readonly #agent: Agent;

  constructor(host: string, port: number, { ca, crt, key, token }: Identity) {
    this.#host = host;
    this.#port = port;
    this.#token = token;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 4, ca, cert: crt, key });
  }

  ask({ method = "GET", path, body, contentType = "application/json", timeoutMs = 5_000, signal }: Question): Promise<Answer> {
    const data = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      accept: "application/json",
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
      ...(data === undefined ? {} : { "content-type": contentType, "content-length": Buffer.byteLength(data) }),
    };
    const deadline = AbortSignal.timeout(timeoutMs);
    const ending = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
    return new Promise((resolve, reject) => {
      const outgoing = request({ host: this.#host, port: this.#port, agent: this.#agent, method, path, headers, signal: ending }, (incoming) => {
        let text = "";
        incoming.setEncoding("utf8");
        incoming.on("data", (chunk: string) => (text += chunk));
        incoming.once("error", reject);
        incoming.once("end", () => resolve({ status: incoming.statusCode ?? 0, text }));
      });
      outgoing.once("error", (error) => {
        if (signal?.aborted === true) reject(signal.reason as Error);
        else reject(deadline.aborted ? new Error(`${this.#host}:${this.#port} did not answer within ${timeoutMs / 1000} s`) : error);
      });
      outgoing.end(data);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** An answer's JSON, checked. */
export function parsed<T>(schema: z.ZodType<T>, { text }: Answer): T {
  return schema.parse(JSON.parse(text));
}
