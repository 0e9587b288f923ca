/** Server-side apply, and what is to be done before it and said of it. */
import { UserError } from "../../../common/errors.ts";
import type { Properties } from "../values.ts";
import type { Place, Writing } from "./cluster.ts";
import type { Context } from "./context.ts";
import { ApiError } from "./errors.ts";
import { ANNOTATIONS, describe, isAnnotated } from "./objects.ts";
import { managedIn, union } from "./ownership.ts";

/** Managers whose fields the provider's own take over: its creates, and what kubectl applied (await.go, `fixCSAFieldManagers`). */
const TAKEN_OVER: readonly (readonly [manager: string, operation: string])[] = [
  ["kubectl", "Apply"],
  ["kubectl", "Update"],
  ["before-first-apply", "Update"],
  ["pulumi-kubernetes", "Update"],
  ["pulumi-kubernetes.exe", "Update"],
  ["pulumi-resource-kubernetes", "Update"],
];

export async function applied(place: Place, body: Properties, writing: Writing & { readonly force: boolean }, { cluster }: Pick<Context, "cluster">): Promise<Properties> {
  try {
    return await cluster().apply(place, body, writing);
  } catch (error) {
    throw conflict(error, body, writing.fieldManager);
  }
}

/** The change that gives their fields to one manager, as a JSON patch; empty where there is nothing to take over. */
export function takeOver(live: Properties, fieldManager: string): readonly Properties[] {
  const managed = managedIn(live);
  const taken = managed.filter(({ manager, operation, entry }) =>
    entry["subresource"] === undefined && TAKEN_OVER.some(([name, how]) => manager === name && operation === how));
  const [first] = taken;
  if (first === undefined) return [];
  const own = managed.find(({ manager, operation, entry }) => manager === fieldManager && operation === "Apply" && entry["subresource"] === undefined);
  const { time } = first.entry;
  const merged = {
    ...(own ?? first).entry, manager: fieldManager, operation: "Apply",
    ...(time === undefined ? {} : { time }), fieldsV1: union([...(own === undefined ? [] : [own.fields]), ...taken.map((each) => each.fields)]),
  };
  const others = managed.filter((each) => !taken.includes(each) && each !== own).map((each) => each.entry);
  return [
    { op: "replace", path: "/metadata/managedFields", value: [merged, ...others] },
    // Refused, and looked at again, if anybody has changed the object meanwhile.
    { op: "replace", path: "/metadata/resourceVersion", value: (live["metadata"] as Properties)["resourceVersion"] },
  ];
}

/** Whether conflicts are to be won (await.go, `patchForce`). */
export function isForced(inputs: Properties, live: Properties, { preview, force }: { preview: boolean; force: boolean }): boolean {
  const managed = managedIn(live);
  // A preview takes nothing over, so that its own creates would be in its way.
  const isOwn = preview && managed.some(({ manager, operation }) => operation === "Update" && manager.startsWith("pulumi-"));
  return force || isAnnotated(inputs, ANNOTATIONS.patchForce) || isOwn || managed.length === 0;
}

function conflict(error: unknown, body: Properties, fieldManager: string): unknown {
  if (!(error instanceof ApiError) || error.status !== 409) return error;
  const causes = (error.details.causes ?? []).filter(({ reason }) => reason === "FieldManagerConflict");
  if (causes.length === 0) return error;
  const fields = causes.map(({ field = "?", message = "" }) => `${field} (${message})`).join(", ");
  return new UserError(
    `${describe(body)} cannot be applied by field manager "${fieldManager}", since others own fields of it: ${fields}. Have them let go of these, ` +
    `leave them out of the program, or set the annotation ${ANNOTATIONS.patchForce}: "true" to win`,
    { cause: error },
  );
}
