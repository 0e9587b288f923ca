import type { ResourceType } from "./resource-type.ts";
import { isRecord, isSecret, type Properties, secret } from "./values.ts";

type Described = Pick<ResourceType<never>, "inputs" | "secretOutputs">;

/** Inputs as they are answered: what the type keeps secret is wrapped, whether the program said so or not. */
export function inputsWithSecrets(type: Described, inputs: Properties): Properties {
  return wrapped(inputs, secretInputs(type));
}

/** The same for a state. */
export function stateWithSecrets(type: Described, state: Properties): Properties {
  return wrapped(state, [...secretInputs(type), ...(type.secretOutputs ?? [])]);
}

/** Everything wrapped: the answer to a question that was secret itself. */
export function allSecret(properties: Properties): Properties {
  return wrapped(properties, Object.keys(properties));
}

export function containsSecret(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(containsSecret);
  return isSecret(value) || (isRecord(value) && Object.values(value).some(containsSecret));
}

function secretInputs(type: Described): string[] {
  return Object.entries(type.inputs).filter(([, spec]) => spec.secret).map(([property]) => property);
}

function wrapped(properties: Properties, names: readonly string[]): Properties {
  const present = names.filter((name) => properties[name] !== undefined && !isSecret(properties[name]));
  return { ...properties, ...Object.fromEntries(present.map((name) => [name, secret(properties[name])])) };
}
