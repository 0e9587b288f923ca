import type { ReadRequest, Recorded } from "../operations.ts";
import { isRecord, type Properties } from "../values.ts";
import { initFailed } from "../wire.ts";
import { unseen } from "./await/judgement.ts";
import { ruleWhenRead } from "./await/rules.ts";
import type { Place } from "./cluster.ts";
import { type Context, hidden, isNamespaced, kindIn, plain, unreachable } from "./context.ts";
import { isNotFound, NoSuchKind, Unreachable } from "./errors.ts";
import { liveInputs, withoutNoise } from "./live-inputs.ts";
import { withSecretsOf } from "./marking.ts";
import { describe, fromId, idOf, withAt } from "./objects.ts";
import { fieldManagerOf, knownOf, recordedState } from "./state.ts";
import { sdkKeys } from "./underscores.ts";

/** Looks an object up, and says what the program would have to say to get it as it is. */
export async function read({ id, state, inputs: marked = {} }: ReadRequest, context: Context): Promise<Recorded | undefined> {
  const [inputs, known] = [plain(marked), knownOf(state)];
  const isImport = Object.keys(inputs).length === 0;
  const kind = kindIn(isImport ? known.object : inputs, context);
  const { namespace, name } = fromId(id);
  const place = { kind, name, namespace: namespace === "" && (await isNamespaced(kind, context)) ? context.settings.namespace : namespace };
  const live = await found(place, context);
  if (live === undefined) return undefined;
  const shown = sdkKeys(live);
  const there = isImport ? importedInputs(shown) : liveInputs(inputs, known.object, shown);
  const now = withSecretsOf(there, isImport ? state : marked);
  const notes = { fieldManager: fieldManagerOf(inputs, known), initialApiVersion: known.initialApiVersion };
  // Where a secret was, one is, even if it is not among what the program has declared any more.
  const recorded = withSecretsOf(recordedState(now, live, notes), isImport ? state : marked);
  const result = { id: isImport ? idOf(live) : id, state: recorded, inputs: now };
  const rule = isImport ? undefined : ruleWhenRead(kind, inputs);
  const judgement = await rule?.(live, context.cluster());
  // Somebody has only just changed it: what becomes of that, the next look tells.
  if (judgement === undefined || judgement.is === "ready" || judgement === unseen) return result;
  throw initFailed({ ...result, reason: hidden(`${describe(live)} is not ready: ${judgement.reason}`, marked) });
}

async function found(place: Place, context: Context): Promise<Properties | undefined> {
  try {
    return await context.cluster().get(place);
  } catch (error) {
    // With the definition all objects of its kind go.
    if (isNotFound(error) || error instanceof NoSuchKind) return undefined;
    if (!(error instanceof Unreachable)) throw error;
    if (context.settings.deleteUnreachable) return undefined;
    throw unreachable(`${place.kind.kind} ${place.name}`, error);
  }
}

/** All that a program could have said of an object; what the server has filled in cannot be told from it. */
function importedInputs(live: Properties): Properties {
  const declared = withoutNoise(live);
  return ["deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"].reduce<Properties>(
    (result, name) => withoutEmpty(withAt(result, ["metadata", "annotations", name], undefined)), declared,
  );
}

function withoutEmpty(object: Properties): Properties {
  const { metadata } = object;
  const annotations = isRecord(metadata) ? metadata["annotations"] : undefined;
  return isRecord(annotations) && Object.keys(annotations).length === 0 ? withAt(object, ["metadata", "annotations"], undefined) : object;
}
