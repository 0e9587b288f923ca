import type { InputSpec, ResourceType } from "./resource-type.ts";
import { containsUnknown, isRecord, type Properties, UNKNOWN } from "./values.ts";

/** The part of a type that says how its properties compare. */
type Described = Pick<ResourceType<never>, "inputs" | "outputs" | "mirrors" | "autoNamed">;

/** One property that the program wants otherwise. */
export interface PropertyChange {
  /** Its name, or a path into it: `spec.containers[0].image`. */
  readonly property: string;
  readonly replaces: boolean;
  /** Left out: it is changed. */
  readonly kind?: "add" | "delete";
}

export interface Difference {
  readonly changes: readonly PropertyChange[];
  /** The new object could not be made while the old one holds its name. */
  readonly deleteBeforeReplace: boolean;
}

/** The wanted inputs with the cloud's own defaults where the program is silent. */
export function withDefaults(type: Pick<Described, "inputs">, inputs: Properties): Properties {
  const defaults = Object.entries(type.inputs)
    .filter(([, spec]) => spec.default !== undefined)
    .map(([property, spec]) => [property, spec.default]);
  return { ...(Object.fromEntries(defaults) as Properties), ...inputs };
}

/**
 * Compares old with new inputs, property by property, as the type's table says, and reports nothing else.
 * `state` is asked where the program starts to state what the cloud had chosen, and by rules of replacement.
 */
export function diffInputs(
  type: Described,
  request: { oldInputs: Properties; newInputs: Properties; state: Properties; ignoreChanges?: readonly string[] },
): Difference {
  const { oldInputs, state } = request;
  const ignored = ignoring(request.ignoreChanges ?? [], oldInputs, request.newInputs);
  const changes: PropertyChange[] = [];
  for (const [property, spec] of Object.entries(type.inputs)) {
    if (ignored.properties.has(property)) continue;
    const before = oldInputs[property] ?? (spec.computed ? state[property] : spec.default);
    if (differs(spec, before, ignored.inputs[property])) {
      changes.push({ property, replaces: needsNewObject(spec, ignored.inputs[property], state) });
    }
  }
  // As the official bridge does it: with an explicit name, old and new cannot exist side by side.
  const named = type.autoNamed !== undefined && ignored.inputs[type.autoNamed] !== undefined;
  return { changes, deleteBeforeReplace: named && changes.some((change) => change.replaces) };
}

function needsNewObject(spec: InputSpec, wanted: unknown, state: Properties): boolean {
  return typeof spec.replaces === "function" ? spec.replaces(wanted, state) : spec.replaces === true;
}

/** Whether the wanted value (unset: the default, or whatever the cloud chose) is other than the one there is. */
function differs(spec: InputSpec, before: unknown, wanted: unknown): boolean {
  if (wanted === undefined && spec.computed) return false;
  const after = wanted ?? spec.default;
  if (containsUnknown(after)) return true;
  if (before === undefined || after === undefined) return before !== after;
  return !spec.kind.equal(before, after);
}

/**
 * What an update must change: everything in which the last recorded state differs from the wanted inputs.
 * Not only old against new inputs: after a create or update that failed half way, the engine records the wanted
 * inputs as if they were there, and only the state tells what is missing.
 */
export function changesToMake(
  type: Described,
  request: { state: Properties; oldInputs: Properties; newInputs: Properties; ignoreChanges?: readonly string[] },
): ReadonlySet<string> {
  const ignored = ignoring(request.ignoreChanges ?? [], request.oldInputs, request.newInputs);
  const changed = new Set<string>();
  for (const [property, spec] of Object.entries(type.inputs)) {
    if (ignored.properties.has(property)) continue;
    const recorded = spec.local ? request.oldInputs[property] : request.state[property];
    if (differs(spec, recorded ?? (spec.computed ? undefined : spec.default), ignored.inputs[property])) changed.add(property);
  }
  return changed;
}

/** Applies `ignoreChanges` paths: a whole property, or one key of a map (`tags.Name`, `tags["Name"]`). */
function ignoring(paths: readonly string[], oldInputs: Properties, newInputs: Properties): { properties: Set<string>; inputs: Properties } {
  const properties = new Set<string>();
  const inputs = { ...newInputs };
  for (const path of paths) {
    const [, property = path, rest = ""] = /^([^.[]+)(.*)$/.exec(path) ?? [];
    const match = /^(?:\.(?<plain>[^.[\]]+)|\["(?<quoted>[^"]+)"\])$/.exec(rest)?.groups;
    const key = match?.["plain"] ?? match?.["quoted"];
    const wanted = inputs[property];
    if (key === undefined || (wanted !== undefined && !isRecord(wanted))) {
      properties.add(property);
      continue;
    }
    const before = oldInputs[property];
    const kept = isRecord(before) ? before[key] : undefined;
    if (wanted === undefined && kept === undefined) continue;
    const others = Object.fromEntries(Object.entries(wanted ?? {}).filter(([name]) => name !== key));
    inputs[property] = kept === undefined ? others : { ...others, [key]: kept };
  }
  return { properties, inputs };
}

/** The state a create is expected to give: inputs and mirrors known, what the cloud decides unknown. */
export function previewCreate(type: Described, inputs: Properties, constants: Properties): Properties {
  const unknowns = [...type.outputs, ...Object.entries(type.inputs).filter(([, spec]) => spec.computed).map(([property]) => property)];
  return withMirrors(type, {
    ...Object.fromEntries(unknowns.map((property) => [property, UNKNOWN])),
    ...constants,
    ...withDefaults(type, inputs),
  });
}

/** The state an update is expected to give: what is there stays known, except what the changes affect. */
export function previewUpdate(type: Described, state: Properties, inputs: Properties, changed: ReadonlySet<string>): Properties {
  const next: Properties = { ...state, ...withDefaults(type, inputs) };
  for (const property of changed) {
    for (const affected of affectedBy(type.inputs[property], inputs)) {
      if (inputs[affected] === undefined) next[affected] = UNKNOWN;
    }
  }
  return withMirrors(type, next);
}

/** The outputs that become unknown with a change of this property. */
export function affectedBy(spec: InputSpec | undefined, inputs: Properties): readonly string[] {
  const affects = spec?.affects ?? [];
  return typeof affects === "function" ? affects(inputs) : affects;
}

function withMirrors(type: Described, state: Properties): Properties {
  const mirrored = Object.entries(type.mirrors ?? {}).map(([output, input]) => [output, state[input] ?? UNKNOWN]);
  return { ...state, ...(Object.fromEntries(mirrored) as Properties) };
}
