import type { ResourceType } from "../resource-type.ts";
import { privateKey } from "./private-key.ts";

/** Every type the stand-in tls provider knows. A type that is not here fails every preview that uses it. */
export const tlsTypes: readonly ResourceType<undefined>[] = [privateKey];
