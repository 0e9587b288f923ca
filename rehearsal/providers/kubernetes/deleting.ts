import type { DeleteRequest } from "../operations.ts";
import type { Properties } from "../values.ts";
import { patienceOf, untilGone } from "./await/await.ts";
import { type Context, kindIn, plain, unreachable, waitingFor } from "./context.ts";
import { isNotFound, NoSuchKind, Unreachable } from "./errors.ts";
import type { KindId } from "./kind.ts";
import { ANNOTATIONS, annotationOf, fromId, isAnnotated, textAt } from "./objects.ts";
import { knownOf } from "./state.ts";

/** For these, the official provider takes `skipAwait` for deletions too (metadata/overrides.go). */
const SKIPPING = ["/Namespace", "/Pod", "/ReplicationController", "apps/DaemonSet", "apps/Deployment", "apps/StatefulSet", "batch/Job"];

/** Deletes an object, and waits until it is gone. What is gone already is deleted. */
export async function remove({ id, state, inputs: marked, timeoutSeconds }: DeleteRequest, context: Context): Promise<void> {
  const [inputs, known] = [plain(marked), knownOf(state)];
  const kind = kindIn(Object.keys(known.object).length > 0 ? known.object : inputs, context);
  const place = { kind, ...fromId(id) };
  try {
    await context.cluster().delete(place, propagationOf(inputs));
  } catch (error) {
    if (isNotFound(error) || error instanceof NoSuchKind) return;
    if (!(error instanceof Unreachable)) throw error;
    if (context.settings.deleteUnreachable) return;
    throw unreachable(`${kind.kind} ${id}`, error);
  }
  if (kind.kind === "CustomResourceDefinition") context.cluster().forget();
  if (isAnnotated(inputs, ANNOTATIONS.skipAwait) && allowsSkipping(kind)) return;
  await untilGone(textAt(known.object, "metadata", "uid"), `${kind.kind} ${id}`, waitingFor(place, patienceOf(timeoutSeconds, inputs), context));
}

function allowsSkipping({ group, kind }: KindId): boolean {
  return SKIPPING.includes(`${group}/${kind}`);
}

/** What becomes of what belongs to it: it goes first, if nothing else is said. */
function propagationOf(inputs: Properties): string {
  const policies: Readonly<Record<string, string>> = { orphan: "Orphan", background: "Background" };
  return policies[annotationOf(inputs, ANNOTATIONS.deletionPropagation)?.toLowerCase() ?? ""] ?? "Foreground";
}
