import { ports, registryCaches } from "../ports.ts";
import { firmwares } from "./dnsmasq.ts";
import { lines } from "./file.ts";

/**
 * README.txt of the bundle at home. The iPXE that firmware loads by TFTP is not ours to hand out (GPL binaries of another
 * project), so the operator puts it there; a Debian package holds all three files (proved with Debian 13's ipxe 1.21.1+git20250501).
 */
export function renderHomelabReadme(args: { readonly address: string; readonly interface: string; readonly dhcp: { readonly first: string; readonly last: string } }): string {
  const { address, dhcp } = args;
  const first = registryCaches[0].port;
  const last = registryCaches.at(-1)?.port ?? first;
  return lines(
    "The netboot bundle of Moon and Back, for a Docker host at home",
    "",
    "This host",
    `  Linux, Docker with compose 2, address ${address} on interface ${args.interface}.`,
    `  Free: UDP ${ports.dns}, ${ports.dhcp}, ${ports.tftp}; TCP ${ports.dns}, ${ports.proxy}, ${ports.matchbox}, ${first} to ${last}, and ${first + 100} to ${last + 100} (metrics).`,
    "",
    "This network",
    `  dnsmasq answers DHCP on ${args.interface} with ${dhcp.first} to ${dhcp.last}. Two DHCP servers in one network give`,
    "  machines the wrong answers: switch the router's off, or use a network of its own.",
    "  Nothing here asks for a password. Keep the network to machines that you trust.",
    "",
    "1. Put iPXE into ./tftp (on Debian 13; the files of package ipxe fit any host)",
    "     apt-get install --no-install-recommends ipxe",
    ...firmwares.map(({ file, tag }) => `     cp /usr/lib/ipxe/${file} tftp/    # ${tag}`),
    "2. Start",
    "     docker compose up --detach",
    "3. Look",
    "     docker compose ps",
    `     docker compose logs dnsmasq matchbox assets`,
    `     curl http://${address}:${ports.matchbox}/boot.ipxe`,
    "",
    "A machine that boots from the network gets iPXE for its firmware, then matchbox's answer. A machine that no group in",
    "matchbox/groups selects goes on to its own disk.",
  );
}
