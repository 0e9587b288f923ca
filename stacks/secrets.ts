import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { ExitCode, UserError, errorMessage } from "../common/errors.ts";

/** What a plan shows for a secret that is not at hand: plans are made where secrets are not. */
const notAtHand = "(not at hand)";

/**
 * The secret behind `env:NAME` or `file:PATH`, for Pulumi's eyes only.
 * @throws UserError where it is needed (not in a plan) and cannot be had
 */
export function secretOf(key: string, reference: string, variables: NodeJS.ProcessEnv = process.env): pulumi.Output<string> {
  const found = read(reference, variables);
  if ("value" in found) return pulumi.secret(found.value);
  if (pulumi.runtime.isDryRun()) return pulumi.secret(notAtHand);
  throw new UserError(`${key} is ${reference}, and ${found.problem}.`, { exitCode: ExitCode.usage, fix: "Put the secret there, or change the reference." });
}

/** Why the secret cannot be had; nothing when it can. */
export function secretProblem(reference: string, variables: NodeJS.ProcessEnv = process.env): string | undefined {
  const found = read(reference, variables);
  return "value" in found ? undefined : found.problem;
}

function read(reference: string, variables: NodeJS.ProcessEnv): { value: string } | { problem: string } {
  const [kind, ...rest] = reference.split(":");
  const name = rest.join(":");
  if (kind === "env") {
    const value = variables[name]?.trim() ?? "";
    return value === "" ? { problem: `the variable ${name} is not set` } : { value };
  }
  try {
    const value = readFileSync(name, "utf8").trim();
    return value === "" ? { problem: `${name} is empty` } : { value };
  } catch (error) {
    return { problem: errorMessage(error) };
  }
}
