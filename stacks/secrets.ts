import * as pulumi from "@pulumi/pulumi";
import { ExitCode, UserError } from "../common/errors.ts";
import { readSecret } from "./secret-references.ts";

/** What a plan shows for a secret that is not at hand: plans are made where secrets are not. */
const notAtHand = "(not at hand)";

/**
 * The secret behind `env:NAME` or `file:PATH`, for Pulumi's eyes only.
 * @throws UserError where it is needed (not in a plan) and cannot be had
 */
export function secretOf(key: string, reference: string, variables: NodeJS.ProcessEnv = process.env): pulumi.Output<string> {
  const found = readSecret(reference, variables);
  if ("value" in found) return pulumi.secret(found.value);
  if (pulumi.runtime.isDryRun()) return pulumi.secret(notAtHand);
  throw new UserError(`${key} is ${reference}, and ${found.problem}.`, { exitCode: ExitCode.usage, fix: "Put the secret there, or change the reference." });
}
