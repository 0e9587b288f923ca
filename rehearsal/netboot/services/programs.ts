import { UserError } from "../../../common/errors.ts";
import type { ServiceSpec } from "../compose.ts";
import { startCrane } from "./crane.ts";
import { startDnsmasq } from "./dnsmasq.ts";
import { startHaproxy } from "./haproxy.ts";
import { startMatchbox } from "./matchbox.ts";
import { startPihole } from "./pihole.ts";
import { startRegistry } from "./registry.ts";
import type { StartService } from "./service.ts";
import { startSquid } from "./squid.ts";

/** What runs for an image, by its repository: the real program, or a stand-in that says so. */
const programs: Readonly<Record<string, StartService>> = {
  "library/registry": startRegistry,
  "poseidon/matchbox": startMatchbox,
  "go-containerregistry/crane": startCrane,
  "4km3/dnsmasq": startDnsmasq,
  "pihole/pihole": startPihole,
  "ubuntu/squid": startSquid,
  "library/haproxy": startHaproxy,
};

export function programOf({ name, image, repository }: Pick<ServiceSpec, "name" | "image" | "repository">): StartService {
  const program = programs[repository];
  if (program === undefined) {
    throw new UserError(`service ${name}: the rehearsal has no program for the image ${image}; it has ${Object.keys(programs).join(", ")}`);
  }
  return program;
}
