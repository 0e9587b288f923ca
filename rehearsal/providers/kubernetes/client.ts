import type { ClientRequest, IncomingMessage } from "node:http";
import { type Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import type { Clock } from "../../../common/poll.ts";
import { errorMessage, UserError } from "../../../common/errors.ts";
import { isRecord, type Properties } from "../values.ts";
import { connections } from "./connection.ts";
import { ApiError, noAnswer } from "./errors.ts";
import type { Access } from "./kubeconfig.ts";

/** Everything the provider sends. */
export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Of the body; JSON without. */
  readonly contentType?: "application/apply-patch+yaml" | "application/json-patch+json";
}

/** How long an answer may take. */
const ANSWER_MS = 60_000;
/** How often a server that has no time is asked again, a second later each time. */
const BUSY_TRIES = 20;

/** What a connection says when there is nobody. */
const SILENCE = ["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "EAI_AGAIN"];

/** An API server, asked over HTTPS. */
export class Client {
  readonly #access: Access;
  readonly #agent: Agent;
  readonly #clock: Clock;

  constructor(access: Access, clock: Clock) {
    this.#access = access;
    this.#agent = connections(access);
    this.#clock = clock;
  }

  get server(): string {
    return this.#access.server.href.replace(/\/$/, "");
  }

  /**
   * @throws ApiError what the server refused
   * @throws Unreachable if nobody answers
   */
  async send(call: Call): Promise<Properties> {
    for (let tries = 1; ; tries += 1) {
      const { status, body } = await this.#answer(call);
      if (status === 429 && tries < BUSY_TRIES) await this.#clock.wait(1_000);
      else if (status >= 400) throw new ApiError(status, body, `${call.method} ${call.path}`);
      else return isRecord(body) ? body : {};
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #answer(call: Call, isRetry = false): Promise<{ status: number; body: unknown }> {
    const sent = this.#request(call);
    try {
      const response = await new Promise<IncomingMessage>((resolve, reject) => sent.once("response", resolve).once("error", reject));
      const said = await text(response);
      return { status: response.statusCode ?? 0, body: parsed(said) };
    } catch (error) {
      // The server had closed the kept connection at the same moment; it has seen nothing of the call.
      if (sent.reusedSocket && codeOf(error) === "ECONNRESET" && !isRetry) return this.#answer(call, true);
      throw this.#explained(error);
    }
  }

  #request({ method, path, query = {}, body, contentType = "application/json" as Call["contentType"] }: Call & { contentType?: string }): ClientRequest {
    const { server, token } = this.#access;
    const search = new URLSearchParams(query).toString();
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const sent = request({
      agent: this.#agent,
      host: server.hostname,
      port: server.port || 443,
      method,
      path: `${server.pathname.replace(/\/$/, "")}${path}${search === "" ? "" : `?${search}`}`,
      timeout: ANSWER_MS,
      headers: {
        accept: "application/json",
        "user-agent": "moonback-rehearsal",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(payload === undefined ? {} : { "content-type": contentType, "content-length": payload.length }),
      },
    });
    sent.once("timeout", () => sent.destroy(noAnswer(`${this.server} within ${ANSWER_MS / 1000} s`)));
    sent.end(payload);
    return sent;
  }

  #explained(error: unknown): Error {
    if (error instanceof UserError) return error;
    const code = codeOf(error);
    if (SILENCE.includes(code)) return noAnswer(`${this.server} (${code})`, error);
    return new UserError(`the cluster at ${this.server} cannot be spoken to: ${errorMessage(error)}`, { cause: error });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

function parsed(said: string): unknown {
  try {
    return JSON.parse(said) as unknown;
  } catch {
    return said === "" ? {} : { message: said.slice(0, 500) };
  }
}
