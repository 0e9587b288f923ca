/** `node serve.ts <package> <engine address>`: serves one stand-in provider to the Pulumi engine that started it. */
import { enableCompileCache } from "node:module";

// Two plug-in starts belong to every engine operation, so starting must be cheap: cache, then import.
enableCompileCache();
const { endWithParent } = await import("./lifetime.ts");
const { serve } = await import("./server.ts");

const [name = ""] = process.argv.slice(2);
// Later packages (tls, command, kubernetes) are added here.
if (name !== "aws") throw new Error(`no stand-in provider '${name}'; known: aws`);
const { awsProvider } = await import("./aws/provider.ts");

const served = await serve(awsProvider());
endWithParent(() => served.stop());
// The engine reads the port from the first line of the output.
process.stdout.write(`${String(served.port)}\n`);
