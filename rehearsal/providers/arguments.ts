import type { Failure } from "./resource-type.ts";
import type { Properties } from "./values.ts";

/** The engine's own, found in the arguments of every provider. */
const ENGINE = ["version", "pluginDownloadURL", "pluginChecksums", "parameterization"];

/** One failure for every argument of the provider itself that the stand-in cannot honour. */
export function refuseArguments(name: string, args: Properties, supported: readonly string[], hint = ""): Failure[] {
  const list = supported.length === 0 ? "it supports none" : `it supports: ${supported.join(", ")}`;
  return Object.keys(args)
    .filter((property) => !supported.includes(property) && !ENGINE.includes(property) && !property.startsWith("__"))
    .map((property) => ({
      property,
      reason: `the stand-in ${name} provider does not support the argument '${property}'; ${list}${hint === "" ? "" : `. ${hint}`}`,
    }));
}
