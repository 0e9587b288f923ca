import type { LostType, LostTypes } from "./search.ts";

const command = { by: "nothing", why: "what a command has done is known only to the command; it is run again" } as const;

/** Types that make no object which could be found: the create is done again. */
export const nowhereTypes: LostTypes = {
  "tls:index/privateKey:PrivateKey": { by: "nothing", why: "a lost key is in no place where it could be found, and opens nothing" },
  "command:local:Command": command,
  "command:remote:Command": command,
};

/** Of any kind, since a cluster's kinds are open. Their provider is to say `upsertExistingObjects`. */
export const kubernetesObject: LostType = { by: "nothing", why: "a create takes over what is there under its name; it is done again" };
