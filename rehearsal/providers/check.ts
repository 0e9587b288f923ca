import type { Failure, ProviderFunction } from "./resource-type.ts";
import { containsUnknown, type Properties, UNKNOWN } from "./values.ts";

/** A type or a function. */
type Described = Pick<ProviderFunction<never>, "token" | "inputs" | "check">;

/** Checks inputs against the table: nothing unsupported, nothing missing, nothing of the wrong shape. */
export function checkInputs(type: Described, given: Properties): { inputs: Properties; failures: Failure[] } {
  const failures: Failure[] = [];
  const inputs: Properties = {};
  for (const [property, value] of Object.entries(given)) {
    // Engine-internal bookkeeping (`__defaults`, `__internal`) is no input of the resource.
    if (property.startsWith("__")) continue;
    const spec = type.inputs[property];
    if (!spec) {
      const supported = Object.keys(type.inputs).sort().join(", ");
      failures.push({ property, reason: `the stand-in ${type.token} does not support '${property}'; it supports: ${supported}` });
      continue;
    }
    if (containsUnknown(value)) {
      // A document with a hole in it has no text yet.
      inputs[property] = spec.kind.normalise ? UNKNOWN : value;
      continue;
    }
    const problem = spec.kind.problem(value);
    if (problem !== undefined) failures.push({ property, reason: `'${property}' of ${type.token} ${problem}` });
    inputs[property] = spec.kind.normalise ? spec.kind.normalise(value) : value;
  }
  for (const [property, spec] of Object.entries(type.inputs)) {
    if (spec.required === undefined || given[property] !== undefined) continue;
    const why = spec.required === true ? "" : `: ${spec.required}`;
    failures.push({ property, reason: `${type.token} needs '${property}'${why}` });
  }
  if (failures.length === 0 && type.check) failures.push(...type.check(inputs));
  return { inputs, failures };
}
