import { AwsError } from "./clients.ts";

/** Anything shorter is no secret, and would make holes in every sentence. */
const SHORTEST = 4;

/** Runs a call that takes a secret: what AWS says when it refuses, may repeat it. */
export async function withoutRepeating<T>(given: unknown, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    // The cause goes too: it holds the message, and the SDK's hold the request.
    if (error instanceof AwsError) throw new AwsError(error.code, hide(error.answer, given), error.call);
    throw error;
  }
}

/** AWS repeats values as they are, a line of them, or as text in quotes. */
function hide(message: string, given: unknown): string {
  if (typeof given !== "string") return message;
  const parts = [given, JSON.stringify(given).slice(1, -1), ...given.split("\n")].map((part) => part.trim());
  const longestFirst = [...new Set(parts)].filter((part) => part.length >= SHORTEST).sort((a, b) => b.length - a.length);
  return longestFirst.reduce((text, part) => text.replaceAll(part, "[hidden]"), message);
}
