import { checkInputs } from "./check.ts";
import { withDefaults } from "./diff.ts";
import type { Failure, Provider, ProviderFunction } from "./resource-type.ts";
import { allSecret, containsSecret } from "./secrets.ts";
import { containsUnknown, type Properties, UNKNOWN, unwrapSecrets } from "./values.ts";

/** What a call of a function came to: its outputs, or what is wrong with its arguments. */
export interface Answer {
  readonly outputs: Properties;
  readonly failures: readonly Failure[];
}

/**
 * Calls a function. Nobody can know the answer to a question that is not known yet, and the answer to a secret
 * question is secret.
 * @param args as the engine sends them
 */
export async function invoke<C>(provider: Pick<Provider<C>, "cloud">, called: ProviderFunction<C>, args: Properties): Promise<Answer> {
  const { inputs, failures } = checkInputs(called, unwrapSecrets(args) as Properties);
  if (failures.length > 0) return { outputs: {}, failures };
  const outputs = containsUnknown(inputs)
    ? Object.fromEntries(called.outputs.map((output) => [output, UNKNOWN]))
    : await called.call(provider.cloud(inputs), withDefaults(called, inputs));
  return { outputs: containsSecret(args) ? allSecret(outputs) : outputs, failures };
}
