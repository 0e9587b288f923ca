import { UserError } from "../../../common/errors.ts";
import { isRecord } from "../values.ts";

/** What the API server refused, as it says it (a `Status` object). */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** One word: `NotFound`, `Conflict`. */
  readonly reason: string;
  /** What the refusal is about. */
  readonly details: { readonly name?: string; readonly kind?: string; readonly causes?: readonly { readonly field?: string; readonly message?: string; readonly reason?: string }[] };

  constructor(status: number, body: unknown, call: string) {
    const said = isRecord(body) ? body : {};
    const reason = typeof said["reason"] === "string" && said["reason"] !== "" ? said["reason"] : String(status);
    const message = typeof said["message"] === "string" && said["message"] !== "" ? said["message"] : `the API server answered ${status}`;
    super(`${message} (${reason}, ${call})`);
    this.status = status;
    this.reason = reason;
    this.details = isRecord(said["details"]) ? said["details"] : {};
  }
}

/** Nobody answered: the cluster may be gone. An answer that cannot be trusted is no silence. */
export class Unreachable extends UserError {
  override readonly name = "Unreachable";
}

/** The API server serves no such kind: its definition is not there, or not yet. */
export class NoSuchKind extends Error {
  override readonly name = "NoSuchKind";

  constructor(apiVersion: string, kind: string) {
    super(`the API server knows no ${kind} of ${apiVersion}: is its CustomResourceDefinition there?`);
  }
}

export function noAnswer(from: string, cause?: unknown): Unreachable {
  return new Unreachable(`no answer from ${from}`, { cause });
}

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}
