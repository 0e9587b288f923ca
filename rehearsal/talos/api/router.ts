import type { Metadata } from "@grpc/grpc-js";
import type { Calls, Caller } from "./calls.ts";
import type { Descriptors, Message } from "./descriptors.ts";
import { failure, invalid } from "./failure.ts";
import type { OtherNodes } from "./forward.ts";
import { listed } from "./metadata.ts";
import { demandRole } from "./roles.ts";

/**
 * Which node answers, as Talos' apid decides it: this one, the one that `node` names, or all that `nodes` name, whose answers
 * are put together, each with its node's name and, if it failed, with its error (internal/app/apid/pkg/director).
 */
export class Router {
  readonly #descriptors: Descriptors;
  readonly #calls: Calls;
  readonly #others: OtherNodes;
  readonly #isSelf: (target: string) => boolean;

  constructor(descriptors: Descriptors, calls: Calls, others: OtherNodes, isSelf: (target: string) => boolean) {
    this.#descriptors = descriptors;
    this.#calls = calls;
    this.#others = others;
    this.#isSelf = isSelf;
  }

  /** The answer's bytes. */
  async unary(path: string, request: Buffer, caller: Caller, metadata: Metadata): Promise<Buffer> {
    const { one, many } = targets(path, metadata);
    const { responseSerialize } = this.#descriptors.method(path);
    if (many === undefined) return one === undefined ? responseSerialize(await this.#answer(path, request, caller)) : this.#ask(one, path, request, caller);
    const answers = await Promise.all(many.map((target) => this.#named(target, path, request, caller)));
    return responseSerialize({ messages: answers.flat() });
  }

  async streaming(path: string, request: Buffer, caller: Caller, metadata: Metadata, send: (message: Buffer) => void): Promise<void> {
    const { one, many } = targets(path, metadata);
    const { responseSerialize, responseDeserialize } = this.#descriptors.method(path);
    if (many === undefined) {
      await this.#stream(one, path, request, caller, send);
      return;
    }
    await Promise.all(
      many.map(async (hostname) => {
        try {
          await this.#stream(hostname, path, request, caller, (bytes) => send(responseSerialize({ ...responseDeserialize(bytes), metadata: { hostname } })));
        } catch (error) {
          send(responseSerialize({ metadata: errorMetadata(hostname, error) }));
        }
      }),
    );
  }

  /** This node's own answer, whole. */
  async #answer(path: string, request: Buffer, caller: Caller): Promise<Message> {
    demandRole(path, caller.roles);
    const run = this.#calls.unary[path];
    if (run === undefined) throw new Error(`${path} is not answered here`);
    const answer = await run(this.#descriptors.method(path).requestDeserialize(request), caller);
    return path.startsWith("/cosi.") ? answer : { messages: [answer] };
  }

  async #ask(target: string, path: string, request: Buffer, caller: Caller): Promise<Buffer> {
    if (this.#isSelf(target)) return this.#descriptors.method(path).responseSerialize(await this.#answer(path, request, caller));
    return this.#others.unary(target, path, request, caller.roles, caller.signal);
  }

  /** One node's messages under its name; a failure is a message too. */
  async #named(hostname: string, path: string, request: Buffer, caller: Caller): Promise<Message[]> {
    try {
      const { messages } = this.#descriptors.method(path).responseDeserialize(await this.#ask(hostname, path, request, caller)) as { messages: readonly Message[] };
      return messages.map((message, index) => (index === 0 ? { ...message, metadata: { hostname } } : message));
    } catch (error) {
      return [{ metadata: errorMetadata(hostname, error) }];
    }
  }

  async #stream(target: string | undefined, path: string, request: Buffer, caller: Caller, send: (message: Buffer) => void): Promise<void> {
    if (target !== undefined && !this.#isSelf(target)) {
      await this.#others.streaming(target, path, request, caller.roles, caller.signal, send);
      return;
    }
    demandRole(path, caller.roles);
    const run = this.#calls.streaming[path];
    if (run === undefined) throw new Error(`${path} is not answered here`);
    const { requestDeserialize, responseSerialize } = this.#descriptors.method(path);
    await run(requestDeserialize(request), caller, (message) => send(responseSerialize(message)));
  }
}

function targets(path: string, metadata: Metadata): { readonly one?: string | undefined; readonly many?: readonly string[] } {
  // What another node has forwarded is for this one.
  if (metadata.get("proxyfrom").length > 0) return {};
  const [nodes, node] = [listed(metadata, "nodes"), listed(metadata, "node")];
  if (node.length > 1) throw invalid("node metadata must be single-valued");
  if (nodes.length === 0) return { one: node[0] };
  if (path.startsWith("/cosi.")) throw invalid("one-2-many proxying is not supported for COSI methods");
  return { many: nodes };
}

function errorMetadata(hostname: string, error: unknown): Message {
  const { code, details } = failure(error);
  return { hostname, error: details, status: { code, message: details } };
}
