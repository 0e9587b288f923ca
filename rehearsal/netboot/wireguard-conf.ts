const known: Readonly<Record<string, readonly string[]>> = {
  "[interface]": ["address", "mtu", "dns", "table", "preup", "postup", "predown", "postdown"],
  "[peer]": ["publickey", "endpoint", "allowedips", "persistentkeepalive"],
};

export interface WireguardConf {
  /** The file that PostUp takes the private key from, as written. */
  readonly keyFile: string;
  readonly allIpv4: boolean;
}

/** Reads a wg-quick configuration of the bundle. No tunnel is made; but one that wg-quick refuses is refused here. */
export function parseWireguardConf(text: string): WireguardConf {
  let section = "";
  let keyFile: string | undefined;
  let allIpv4 = false;
  for (const [index, raw] of text.split("\n").entries()) {
    const content = raw.replace(/#.*$/, "").trim();
    if (content === "") continue;
    if (content.startsWith("[")) {
      section = content.toLowerCase();
      if (known[section] === undefined) throw new Error(`wg-quick: line ${index + 1}: unknown section ${content}`);
      continue;
    }
    const [, key = "", value = ""] = /^(\w+)\s*=\s*(.*)$/.exec(content) ?? [];
    if (!known[section]?.includes(key.toLowerCase())) throw new Error(`wg-quick: line ${index + 1}: line unrecognized: ${content}`);
    keyFile ??= /^wg set %i private-key (\S+)$/.exec(value)?.[1];
    if (key.toLowerCase() === "allowedips" && value.split(",").some((range) => range.trim() === "0.0.0.0/0")) allIpv4 = true;
  }
  if (keyFile === undefined) throw new Error("wg-quick: the rehearsal wants the key from a file: PostUp = wg set %i private-key <file>");
  return { keyFile, allIpv4 };
}
