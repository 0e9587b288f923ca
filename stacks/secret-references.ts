import { readFileSync } from "node:fs";
import { errorMessage } from "../common/errors.ts";

/** Why the secret cannot be had; nothing when it can. */
export function secretProblem(reference: string, variables: NodeJS.ProcessEnv = process.env): string | undefined {
  const found = readSecret(reference, variables);
  return "value" in found ? undefined : found.problem;
}

/** The secret behind `env:NAME` or `file:PATH`, or why it cannot be had. */
export function readSecret(reference: string, variables: NodeJS.ProcessEnv): { value: string } | { problem: string } {
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
