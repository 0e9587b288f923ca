import { status } from "@grpc/grpc-js";
import { errorMessage } from "../../../common/errors.ts";

/** A refusal with its gRPC code. */
export class ApiFailure extends Error {
  readonly code: status;
  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

export const notFound = (message: string): ApiFailure => new ApiFailure(status.NOT_FOUND, message);
export const invalid = (message: string): ApiFailure => new ApiFailure(status.INVALID_ARGUMENT, message);
export const notNow = (message: string): ApiFailure => new ApiFailure(status.FAILED_PRECONDITION, message);
export const forbidden = (message: string): ApiFailure => new ApiFailure(status.PERMISSION_DENIED, message);

/** Anything thrown, as gRPC tells it. What has no code is `Unknown`, as in Go's server. */
export function failure(error: unknown): { readonly code: status; readonly details: string } {
  if (error instanceof ApiFailure) return { code: error.code, details: error.message };
  // An answer of another node's.
  if (error instanceof Error && "code" in error && "details" in error && isStatus(error.code)) return { code: error.code, details: String(error.details) };
  return { code: status.UNKNOWN, details: errorMessage(error) };
}

const isStatus = (code: unknown): code is status => typeof code === "number" && code in status;
