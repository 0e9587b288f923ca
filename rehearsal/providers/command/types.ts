import type { ResourceType } from "../resource-type.ts";
import type { Surroundings } from "./command-type.ts";
import { localCommand } from "./local.ts";
import { remoteCommand } from "./remote.ts";

/** Every type the stand-in command provider knows. A type that is not here fails every preview that uses it. */
export const commandTypes: readonly ResourceType<Surroundings>[] = [localCommand, remoteCommand];
