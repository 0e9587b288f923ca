import type { Message } from "./descriptors.ts";

/** Who calls, as far as the answer depends on it. */
export interface Caller {
  readonly roles: readonly string[];
  /** Ends when the caller does not wait any more. */
  readonly signal: AbortSignal;
}

/** Resolves with the one message of the answer. */
export type Unary = (request: Message, caller: Caller) => Promise<Message> | Message;
/** Sends messages until it resolves. */
export type Streaming = (request: Message, caller: Caller, send: (message: Message) => void) => Promise<void> | void;

/** Implementations by path. Of answers with `messages` only the one message is given. */
export interface Calls {
  readonly unary: Readonly<Record<string, Unary>>;
  readonly streaming: Readonly<Record<string, Streaming>>;
}

export const merged = (groups: readonly Calls[]): Calls => ({
  unary: Object.assign({}, ...groups.map(({ unary }) => unary)) as Calls["unary"],
  streaming: Object.assign({}, ...groups.map(({ streaming }) => streaming)) as Calls["streaming"],
});
