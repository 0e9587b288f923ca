import { errorMessage, UserError } from "../../../common/errors.ts";
import type { UpdateRequest } from "../operations.ts";
import { containsUnknown, isRecord, isSecret, type Properties } from "../values.ts";
import { initFailed } from "../wire.ts";
import { applied, isForced, takeOver } from "./applying.ts";
import { NotReady, patienceOf, untilReady } from "./await/await.ts";
import { ruleFor } from "./await/rules.ts";
import type { Place } from "./cluster.ts";
import { bodyOf, type Context, hidden, isNamespaced, kindIn, plain, waitingFor } from "./context.ts";
import { ApiError, isNotFound, NoSuchKind, Unreachable } from "./errors.ts";
import { withoutIgnored } from "./ignoring.ts";
import { describe, fromId, withAt } from "./objects.ts";
import { fieldManagerOf, knownOf, recordedState } from "./state.ts";

/** How often it is begun again when somebody else has changed the object meanwhile. */
const TRIES = 10;

/** Brings an object to what is wanted; the state afterwards. */
export async function update(request: UpdateRequest, context: Context): Promise<Properties> {
  const { id, newInputs: marked, state, preview, timeoutSeconds } = request;
  const [inputs, known] = [plain(marked), knownOf(state)];
  const kind = kindIn(inputs, context);
  const place = { kind, ...fromId(id) };
  const notes = { fieldManager: fieldManagerOf(inputs, known), initialApiVersion: known.initialApiVersion };
  if (preview && containsUnknown(inputs)) return merged(state, marked);
  let object: Properties;
  try {
    object = await written(place, inputs, { ...request, fieldManager: notes.fieldManager }, context);
  } catch (error) {
    if (preview && isUnforeseeable(error)) return merged(state, marked);
    throw isNotFound(error) ? new UserError(`${describe(inputs)} is gone: run a refresh`, { cause: error }) : error;
  }
  if (preview) return recordedState(marked, object, notes);
  try {
    if (known.fieldManager !== undefined && known.fieldManager !== notes.fieldManager) await letGo(place, known.fieldManager, context);
    const rule = await ruleFor(kind, inputs);
    const ready = rule === undefined ? object : await untilReady(object, rule, waitingFor(place, patienceOf(timeoutSeconds, inputs), context));
    if (kind.kind === "CustomResourceDefinition") context.cluster().forget();
    return recordedState(marked, ready, notes);
  } catch (error) {
    const last = error instanceof NotReady ? error.object : object;
    throw initFailed({ id, state: recordedState(marked, last, notes), inputs: marked, reason: hidden(errorMessage(error), marked) });
  }
}

/** Nobody can be asked what would come of it, or may ask. */
function isUnforeseeable(error: unknown): boolean {
  return error instanceof Unreachable || error instanceof NoSuchKind || (error instanceof ApiError && error.status === 403);
}

async function written(place: Place, inputs: Properties, request: Pick<UpdateRequest, "preview" | "ignoreChanges"> & { fieldManager: string }, context: Context): Promise<Properties> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await writtenOnce(place, inputs, request, context);
    } catch (error) {
      const isOvertaken = error instanceof ApiError && error.status === 409;
      if (!isOvertaken || tries === TRIES) throw error;
    }
  }
}

async function writtenOnce(
  place: Place, inputs: Properties, { preview, ignoreChanges, fieldManager }: Pick<UpdateRequest, "preview" | "ignoreChanges"> & { fieldManager: string }, context: Context,
): Promise<Properties> {
  const cluster = context.cluster();
  const live = await cluster.get(place);
  const body = bodyOf(inputs, place.kind, await isNamespaced(place.kind, context));
  const writing = { fieldManager, dryRun: preview };
  // As the official provider does it: a definition is replaced as a whole, so that nothing of the old one stays.
  if (place.kind.kind === "CustomResourceDefinition") {
    return cluster.replace(place, withAt(body, ["metadata", "resourceVersion"], (live["metadata"] as Properties)["resourceVersion"]), writing);
  }
  const taking = preview ? [] : takeOver(live, fieldManager);
  const current = taking.length === 0 ? live : await cluster.patch(place, taking);
  const force = isForced(inputs, current, { preview, force: context.settings.force });
  return applied(place, withoutIgnored(body, ignoreChanges, current, fieldManager), { ...writing, force }, context);
}

/** Gives up all fields that were owned under another name. */
async function letGo(place: Place, fieldManager: string, context: Context): Promise<void> {
  const { kind, namespace, name } = place;
  const body = bodyOf({ metadata: { name, ...(namespace === "" ? {} : { namespace }) } }, kind, namespace !== "");
  await applied(place, body, { fieldManager, dryRun: false, force: false }, context);
}

/** What is expected where the server cannot be asked: what is there, with what is wanted on top. */
function merged(state: Properties, marked: Properties): Properties {
  return { ...onTop(state, marked), __inputs: marked };
}

function onTop(below: Properties, above: Properties): Properties {
  const entries = Object.entries(above).map(([key, value]) => {
    const under = below[key];
    const both = isRecord(value) && isRecord(under) && !isSecret(value) && !isSecret(under);
    return [key, both ? onTop(under, value) : value];
  });
  return { ...below, ...(Object.fromEntries(entries) as Properties) };
}
