// What a boot left in four logs, read step by step: pure, so that tests can hand in any log.
import type { Expected } from "./bundle.ts";

/** The text of each log; `firmware` is the machine's first serial port, `kernel` its second. */
export interface Logs {
  readonly dnsmasq: string;
  readonly matchbox: string;
  readonly firmware: string;
  readonly kernel: string;
}

export interface Finding {
  readonly step: string;
  readonly source: keyof Logs;
  /** What was seen; missing where the step was not, or not yet. */
  readonly evidence?: string;
  /** What is wrong with what was seen. */
  readonly problem?: string;
}

type Seen = { readonly evidence: string } | { readonly problem: string } | undefined;

interface Step {
  readonly step: string;
  readonly source: keyof Logs;
  readonly look: (logs: Logs, expected: Expected) => Seen;
}

/** EFI firmware for arm64 (IANA, "Processor Architecture Types"). */
const arm64 = "00011";

const steps: readonly Step[] = [
  { step: "lease for the firmware", source: "dnsmasq", look: ({ dnsmasq }, { mac, ipxe }) => lease(dnsmasq, mac, "firmware", ipxe) },
  {
    step: "iPXE by TFTP",
    source: "dnsmasq",
    look: ({ dnsmasq }, { ipxe }) => matched(dnsmasq, new RegExp(`sent \\S+/(${escaped(ipxe)} to \\S+)`), ([, what = ""]) => `sent ${what}`),
  },
  { step: "lease for iPXE", source: "dnsmasq", look: ({ dnsmasq }, { mac, bootScript }) => lease(dnsmasq, mac, "iPXE", bootScript) },
  { step: "boot.ipxe", source: "matchbox", look: ({ matchbox }) => asked(matchbox, "/boot.ipxe") },
  { step: "ipxe?mac", source: "matchbox", look: ({ matchbox }, { mac }) => script(matchbox, mac) },
  { step: "kernel", source: "matchbox", look: ({ matchbox }, { kernel }) => asked(matchbox, kernel) },
  { step: "initramfs", source: "matchbox", look: ({ matchbox }, { initramfs }) => asked(matchbox, initramfs) },
  { step: "kernel started", source: "kernel", look: ({ kernel }) => matched(kernel, /Linux version \S+/, ([version]) => `${version}, its initramfs unpacked`, /Run \/init as init process/) },
  { step: "our arguments", source: "kernel", look: ({ kernel }, expected) => booted(kernel, expected.arguments) },
  { step: "config URL asked", source: "matchbox", look: ({ matchbox }, { config }) => asked(matchbox, config) },
  { step: "config arrived", source: "kernel", look: ({ kernel }, { configSha256 }) => arrived(kernel, configSha256) },
  { step: "powered off", source: "kernel", look: ({ kernel }) => matched(kernel, /reboot: Power down/, ([text]) => text) },
];

/** Every step, in the order in which a machine takes them. */
export function judge(logs: Logs, expected: Expected): Finding[] {
  return steps.map(({ step, source, look }) => ({ step, source, ...look(logs, expected) }));
}

/** Why a machine will go no further, as it says itself. */
export function deadEnd({ firmware, kernel }: Logs): string | undefined {
  const patterns = [/PXE-E\d+: .*/, /BdsDxe: failed to (?:load|start) Boot\w+ "[^"]*"/, /BdsDxe: starting Boot\w+ "(?:UiApp|EFI Internal Shell)"/];
  const [first] = patterns.flatMap((pattern) => pattern.exec(firmware) ?? []).sort((one, other) => firmware.indexOf(one) - firmware.indexOf(other));
  return first?.trim() ?? /Kernel panic - not syncing: .*/.exec(kernel)?.[0];
}

/** A serial console's text without what moves the cursor and paints. */
export function plain(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replaceAll(/\u001b\[[0-9;=?]*[A-Za-z]/g, "").replaceAll("\r", "");
}

/** A transaction of dnsmasq that ended in a lease: whose, and which file it was told to load. */
function lease(log: string, mac: string, whose: "firmware" | "iPXE", file: string): Seen {
  for (const text of transactions(log)) {
    const acknowledged = new RegExp(`DHCPACK\\(\\S+\\) (\\S+) ${mac}`).exec(text);
    const architecture = /vendor class: PXEClient:Arch:(\d+)/.exec(text)?.[1];
    if (acknowledged === null || architecture === undefined || text.includes("user class: iPXE") !== (whose === "iPXE")) continue;
    const told = /bootfile-name +(\S+)/.exec(text.slice(acknowledged.index))?.[1];
    // The file is logged after the lease.
    if (told === undefined) continue;
    if (told !== file) return { problem: `was told to load ${told}, not ${file}` };
    if (architecture !== arm64) return { problem: `says that it is architecture ${architecture}, not ${arm64}` };
    return { evidence: `${acknowledged[1] ?? ""}, option 93 is ${Number(architecture)}, told to load ${told}` };
  }
  return undefined;
}

/** dnsmasq's lines by transaction, each beginning with its number. */
function transactions(log: string): string[] {
  const texts = new Map<string, string>();
  for (const line of log.split("\n")) {
    const number = /dnsmasq-dhcp\[\d+\]: (\d+) /.exec(line)?.[1];
    if (number !== undefined) texts.set(number, `${texts.get(number) ?? ""}${line}\n`);
  }
  return [...texts.values()];
}

/** What matchbox answered last: a machine may ask until somebody declares it. */
function script(log: string, mac: string): Seen {
  const path = [...log.matchAll(/HTTP GET (\/ipxe\?[^"]*)/g)].map(([, asked = ""]) => asked).findLast((asked) => asked.includes(`mac=${mac.replaceAll(":", "-")}`));
  const profile = [...log.matchAll(/Matched an iPXE config.* profile=(\S+)/g)].at(-1)?.[1];
  if (path === undefined || profile === undefined) return undefined;
  return profile === "unknown" ? { problem: `no group selects ${mac}: the default profile leaves the script` } : { evidence: `GET ${path.replace(/uuid=[^&]*&/, "")}, profile ${profile}` };
}

function asked(log: string, path: string): Seen {
  return log.includes(`msg="HTTP GET ${path}"`) ? { evidence: `GET ${path}` } : undefined;
}

/** iPXE puts the kernel's name before the arguments. */
function booted(log: string, wanted: readonly string[]): Seen {
  const line = /LAB-BOOTED \S+ (.*)/.exec(log)?.[1];
  if (line === undefined) return undefined;
  const given = line.trim().split(" ");
  const differences = [...wanted.filter((word) => !given.includes(word)).map((word) => `${word} is missing`), ...given.filter((word) => !wanted.includes(word)).map((word) => `${word} is not ours`)];
  return differences.length > 0 ? { problem: differences.join(", ") } : { evidence: given.join(" ") };
}

function arrived(log: string, wanted: string): Seen {
  const got = /LAB-CONFIG (\S+)/.exec(log)?.[1];
  if (got === undefined) return undefined;
  return got === wanted ? { evidence: `SHA-256 ${got.slice(0, 12)}…, as it was put into matchbox` } : { problem: got === "none" ? "nothing came" : `something else came, SHA-256 ${got.slice(0, 12)}…` };
}

function matched(log: string, pattern: RegExp, say: (match: RegExpExecArray) => string, too = pattern): Seen {
  const match = pattern.exec(log);
  return match === null || !too.test(log) ? undefined : { evidence: say(match) };
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
