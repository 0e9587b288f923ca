import type { Provider, ProviderFunction } from "./resource-type.ts";

const any = { $ref: "pulumi.json#/Any" };

const jsonTypes: Readonly<Record<string, unknown>> = {
  string: { type: "string" },
  number: { type: "number" },
  boolean: { type: "boolean" },
  cidr: { type: "string" },
  "JSON document": { type: "string" },
  "set of strings": { type: "array", items: { type: "string" } },
  "list of strings": { type: "array", items: { type: "string" } },
  tags: { type: "object", additionalProperties: { type: "string" } },
};

/** The package schema, as far as the command line's `pulumi import` needs it to write code for what it imported. */
export function packageSchema<C>(provider: Pick<Provider<C>, "name" | "version" | "types" | "functions">): unknown {
  const resources = provider.types.map(({ token, inputs, outputs }) => {
    const inputProperties = schemaOf(inputs);
    const computed = Object.fromEntries(outputs.map((output) => [output, any]));
    const requiredInputs = Object.entries(inputs).filter(([, spec]) => spec.required !== undefined).map(([property]) => property);
    return [token, { inputProperties, requiredInputs, properties: { ...inputProperties, ...computed } }] as const;
  });
  const functions = (provider.functions ?? []).map(({ token, inputs, outputs }) => {
    const properties = Object.fromEntries(outputs.map((output) => [output, any]));
    return [token, { inputs: { properties: schemaOf(inputs) }, outputs: { properties } }] as const;
  });
  return {
    name: provider.name, version: provider.version, resources: Object.fromEntries(resources), functions: Object.fromEntries(functions),
  };
}

function schemaOf(inputs: ProviderFunction<never>["inputs"]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(inputs).map(([property, spec]) => [property, jsonTypes[spec.kind.name] ?? any]));
}
