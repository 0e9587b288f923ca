import type { InputSpec, Live, ResourceType } from "./resource-type.ts";
import type { Properties } from "./values.ts";

type Described = Pick<ResourceType<never>, "inputs">;

/**
 * The inputs that a program would have to say to get what is there.
 *
 * Properties that the last program gave are always among them; where the live value means the same, in the program's
 * own words, so that a regrouped rule or a reformatted document is no drift. Of the others, every value that is not
 * the default: a change made behind our back to something the program leaves alone is drift too.
 * On import (`oldInputs` undefined) nothing is known of the program, so what the cloud chose is included.
 */
export function readInputs(type: Described, live: Live, oldInputs: Properties | undefined): Properties {
  const inputs: Properties = {};
  for (const [property, spec] of Object.entries(type.inputs)) {
    const old = oldInputs?.[property];
    const value = live.inputs[property];
    if (spec.local) {
      if (old !== undefined) inputs[property] = old;
    } else if (old !== undefined) {
      if (value !== undefined) inputs[property] = spec.kind.equal(old, value) ? old : value;
    } else if (value !== undefined && !isDefault(spec, value)) {
      if (!spec.computed || oldInputs === undefined) inputs[property] = value;
    }
  }
  return inputs;
}

/** The full state: every live value (in the program's words where it means the same), then the computed outputs. */
export function fullState(type: Described, live: Live, inputs: Properties): Properties {
  const state: Properties = {};
  for (const [property, spec] of Object.entries(type.inputs)) {
    const given = inputs[property];
    const value = spec.local ? given : live.inputs[property];
    const same = value !== undefined && given !== undefined && spec.kind.equal(given, value);
    const shown = same ? given : (value ?? spec.default);
    if (shown !== undefined) state[property] = shown;
  }
  return { ...state, ...live.outputs };
}

function isDefault(spec: InputSpec, value: unknown): boolean {
  return spec.default !== undefined && spec.kind.equal(spec.default, value);
}
