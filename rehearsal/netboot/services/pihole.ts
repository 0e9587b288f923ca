import { internetAddress, plannedAddress } from "../../addresses.ts";
import { internetHost } from "../internet/hosts.ts";
import { serveDns, type Resolve } from "./dns.ts";
import { mountedFile } from "./mounts.ts";
import { checkPiholeEnvironment, parsePiholeConf, type PiholeConf } from "./pihole-conf.ts";
import { standIn, type StartService } from "./service.ts";

const confFolder = "/etc/dnsmasq.d/";

/**
 * `pihole/pihole`: a stand-in. It answers from the bundle's own configuration and for the names of the rehearsal's internet;
 * there is no upstream to ask, so every other name does not exist. Addresses in answers are those of the plan.
 */
export const startPihole: StartService = async (context) => {
  const { spec, vpcCidr, log } = context;
  if (spec.entrypoint !== undefined || spec.command.length > 0) throw new Error(`${spec.name}: the image's own entrypoint and command are run here, no others`);
  checkPiholeEnvironment(spec.environment);
  const files = spec.mounts.map(({ target }) => target).filter((target) => target.startsWith(confFolder) && target.endsWith(".conf"));
  const confs = files.map((file) => parsePiholeConf(mountedFile(file, context)));
  const listen = [...new Set(confs.flatMap((conf) => conf.listen))];
  if (listen.length === 0) throw new Error(`${spec.name}: no listen-address in ${confFolder}: the rehearsal listens on the address of an instance only`);
  const router = plannedAddress(internetAddress(vpcCidr).host, vpcCidr);
  const resolve = resolver(confs, (name) => (internetHost(name) === undefined ? undefined : router));
  log("pihole-FTL: a stand-in of the rehearsal: the bundle's names and the rehearsal's internet");
  const servers: (() => void)[] = [];
  const close = (): void => void servers.map((end) => end());
  try {
    for (const address of listen) servers.push(await serveDns(context.listenAt(address, 53), resolve, (line) => log(`dnsmasq: ${line}`)));
  } catch (error) {
    close();
    throw error;
  }
  return standIn(close);
};

/** Host records first, then blocked domains with all below them, then the internet: as dnsmasq decides. */
export function resolver(confs: readonly PiholeConf[], internet: (name: string) => string | undefined): Resolve {
  return (name) => {
    const address = confs.map(({ hosts }) => hosts.get(name)).find((found) => found !== undefined) ?? blockedAs(name, confs) ?? internet(name);
    return address === undefined ? undefined : { address };
  };
}

function blockedAs(name: string, confs: readonly PiholeConf[]): string | undefined {
  const labels = name.split(".");
  for (let index = 0; index < labels.length; index++) {
    const domain = labels.slice(index).join(".");
    const found = confs.map(({ blocked }) => blocked.get(domain)).find((address) => address !== undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}
