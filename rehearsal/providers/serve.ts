/** `node serve.ts <package> <engine address>`: serves one stand-in provider to the Pulumi engine that started it. */
import { enableCompileCache } from "node:module";
import type { Provider } from "./resource-type.ts";

// Two plug-in starts belong to every engine operation, so starting must be cheap: cache, then import.
enableCompileCache();
const { endWithParent } = await import("./lifetime.ts");
const { HOLD_CREATE, holdingCreates } = await import("./hold.ts");
const { isPackage, packages } = await import("./packages.ts");
const { serve } = await import("./server.ts");

const [name = ""] = process.argv.slice(2);
if (!isPackage(name)) throw new Error(`no stand-in provider '${name}'; known: ${Object.keys(packages).join(", ")}`);
const provider: Provider<unknown> = holdingCreates<unknown>(await packages[name](), process.env[HOLD_CREATE]);

const served = await serve(provider);
endWithParent(() => {
  provider.cancel?.();
  return served.stop();
});
// The engine reads the port from the first line of the output.
process.stdout.write(`${String(served.port)}\n`);
