import { accessFixtures } from "./fixtures-access.ts";
import { groupFixtures } from "./fixtures-groups.ts";
import { instanceFixtures } from "./fixtures-instances.ts";
import { networkFixtures } from "./fixtures-network.ts";
import { scalingFixtures } from "./fixtures-scaling.ts";
import { serviceFixtures } from "./fixtures-services.ts";
import type { Fixture } from "./lab.ts";

/** One for each type of rehearsal/providers/aws/types.ts; a missing one fails the suite. */
export const fixtures: readonly Fixture[] = [
  ...networkFixtures, ...groupFixtures, ...serviceFixtures, ...instanceFixtures, ...accessFixtures, ...scalingFixtures,
];
