import { groupFixtures } from "./fixtures-groups.ts";
import { networkFixtures } from "./fixtures-network.ts";
import { serviceFixtures } from "./fixtures-services.ts";
import type { Fixture } from "./lab.ts";

/** One for each type of rehearsal/providers/aws/types.ts; a missing one fails the suite. */
export const fixtures: readonly Fixture[] = [...networkFixtures, ...groupFixtures, ...serviceFixtures];
