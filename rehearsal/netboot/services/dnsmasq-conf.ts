import { cidrContains } from "../../../common/cidr.ts";

/** One line of a dnsmasq configuration: `option` or `option=value`. */
export interface Directive {
  readonly option: string;
  readonly value: string | undefined;
  readonly line: number;
}

export function parseDirectives(text: string): Directive[] {
  return text.split("\n").flatMap((raw, index): Directive[] => {
    // A # begins a comment at the start of a line or after a space (dnsmasq's option.c, read_file).
    const content = raw.replace(/(^|\s)#.*$/, "").trim();
    if (content === "") return [];
    const equals = content.indexOf("=");
    if (equals === -1) return [{ option: content, value: undefined, line: index + 1 }];
    return [{ option: content.slice(0, equals).trim(), value: content.slice(equals + 1).trim(), line: index + 1 }];
  });
}

export interface DhcpRange {
  readonly first: string;
  readonly last: string;
  /** As dnsmasq prints it. */
  readonly lease: string;
}

export interface DnsmasqConf {
  readonly listen: readonly string[];
  readonly ranges: readonly DhcpRange[];
  readonly tftp: boolean;
  readonly tftpRoot: string | undefined;
}

/** Options whose effect is on DHCP answers, or on how the process runs: right when spelled right, and without effect here. */
const withoutEffect = new Map<string, "flag" | "value">([
  ["bind-interfaces", "flag"],
  ["bind-dynamic", "flag"],
  ["dhcp-authoritative", "flag"],
  ["keep-in-foreground", "flag"],
  ["log-dhcp", "flag"],
  ["no-daemon", "flag"],
  ["no-hosts", "flag"],
  ["no-ping", "flag"],
  ["no-resolv", "flag"],
  ["tftp-no-blocksize", "flag"],
  ["tftp-no-fail", "flag"],
  ["tftp-secure", "flag"],
  ["tftp-single-port", "flag"],
  ["dhcp-boot", "value"],
  ["dhcp-host", "value"],
  ["dhcp-ignore", "value"],
  ["dhcp-leasefile", "value"],
  ["dhcp-match", "value"],
  ["dhcp-option", "value"],
  ["dhcp-userclass", "value"],
  ["dhcp-vendorclass", "value"],
  ["except-interface", "value"],
  ["group", "value"],
  ["interface", "value"],
  ["log-facility", "value"],
  ["pid-file", "value"],
  ["pxe-prompt", "value"],
  ["pxe-service", "value"],
  ["user", "value"],
]);

/** Reads what the bundle gives to dnsmasq. An option that is not known here ends it, as a misspelt one ends the real one. */
export function parseDnsmasqConf(directives: readonly Directive[], vpcCidr: string): DnsmasqConf {
  const listen: string[] = [];
  const ranges: DhcpRange[] = [];
  let [tftp, tftpRoot, port]: [boolean, string | undefined, string | undefined] = [false, undefined, undefined];
  for (const { option, value, line } of directives) {
    const bad = (why: string): Error => new Error(`dnsmasq: ${why} at line ${line} of its configuration`);
    if (option === "enable-tftp") tftp = true;
    else if (option === "tftp-root" && value) tftpRoot = value;
    else if (option === "port" && value) port = value;
    else if (option === "listen-address" && value) listen.push(...value.split(","));
    else if (option === "dhcp-range" && value) ranges.push(rangeOf(value, vpcCidr, bad));
    else if (!withoutEffect.has(option)) throw bad(`bad option ${option}`);
    else if ((withoutEffect.get(option) === "flag") !== (value === undefined)) throw bad(value === undefined ? `missing parameter of ${option}` : `extraneous parameter of ${option}`);
  }
  if (port !== "0") throw new Error("dnsmasq: port is not 0: port 53 of the bastion is pihole's");
  if (listen.length === 0) throw new Error("dnsmasq: no listen-address: the rehearsal listens on the address of an instance only");
  return { listen, ranges, tftp, tftpRoot };
}

/** `first,last[,mask],lease`, tags before. */
function rangeOf(value: string, vpcCidr: string, bad: (why: string) => Error): DhcpRange {
  const parts = value.split(",").filter((part) => !/^(set|tag):/.test(part));
  const [first = "", last = "", ...rest] = parts;
  const mask = rest.length === 2 ? rest.shift() : undefined;
  const [lease = "1h"] = rest;
  const ipv4 = /^\d{1,3}(\.\d{1,3}){3}$/;
  if (!ipv4.test(first) || !ipv4.test(last) || rest.length > 1 || !/^(\d+[smhd]?|infinite)$/.test(lease) || (mask !== undefined && !ipv4.test(mask))) throw bad("bad dhcp-range");
  if (![first, last].every((address) => cidrContains(vpcCidr, `${address}/32`))) throw bad(`dhcp-range outside of the VPC's ${vpcCidr}`);
  return { first, last, lease };
}
