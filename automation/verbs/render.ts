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
    throw new UserError(`${out} is not an empty folder.`, { exitCode: ExitCode.usage, fix: "Name another folder with --out, or empty this one." });
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

/** An option that would be passed over silently is a misunderstanding. */
function refuseStrayOptions({ homelab, address, subnet, dhcp, router, interface: device }: RenderOptions): void {
  const given = Object.entries({ address, subnet, dhcp, router, interface: device }).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`]));
  if (!homelab && given.length > 0) {
    throw new UserError(`${given.join(", ")} belong to --homelab.`, { exitCode: ExitCode.usage, fix: "Add --homelab, or leave them out: the environment's settings say where its bastion is." });
  }
}

/** The same bundle for another network; every part of it must be told, and fit together. */
function atHome(bundle: BundleArgs, { address, subnet, dhcp, router, interface: device }: RenderOptions): BundleArgs {
  const missing = Object.entries({ address, subnet, dhcp, router, interface: device }).flatMap(([name, value]) => (value === undefined ? [`--${name}`] : []));
  if (address === undefined || subnet === undefined || dhcp === undefined || router === undefined || device === undefined) {
    throw new UserError(`A home network needs ${missing.join(", ")} too.`, {
      exitCode: ExitCode.usage,
      fix: "npm run render -- bastion --homelab --address 192.168.1.10 --subnet 192.168.1.0/24 --dhcp 192.168.1.200-192.168.1.220 --router 192.168.1.1 --interface eth0",
    });
  }
  const [first = "", last = first] = dhcp.split("-");
  const range = parseCidr(subnet);
  const wrong = "problem" in range || range.family !== "ipv4" ? { "--subnet": subnet } : Object.fromEntries(Object.entries({ "--address": address, "--dhcp": first, "--dhcp ": last, "--router": router }).filter(([, one]) => !isIpv4Address(one) || !cidrContains(subnet, `${one}/32`)));
  const [bad] = Object.entries(wrong);
  if (bad !== undefined) {
    throw new UserError(`${bad[0].trim()} is "${bad[1]}", which is no ${bad[0] === "--subnet" ? "IPv4 range" : `address in ${subnet}`}.`, { exitCode: ExitCode.usage, fix: "Take addresses of your home network, the range as FIRST-LAST." });
  }
  const inRange = (one: string): boolean => hostNumber(one) >= hostNumber(first) && hostNumber(one) <= hostNumber(last);
  const taken = [address, router].find(inRange);
  if (hostNumber(last) < hostNumber(first) || taken !== undefined) {
    throw new UserError(`--dhcp is "${dhcp}", which ${taken === undefined ? "ends before it begins" : `holds ${taken}, an address that is taken`}.`, { exitCode: ExitCode.usage, fix: "Choose a range that begins at its first address and holds neither --address nor --router." });
  }
  if (!/^[A-Za-z0-9_.-]{1,15}$/.test(device)) throw new UserError(`--interface is "${device}", which is no interface name.`, { exitCode: ExitCode.usage, fix: "`ip link` lists them." });
  return { ...bundle, address, subnetCidr: subnet, dhcp: { first, last }, resolver: router, homelab: { interface: device, router } };
}
