import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { cidrContains, isIpv4Address, parseCidr } from "../../common/cidr.ts";
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
  if (existsSync(out) && readdirSync(out).length > 0) {
    throw new UserError(`${out} is not empty.`, { exitCode: ExitCode.usage, fix: "Name another folder with --out, or empty this one." });
  }
  const bundle = bundleOf(environment);
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

/** The same bundle for another network; every part of it must be told, and fit together. */
function atHome(bundle: BundleArgs, { address, subnet, dhcp, router, interface: device }: RenderOptions): BundleArgs {
  const missing = Object.entries({ address, subnet, dhcp, router, interface: device }).flatMap(([name, value]) => (value === undefined ? [`--${name}`] : []));
  if (address === undefined || subnet === undefined || dhcp === undefined || router === undefined || device === undefined) {
    throw new UserError(`A home network needs ${missing.join(", ")} too.`, {
      exitCode: ExitCode.usage,
      fix: "npm run render -- bastion --homelab --address 192.168.1.10 --subnet 192.168.1.0/24 --dhcp 192.168.1.200-192.168.1.220 --router 192.168.1.1 --interface eth0",
    });
  }
  const [first = "", last = ""] = dhcp.split("-");
  const range = parseCidr(subnet);
  const wrong = "problem" in range || range.family !== "ipv4" ? { "--subnet": subnet } : Object.fromEntries(Object.entries({ "--address": address, "--dhcp": first, "--dhcp ": last, "--router": router }).filter(([, one]) => !isIpv4Address(one) || !cidrContains(subnet, `${one}/32`)));
  const [bad] = Object.entries(wrong);
  if (bad !== undefined) {
    throw new UserError(`${bad[0].trim()} is "${bad[1]}", which is no ${bad[0] === "--subnet" ? "IPv4 range" : `address in ${subnet}`}.`, { exitCode: ExitCode.usage, fix: "Take addresses of your home network, the range as FIRST-LAST." });
  }
  if (!/^[A-Za-z0-9_.-]{1,15}$/.test(device)) throw new UserError(`--interface is "${device}", which is no interface name.`, { exitCode: ExitCode.usage, fix: "`ip link` lists them." });
  return { ...bundle, address, subnetCidr: subnet, dhcp: { first, last }, resolver: router, homelab: { interface: device, router } };
}
