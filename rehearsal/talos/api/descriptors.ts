import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadFileDescriptorSetFromBuffer, loadSync, type MessageTypeDefinition, type Options, type PackageDefinition } from "@grpc/proto-loader";
import type { MethodDefinition } from "@grpc/grpc-js";

/** A message as an object, with the API's own field names. */
export type Message = Readonly<Record<string, unknown>>;
type Method = MethodDefinition<Message, Message>;
type MessageType = MessageTypeDefinition<Message, Message>;

const options: Options = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };

/** Talos' API as its own module describes it, and the part of COSI's that nodes answer. */
export class Descriptors {
  readonly #definitions: PackageDefinition;

  /** `file` is `api/api.descriptors` of the Talos module. */
  constructor(file: string) {
    this.#definitions = { ...loadFileDescriptorSetFromBuffer(readFileSync(file), options), ...loadSync(join(import.meta.dirname, "cosi.proto"), options) };
  }

  /** A method by its path: "/machine.MachineService/Version". */
  method(path: string): Method {
    const [, service = "", name = ""] = path.split("/");
    const definition = this.#definitions[service];
    const method = definition === undefined || "format" in definition ? undefined : definition[name];
    if (method === undefined) throw new Error(`Talos' API has no ${path}`);
    // Its messages are objects: that is how they were loaded.
    return method as Method;
  }

  /** A message's bytes by the name of its type: for what stands inside of others as bytes. */
  encode(type: string, message: object): Buffer {
    const definition = this.#definitions[type];
    if (definition === undefined || !("serialize" in definition)) throw new Error(`Talos' API has no message ${type}`);
    return (definition as MessageType).serialize(message as Message);
  }
}
