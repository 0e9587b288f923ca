import { netmask } from "../addresses.ts";
import { ports } from "../ports.ts";
import { lines } from "./file.ts";

export interface DnsmasqArgs {
  /** IPv4 address that it answers on. */
  readonly address: string;
  /** IPv4 range of the network; gives the mask. */
  readonly subnetCidr: string;
  /** The addresses it hands out, both included. */
  readonly dhcp: { readonly first: string; readonly last: string };
  /** A real network of machines that boot by PXE. Without it nobody will ever ask: AWS answers DHCP in a VPC. */
  readonly homelab?: { readonly interface: string; readonly router: string };
}

/** The iPXE that a firmware loads by TFTP: tag, its values of DHCP option 93 (RFC 4578, IANA's list), file name. */
export const firmwares = [
  { tag: "bios", architectures: [0], file: "undionly.kpxe" },
  // 7 is "EFI BC" in the list, and what x86-64 firmware really sends.
  { tag: "efi-x86-64", architectures: [7, 9], file: "ipxe.efi" },
  { tag: "efi-arm64", architectures: [11], file: "ipxe-arm64.efi" },
] as const;

/** dnsmasq.conf: DHCP and TFTP. Where its files are is for the command line to say. */
export function renderDnsmasq({ address, subnetCidr, dhcp, homelab }: DnsmasqArgs): string {
  const answering = homelab === undefined ? [`listen-address=${address}`] : [`interface=${homelab.interface}`, "except-interface=lo"];
  const known = homelab === undefined ? firmwares.filter(({ tag }) => tag === "efi-arm64") : firmwares;
  const boot = known.map(({ tag, file }) => `dhcp-boot=tag:!ipxe,tag:${tag},${file}`);
  return lines(
    "# DHCP and TFTP for machines that boot from the network. DNS is pihole's, hence port 0.",
    "port=0",
    ...answering,
    "bind-interfaces",
    `dhcp-range=${dhcp.first},${dhcp.last},${netmask(subnetCidr)},1h`,
    ...(homelab === undefined ? [] : [`dhcp-option=option:router,${homelab.router}`]),
    `dhcp-option=option:dns-server,${address}`,
    "log-dhcp",
    "enable-tftp",
    "# What asks: its firmware says so in option 93; iPXE, once loaded, by its user class.",
    ...known.flatMap(({ tag, architectures }) => architectures.map((value) => `dhcp-match=set:${tag},option:client-arch,${value}`)),
    "dhcp-userclass=set:ipxe,iPXE",
    ...(homelab === undefined ? [] : boot),
    `dhcp-boot=tag:ipxe,http://${address}:${ports.matchbox}/boot.ipxe`,
  );
}

/** tftp/boot.ipxe, for an iPXE that was not sent to matchbox by DHCP. */
export function renderBootScript(address: string): string {
  return lines("#!ipxe", `chain http://${address}:${ports.matchbox}/boot.ipxe`);
}
