/** What is recorded of an object, in the official provider's shape: the object as it is, and beside it how it came to be. */
import { randomBytes } from "node:crypto";
import { isRecord, type Properties, UNKNOWN, unwrapSecrets } from "../values.ts";
import { withSecretsOf } from "./marking.ts";
import { ANNOTATIONS, annotationOf, textAt } from "./objects.ts";
import { sdkKeys } from "./underscores.ts";

const OWN = ["__inputs", "__initialApiVersion", "__fieldManager"] as const;

/** What was recorded, without our own notes and unwrapped. */
export interface Known {
  readonly object: Properties;
  readonly fieldManager: string | undefined;
  readonly initialApiVersion: string | undefined;
}

/**
 * @param inputs with their secrets wrapped, which makes the same places of the object secret
 * @param live as the API server answers
 */
export function recordedState(inputs: Properties, live: Properties, { fieldManager, initialApiVersion }: Omit<Known, "object">): Properties {
  return {
    ...withSecretsOf(sdkKeys(live), inputs),
    __inputs: withSecretsOf(unwrapSecrets(inputs) as Properties, inputs),
    __initialApiVersion: initialApiVersion ?? textAt(live, "apiVersion"),
    __fieldManager: fieldManager,
  };
}

export function knownOf(state: Properties): Known {
  const plain = unwrapSecrets(state) as Properties;
  return {
    object: Object.fromEntries(Object.entries(plain).filter(([key]) => !(OWN as readonly string[]).includes(key))),
    fieldManager: textAt(plain, "__fieldManager"),
    initialApiVersion: textAt(plain, "__initialApiVersion"),
  };
}

/** Under which name an object's fields are owned: the program's, the one there was, or a new one for each object. */
export function fieldManagerOf(inputs: Properties, known?: Pick<Known, "fieldManager">): string {
  return annotationOf(inputs, ANNOTATIONS.patchFieldManager) ?? known?.fieldManager ?? `pulumi-kubernetes-${randomBytes(4).toString("hex")}`;
}

/** What is not certain before an object is made: the server gives it anew each time it is asked. */
const GIVEN = [["metadata", "uid"], ["metadata", "resourceVersion"], ["metadata", "creationTimestamp"], ["metadata", "managedFields"]];
const GIVEN_TO_SERVICES = ["clusterIP", "clusterIPs", "healthCheckNodePort"].map((key) => ["spec", key]);

/** The answer to a dry run without what would be otherwise the next time, and without a status, which comes later. */
export function foreseen(object: Properties, inputs: Properties): Properties {
  const uncertain = object["kind"] === "Service" ? [...GIVEN, ...GIVEN_TO_SERVICES] : GIVEN;
  const certain = uncertain.reduce<Properties>((result, path) => (textAt(inputs, ...path) === undefined ? unknownAt(result, path) : result), object);
  return Object.fromEntries(Object.entries(certain).filter(([key]) => key !== "status"));
}

function unknownAt(object: Properties, [key = "", ...rest]: readonly string[]): Properties {
  if (object[key] === undefined) return object;
  const inner = object[key];
  return { ...object, [key]: rest.length > 0 && isRecord(inner) ? unknownAt(inner, rest) : UNKNOWN };
}
