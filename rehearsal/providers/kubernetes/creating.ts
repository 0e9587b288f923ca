import { errorMessage, UserError } from "../../../common/errors.ts";
import { poll, PollTimeout, type Attempt } from "../../../common/poll.ts";
import type { CreateRequest, Operations } from "../operations.ts";
import { containsUnknown, type Properties } from "../values.ts";
import { initFailed } from "../wire.ts";
import { NotReady, patienceOf, untilReady } from "./await/await.ts";
import { ruleFor } from "./await/rules.ts";
import { applied } from "./applying.ts";
import type { Writing } from "./cluster.ts";
import { bodyOf, type Context, hidden, isNamespaced, kindIn, placeOf, plain, waitingFor } from "./context.ts";
import { ApiError, isNotFound, NoSuchKind, Unreachable } from "./errors.ts";
import { describe, idOf } from "./objects.ts";
import { fieldManagerOf, foreseen, recordedState } from "./state.ts";

/** Under this name the official provider creates; the first update takes the fields over (await.go, `Creation`). */
const CREATOR = "pulumi-kubernetes";

/** How long a kind or a namespace may take to be there: both are often made just before. */
const SETTLING_SECONDS = 30;
const INTERVAL_MS = 500;

type Made = Awaited<ReturnType<Operations["create"]>>;

export async function create(request: CreateRequest, context: Context): Promise<Made> {
  return request.preview ? previewed(request.inputs, context) : made(request, context);
}

/** What the API server says would be made; the inputs where it cannot be asked that yet. */
async function previewed(marked: Properties, context: Context): Promise<Made> {
  const inputs = plain(marked);
  const asGiven = { id: "", state: marked };
  if (containsUnknown(inputs)) return asGiven;
  try {
    const fieldManager = fieldManagerOf(inputs);
    const object = await post(inputs, { fieldManager, dryRun: true }, context);
    return { id: "", state: recordedState(marked, foreseen(object, inputs), { fieldManager, initialApiVersion: undefined }) };
  } catch (error) {
    // The definition or namespace is made in the same run, the old object is there until then, or nobody may ask.
    const isNormal = error instanceof Unreachable || error instanceof NoSuchKind || (error instanceof ApiError && ([403, 404].includes(error.status) || isThere(error)));
    if (isNormal) return asGiven;
    throw refused(error, inputs);
  }
}

async function made({ inputs: marked, timeoutSeconds }: CreateRequest, context: Context): Promise<Made> {
  const inputs = plain(marked);
  const patience = patienceOf(timeoutSeconds, inputs);
  const notes = { fieldManager: fieldManagerOf(inputs), initialApiVersion: undefined };
  const object = await settled(() => post(inputs, { ...notes, dryRun: false }, context), Math.min(patience, SETTLING_SECONDS), inputs, context);
  try {
    const kind = kindIn(inputs, context);
    const rule = await ruleFor(kind, inputs);
    const place = placeOf(object, kind);
    const ready = rule === undefined ? object : await untilReady(object, rule, waitingFor(place, patience, context));
    if (kind.kind === "CustomResourceDefinition") context.cluster().forget();
    return { id: idOf(object), state: recordedState(marked, ready, notes) };
  } catch (error) {
    const last = error instanceof NotReady ? error.object : object;
    throw initFailed({ id: idOf(object), state: recordedState(marked, last, notes), inputs: marked, reason: hidden(errorMessage(error), marked) });
  }
}

async function post(inputs: Properties, { fieldManager, dryRun }: Writing, context: Context): Promise<Properties> {
  const kind = kindIn(inputs, context);
  const [place, body] = [placeOf(inputs, kind), bodyOf(inputs, kind, await isNamespaced(kind, context))];
  if (!context.settings.upsert) return context.cluster().create(place, body, { fieldManager: CREATOR, dryRun });
  return applied(place, body, { fieldManager, dryRun, force: context.settings.force || dryRun }, context);
}

/** Tries again while what the object needs is not there yet. */
async function settled(attempt: () => Promise<Properties>, seconds: number, inputs: Properties, { clock, signal }: Context): Promise<Properties> {
  let last: unknown;
  const look = async (): Promise<Attempt<Properties>> => {
    try {
      return { done: true, value: await attempt() };
    } catch (error) {
      if (!(error instanceof NoSuchKind) && !isNotFound(error)) throw refused(error, inputs);
      last = error;
      return { done: false, reason: errorMessage(error) };
    }
  };
  try {
    return await poll(look, { timeoutMs: seconds * 1_000, intervalMs: INTERVAL_MS, clock, signal: signal() });
  } catch (error) {
    throw error instanceof PollTimeout ? refused(last, inputs) : error;
  }
}

function isThere(error: unknown): boolean {
  return error instanceof ApiError && error.reason === "AlreadyExists";
}

function refused(error: unknown, inputs: Properties): unknown {
  if (error instanceof Unreachable) return new UserError(`${describe(inputs)} was not made, as far as is known: ${error.message}`, { cause: error });
  if (!isThere(error)) return error;
  return new UserError(
    `${describe(inputs)} exists already, and this stack has not made it: import it, delete it, give this one another name, ` +
    "or have creates take over what exists (upsertExistingObjects on the provider)",
    { cause: error },
  );
}
