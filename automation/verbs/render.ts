import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { cidrContains, hostNumber, isIpv4Address, parseCidr } from "../../common/cidr.ts";
import { ExitCode, UserError } from "../../common/errors.ts";
import { renderBundle, type BundleArgs } from "../../components/render/bundle.ts";
import { bundleOf } from "../../stacks/bundle.ts";
import type { Session } from "../session.ts";

export interface RenderOptions {
  /** For any Docker host at home: real DHCP and PXE. */
  readonly homelab: boolean;
  /** Folder that takes the files; a new one, or an empty one. */
  readonly out?: string;
  readonly address?: string;
  readonly subnet?: string;
  readonly dhcp?: string;
  readonly router?: string;
  readonly interface?: string;
}

/** Writes the netboot bundle as files, to look at or to run on a Docker host. Asks nobody and changes nothing else. */
export function render({ environment, console }: Session, options: RenderOptions): ExitCode {
  const out = resolve(options.out ?? join("rendered", environment.name));
  if (existsSync(out) && (!statSync(out).isDirectory() || readdirSync(out).length > 0)) {
    throw refused(`${out} is not an empty folder.`, "Name another folder with --out, or empty this one.");
  }
  refuseStrayOptions(options);
  // The rehearsal's images are stand-ins in its own registries: at home nobody has them.
  const known = bundleOf(environment);
  const bundle = options.homelab && environment.target === "local-world" ? { ...known, assets: [] } : known;
  if (bundle !== known) console.say("warn", `the Talos images of ${environment.name} are stand-ins, so none are listed; \`npm run render -- bastion demo --homelab …\` lists the published ones`);
  const files = renderBundle(options.homelab ? atHome(bundle, options) : bundle);
  for (const { path, content, executable = false } of files) {
    const file = join(out, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    if (executable) chmodSync(file, 0o755);
    console.result(file);
  }
  console.emit({ kind: "render", folder: out, files: files.map(({ path }) => path) });
  console.say("good", `${files.length} files in ${out}${options.homelab ? "; README.txt there says how to go on" : ""}`);
  return ExitCode.done;
}

/** The options that describe a home network. */
const homeOptions = ["address", "subnet", "dhcp", "router", "interface"] as const;

/** An option that would be passed over silently is a misunderstanding. */
function refuseStrayOptions(options: RenderOptions): void {
  const given = homeOptions.filter((name) => options[name] !== undefined);
  if (options.homelab || given.length === 0) return;
  throw refused(`${given.map((name) => `--${name}`).join(", ")} belong to --homelab.`, "Add --homelab, or leave them out: the environment's settings say where its bastion is.");
}

/** What of the bundle is no address, for another network; every part of that must be told, and fit together. */
function atHome({ assets, blockedNames }: BundleArgs, options: RenderOptions): BundleArgs {
  const { address, subnet, dhcp, router, interface: device } = options;
  if (address === undefined || subnet === undefined || dhcp === undefined || router === undefined || device === undefined) {
    const missing = homeOptions.filter((name) => options[name] === undefined);
    throw refused(
      `A home network needs ${missing.map((name) => `--${name}`).join(", ")} too.`,
      "npm run render -- bastion --homelab --address 192.168.1.10 --subnet 192.168.1.0/24 --dhcp 192.168.1.200-192.168.1.220 --router 192.168.1.1 --interface eth0",
    );
  }
  const range = parseCidr(subnet);
  if ("problem" in range || range.family !== "ipv4") throw refused(`--subnet is "${subnet}", which is no IPv4 range.`, "Write your home network, such as 192.168.1.0/24.");
  const [first = "", last = first] = dhcp.split("-");
  for (const [option, value] of [["address", address], ["dhcp", first], ["dhcp", last], ["router", router]] as const) {
    if (isIpv4Address(value) && cidrContains(subnet, `${value}/32`)) continue;
    throw refused(`--${option} is "${value}", which is no address in ${subnet}.`, "Take addresses of your home network, the range as FIRST-LAST.");
  }
  const taken = [address, router].find((one) => hostNumber(one) >= hostNumber(first) && hostNumber(one) <= hostNumber(last));
  if (hostNumber(last) < hostNumber(first) || taken !== undefined) {
    const why = taken === undefined ? "ends before it begins" : `holds ${taken}, an address that is taken`;
    throw refused(`--dhcp is "${dhcp}", which ${why}.`, "Choose a range that begins at its first address and holds neither --address nor --router.");
  }
  if (!/^[A-Za-z0-9_.-]{1,15}$/.test(device)) throw refused(`--interface is "${device}", which is no interface name.`, "`ip link` lists them.");
  return { assets, blockedNames, address, subnetCidr: subnet, dhcp: { first, last }, resolver: router, homelab: { interface: device, router } };
}

function refused(message: string, fix: string): UserError {
  return new UserError(message, { exitCode: ExitCode.usage, fix });
}
