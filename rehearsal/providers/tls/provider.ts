import { refuseArguments } from "../arguments.ts";
import type { Provider } from "../resource-type.ts";
import { tlsTypes } from "./types.ts";

/** The stand-in for the official `tls` provider. Keys are made on this machine, so its calls go through nothing. */
export function tlsProvider(): Provider<undefined> {
  return {
    name: "tls",
    // The version of the @pulumi/tls package, whose names it speaks.
    version: "5.6.1",
    typesFile: "rehearsal/providers/tls/types.ts",
    types: tlsTypes,
    checkConfig: (args) => refuseArguments("tls", args, []),
    configReplaces: [],
    configure: () => Promise.resolve(),
    cloud: () => undefined,
  };
}
