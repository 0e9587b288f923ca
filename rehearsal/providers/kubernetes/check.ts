import { UserError } from "../../../common/errors.ts";
import type { Failure } from "../resource-type.ts";
import { isRecord, type Properties, UNKNOWN } from "../values.ts";
import { type Context, isNamespaced, kindIn, plain } from "./context.ts";
import { apiVersionOf, type KindId, refusalOf } from "./kind.ts";
import { withoutNoise } from "./live-inputs.ts";
import { withSecretsOf } from "./marking.ts";
import { ANNOTATIONS, annotationOf, at, withAt } from "./objects.ts";

/** Fills in what the program may leave out, and refuses what would not be what it says. */
export async function check(marked: Properties, context: Context): Promise<{ inputs: Properties; failures: readonly Failure[] }> {
  const given = withoutEngines(plain(marked));
  const refusal = refusalOf(context.token, given);
  if (refusal !== undefined) return { inputs: marked, failures: [{ property: "", reason: refusal }] };
  const kind = kindIn(given, context);
  const full = withoutNoise({ ...given, apiVersion: apiVersionOf(kind), kind: kind.kind });
  const inputs = await withNamespace(full, kind, context);
  return { inputs: withSecretsOf(inputs, marked), failures: failuresOf(inputs, context) };
}

/** The engine's bookkeeping (`__defaults`) is no input. */
function withoutEngines(inputs: Properties): Properties {
  return Object.fromEntries(Object.entries(inputs).filter(([key]) => !key.startsWith("__")));
}

async function withNamespace(inputs: Properties, kind: KindId, context: Context): Promise<Properties> {
  const { metadata } = inputs;
  if (metadata !== undefined && !isRecord(metadata)) return inputs;
  const namespaced = await isNamespaced(kind, context);
  if (!namespaced) return withAt(inputs, ["metadata", "namespace"], undefined);
  return metadata?.["namespace"] === undefined ? withAt(inputs, ["metadata", "namespace"], context.settings.namespace) : inputs;
}

function failuresOf(inputs: Properties, { token }: Context): Failure[] {
  const { metadata } = inputs;
  // Nothing can be said of what is not known yet.
  if (metadata === UNKNOWN) return [];
  if (!isRecord(metadata)) return [{ property: "metadata", reason: `'metadata' of ${token} must be an object` }];
  return [...nameFailures(metadata, token), ...annotationFailures(inputs)];
}

function nameFailures(metadata: Properties, token: string): Failure[] {
  const { name, generateName } = metadata;
  if (generateName !== undefined) {
    return [{ property: "metadata.generateName", reason: `${token} has a 'metadata.generateName', which server-side apply does not know: give it a 'metadata.name'` }];
  }
  if (name === undefined) return [{ property: "metadata.name", reason: `${token} needs 'metadata.name': the stand-in invents no names` }];
  return typeof name === "string" && name !== "" ? [] : [{ property: "metadata.name", reason: `'metadata.name' of ${token} must be a name` }];
}

function annotationFailures(inputs: Properties): Failure[] {
  const property = "metadata.annotations";
  const failures: Failure[] = [];
  if (annotationOf(inputs, ANNOTATIONS.autonamed) !== undefined) {
    failures.push({ property, reason: `the annotation ${ANNOTATIONS.autonamed} is the official provider's own` });
  }
  if (annotationOf(inputs, ANNOTATIONS.replaceUnready) !== undefined) {
    failures.push({ property, reason: `the stand-in kubernetes provider does not support the annotation ${ANNOTATIONS.replaceUnready}` });
  }
  const annotations = at(inputs, "metadata", "annotations");
  const seconds = annotationOf(inputs, ANNOTATIONS.timeoutSeconds);
  if (seconds !== undefined && seconds !== UNKNOWN && !/^[1-9]\d*$/.test(seconds)) {
    failures.push({ property, reason: `the annotation ${ANNOTATIONS.timeoutSeconds} must be a number of seconds, not '${seconds}'` });
  }
  const noText = isRecord(annotations) ? Object.entries(annotations).find(([, value]) => typeof value !== "string") : undefined;
  if (noText !== undefined) failures.push({ property, reason: `the annotation ${noText[0]} must be a string` });
  return failures;
}

/** Fails for an annotation that says what to wait for and cannot be read. */
export async function waitForFailures(inputs: Properties): Promise<Failure[]> {
  const own = annotationOf(inputs, ANNOTATIONS.waitFor);
  if (own === undefined || own === UNKNOWN) return [];
  const { waitFor } = await import("./await/wait-for.ts");
  try {
    waitFor(own);
    return [];
  } catch (error) {
    if (error instanceof UserError) return [{ property: "metadata.annotations", reason: error.message }];
    throw error;
  }
}
