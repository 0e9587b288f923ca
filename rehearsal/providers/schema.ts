import type { Provider } from "./resource-type.ts";

const jsonTypes: Readonly<Record<string, unknown>> = {
  string: { type: "string" },
  number: { type: "number" },
  boolean: { type: "boolean" },
  cidr: { type: "string" },
  "JSON document": { type: "string" },
  "set of strings": { type: "array", items: { type: "string" } },
  tags: { type: "object", additionalProperties: { type: "string" } },
};

/** The package schema, as far as the command line's `pulumi import` needs it to write code for what it imported. */
export function packageSchema<C>(provider: Pick<Provider<C>, "name" | "version" | "types">): unknown {
  const any = { $ref: "pulumi.json#/Any" };
  const resources = provider.types.map(({ token, inputs, outputs }) => {
    const inputProperties = Object.fromEntries(
      Object.entries(inputs).map(([property, spec]) => [property, jsonTypes[spec.kind.name] ?? any]),
    );
    const computed = Object.fromEntries(outputs.map((output) => [output, any]));
    const requiredInputs = Object.entries(inputs).filter(([, spec]) => spec.required !== undefined).map(([property]) => property);
    return [token, { inputProperties, requiredInputs, properties: { ...inputProperties, ...computed } }] as const;
  });
  return { name: provider.name, version: provider.version, resources: Object.fromEntries(resources) };
}
