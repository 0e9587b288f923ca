import { lines } from "./file.ts";

export interface WireguardArgs {
  /** The tunnel's other end: host:port, the host a name, an IPv4 address or an IPv6 address in brackets. */
  readonly endpoint: string;
  readonly peerPublicKey: string;
  /** The bastion's address in the tunnel, with prefix length. */
  readonly address: string;
  /** The file on the bastion that holds its private key; the key itself is in no rendered file. */
  readonly privateKeyFile: string;
}

/** /etc/wireguard/home.conf: everything IPv4 leaves through the tunnel; IPv6 leaves by itself. */
export function renderWireguard({ endpoint, peerPublicKey, address, privateKeyFile }: WireguardArgs): string {
  return lines(
    "[Interface]",
    `Address = ${address}`,
    "# The VPC's frames are 9001 bytes long, the internet's 1500.",
    "MTU = 1420",
    "# The metadata and time services stay where they were: through the tunnel nobody answers for them.",
    "PreUp = ip -4 route replace 169.254.0.0/16 $(ip -4 route show default | sed -n '1s/^default //p')",
    `PostUp = wg set %i private-key ${privateKeyFile}`,
    "",
    "[Peer]",
    `PublicKey = ${peerPublicKey}`,
    `Endpoint = ${endpoint}`,
    "AllowedIPs = 0.0.0.0/0",
    "PersistentKeepalive = 25",
  );
}
