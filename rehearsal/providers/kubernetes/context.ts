import { errorMessage, UserError } from "../../../common/errors.ts";
import type { Clock } from "../../../common/poll.ts";
import { hide } from "../hide.ts";
import { type Properties, unwrapSecrets } from "../values.ts";
import { Failed } from "../wire.ts";
import type { Waiting } from "./await/await.ts";
import type { Cluster, Place } from "./cluster.ts";
import { NoSuchKind, type Unreachable } from "./errors.ts";
import { apiVersionOf, type KindId, kindOfObject, namespacedByItself } from "./kind.ts";
import { secretTexts } from "./marking.ts";
import { nameOf, namespaceOf, withAt } from "./objects.ts";
import type { Mutability } from "./replacing.ts";
import { serverKeys } from "./underscores.ts";

/** The provider's own arguments, as far as operations need them. */
export interface Settings {
  /** Of objects that name none. */
  readonly namespace: string;
  /** A cluster that does not answer counts as gone, with all that was in it. */
  readonly deleteUnreachable: boolean;
  /** Conflicts are won. */
  readonly force: boolean;
  /** What exists already is taken over by a create. */
  readonly upsert: boolean;
  readonly mutability: Mutability;
}

/** What the operations on one type of resource go through. */
export interface Context {
  /** The type's token, and the kind it names. */
  readonly token: string;
  readonly named: KindId;
  readonly settings: Settings;
  /** @throws UserError for a kubeconfig that leads nowhere */
  readonly cluster: () => Cluster;
  readonly clock: Clock;
  /** Ends what waits. */
  readonly signal: () => AbortSignal;
}

/** Plain values of what came over the wire. */
export function plain(properties: Properties): Properties {
  return unwrapSecrets(properties) as Properties;
}

/** Whether objects of a kind live in a namespace; where nobody can tell yet, most do. */
export async function isNamespaced(kind: KindId, { cluster }: Context): Promise<boolean> {
  const known = namespacedByItself(kind);
  if (known !== undefined) return known;
  try {
    return (await cluster().served(kind)).namespaced;
  } catch (error) {
    if (error instanceof UserError || error instanceof NoSuchKind) return true;
    throw error;
  }
}

/** What is sent: everything that the API server wants to be told. */
export function bodyOf(inputs: Properties, kind: KindId, namespaced: boolean): Properties {
  const body = { ...serverKeys(inputs), apiVersion: apiVersionOf(kind), kind: kind.kind };
  return namespaced ? body : withAt(body, ["metadata", "namespace"], undefined);
}

export function placeOf(inputs: Properties, kind: KindId): Place {
  return { kind, namespace: namespaceOf(inputs), name: nameOf(inputs) };
}

export function kindIn(inputs: Properties, { named }: Context): KindId {
  return kindOfObject(inputs, named);
}

export function waitingFor(place: Place, timeoutSeconds: number, context: Context): Waiting {
  return { cluster: context.cluster(), place, timeoutSeconds, clock: context.clock, signal: context.signal() };
}

/** A text without what is secret in these inputs. */
export function hidden(text: string, marked: Properties): string {
  return hide(text, secretTexts(marked));
}

/** Runs an operation whose failures must not repeat what is secret in these inputs. */
export async function hiding<T>(marked: Properties, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    // What is there after all tells of itself with more than a message; that is hidden where it is made.
    if (error instanceof Failed) throw error;
    throw new UserError(hidden(errorMessage(error), marked), { cause: error });
  }
}

/** What to say of an object in a cluster that does not answer. */
export function unreachable(what: string, cause: Unreachable): UserError {
  return new UserError(
    `whether ${what} is still there cannot be told: ${cause.message}. If the cluster is gone, and is to count as gone with all that was in it, ` +
    "set deleteUnreachable on the provider, or PULUMI_K8S_DELETE_UNREACHABLE=true, and run the same again",
    { cause },
  );
}
