// Gate 03: everything a machine needs to boot from the network is served by the bastion, and only what is meant to be served.
import { createHash } from "node:crypto";
import { cidrContains, hostNumber } from "../common/cidr.ts";
import { errorMessage } from "../common/errors.ts";
import { ports, registryCaches } from "../components/ports.ts";
import type { Environment } from "../stacks/config.ts";
import { variants, type Variant } from "../stacks/variants.ts";
import { composeServices, lastLine, serviceLog } from "./compose.ts";
import { resolve } from "./dns.ts";
import { green, red, type Bastion, type Check, type Gate, type GateContext, type Verdict } from "./gate.ts";
import { get, type Answer } from "./https.ts";
import { cached } from "./pull.ts";
import { tftpProbe } from "./tftp-probe.ts";

/** What a machine needs from nothing to serving: start, packages, images (minutes in AWS, seconds in the rehearsal). */
const bootMs = 900_000;

type Look = (seen: { readonly bastion: Bastion; readonly address: string; readonly context: GateContext }) => Promise<Verdict>;

function check(name: string, title: string, look: Look, kind: Check["kind"] = "observe"): Check {
  return {
    id: `03.${name}`,
    title,
    kind,
    asks: ["bastion"],
    timeoutMs: bootMs,
    intervalMs: 1_000,
    passes: 1,
    look: async (context) => look({ bastion: await context.sources.bastion.client(), address: context.environment.bastion.address, context }),
  };
}

/** The service that fetches the Talos images ends when it is done; the others stay. */
const oneShot = "assets";
const services = ["dnsmasq", "matchbox", ...registryCaches.map(({ host }) => `registry-${host}`), "pihole", "proxy"];

/** With several control planes the bastion is where the Kubernetes API answers. What is behind it, gate 04 asks. */
const apiProxy = "kube-api";
const hasApiProxy = ({ nodes }: Environment): boolean => nodes.controlPlanes > 1;

/** A small public image of each registry, to see its cache at work. */
const probes: Readonly<Record<(typeof registryCaches)[number]["host"], string>> = {
  "docker.io": "library/hello-world:latest",
  "gcr.io": "google-containers/pause:3.2",
  "ghcr.io": "traefik/whoami:latest",
  "quay.io": "prometheus/busybox:latest",
  "registry.k8s.io": "pause:3.10",
};

const checks: readonly Check[] = [
  check("running", "all services run, and the Talos images were fetched", async ({ bastion, address, context: { environment } }) => {
    const found = await composeServices(bastion);
    const wanted = hasApiProxy(environment) ? [...services, apiProxy] : services;
    const missing = wanted.filter((name) => found.get(name)?.State !== "running");
    const assets = found.get(oneShot);
    const problems = missing.map((name) => `${name} is ${found.get(name)?.State ?? "not there"}`);
    if (assets?.State !== "exited" || assets.ExitCode !== 0) problems.push(`${oneShot} is ${assets?.State ?? "not there"}${assets?.State === "exited" ? ` with exit code ${assets.ExitCode}` : ""}`);
    if (problems.length === 0 && wanted.includes(apiProxy)) problems.push(...(await silent(bastion, address, ports.kubernetesApi)));
    return problems.length > 0 ? red(problems.join("; ")) : green(`${wanted.join(", ")} running; ${oneShot} done`);
  }),
  check("dnsmasq", "dnsmasq answers by TFTP with the script that leads to matchbox", async ({ bastion, address }) => {
    const { code, stdout, stderr } = await bastion.run(`python3 - ${address}:${ports.tftp} boot.ipxe`, tftpProbe);
    if (code !== 0) return red(`tftp://${address}/boot.ipxe: ${lastLine(stderr)}`);
    const url = `http://${address}:${ports.matchbox}/boot.ipxe`;
    return stdout.includes(url) ? green(`tftp://${address}/boot.ipxe chains to ${url}`) : red(`tftp://${address}/boot.ipxe does not name ${url}`);
  }),
  check("dhcp-range", "dnsmasq's own range is the configured one, in the node network", async ({ bastion, context }) => {
    const said = await serviceLog(bastion, "dnsmasq");
    const [, first, last] = [...said.matchAll(/DHCP, IP range (\S+) -- (\S+?),/g)].at(-1) ?? [];
    if (first === undefined || last === undefined) return red("dnsmasq has not said which range it hands out");
    const { network, bastion: { dhcpRange } } = context.environment;
    const outside = [first, last].filter((end) => !cidrContains(network.subnetCidr, `${end}/32`));
    if (outside.length > 0) return red(`dnsmasq's range ${first} to ${last} leaves ${network.subnetCidr}`);
    if (hostNumber(first) !== hostNumber(dhcpRange.first) || hostNumber(last) !== hostNumber(dhcpRange.last)) return red(`dnsmasq's range is ${first} to ${last}, not ${dhcpRange.first} to ${dhcpRange.last}`);
    return green(`dnsmasq: ${first} to ${last}, in ${network.subnetCidr}`);
  }),
  check("matchbox", "matchbox serves the first script of every boot", async ({ bastion, address }) => {
    const { status, body } = await get(bastion, { host: address, port: ports.matchbox, path: "/boot.ipxe" });
    return status === 200 && body.toString().startsWith("#!ipxe") ? green(`http://${address}:${ports.matchbox}/boot.ipxe is an iPXE script`) : red(`/boot.ipxe answered ${status}`);
  }),
  ...variants.map((variant) =>
    check(`assets-${variant}`, `matchbox serves kernel and initramfs of ${variant} with their recorded SHA-256`, ({ bastion, address, context }) => assets(bastion, address, context, variant)),
  ),
  ...registryCaches.flatMap(({ host, port, metricsPort }) => [
    check(`registry-${host}`, `the cache of ${host} answers`, async ({ bastion, address }) => {
      const { status } = await get(bastion, { host: address, port, path: "/v2/" });
      return [200, 401].includes(status) ? green(`http://${address}:${port}/v2/ answered ${status}`) : red(`http://${address}:${port}/v2/ answered ${status}`);
    }),
    check(`cache-${host}`, `the cache of ${host} really caches: a second pull asks it alone`, ({ bastion, address }) => cached(bastion, { address, port, metricsPort, image: probes[host] }), "exercise"),
  ]),
  check("dns", "pihole resolves names, its own and the world's", async ({ bastion, address }) => {
    const own = await resolve(bastion, address, ports.dns, "bastion.moonback.internal");
    if (own.join() !== address) return red(`bastion.moonback.internal is ${own.join(", ") || "unknown"}, not ${address}`);
    const world = await resolve(bastion, address, ports.dns, "registry.k8s.io");
    return world.length > 0 ? green(`bastion.moonback.internal is ${own.join()}, registry.k8s.io is ${world.join(", ")}`) : red("registry.k8s.io is unknown");
  }),
  check("dns-block", "pihole blocks a listed name", async ({ bastion, address }) => {
    const name = "blocked.moonback.internal";
    const found = await resolve(bastion, address, ports.dns, name);
    return found.join() === "0.0.0.0" ? green(`${name} is 0.0.0.0`) : red(`${name} is ${found.join(", ") || "unknown"}, not 0.0.0.0`);
  }),
  check("proxy", "the forward proxy lets through to an allowed host, and to no other", async ({ bastion, address }) => {
    const through = async (host: string): Promise<Answer> => get(bastion, { host: address, port: ports.proxy, method: "CONNECT", path: `${host}:443` });
    const [allowed, refused] = [await through("ghcr.io"), await through("not-allowed.example")];
    if (allowed.status !== 200) return red(`CONNECT ghcr.io:443 answered ${allowed.status}`);
    return refused.status === 403 ? green("CONNECT ghcr.io:443 answered 200, not-allowed.example:443 403") : red(`CONNECT not-allowed.example:443 answered ${refused.status}, not 403`);
  }),
];

/** Why nothing takes a connection there; nothing where something does. */
async function silent(bastion: Bastion, address: string, port: number): Promise<string[]> {
  try {
    (await bastion.dial(address, port)).destroy();
    return [];
  } catch (error) {
    return [`nothing answers at ${address}:${port}: ${errorMessage(error)}`];
  }
}

export const netboot: Gate = { number: "03", name: "netboot infrastructure", checks };

async function assets(bastion: Bastion, address: string, { environment }: GateContext, variant: Variant): Promise<Verdict> {
  const recorded = environment.image?.[variant];
  if (recorded === undefined) return { status: "not-applicable", why: `the settings name no image of ${variant}` };
  const folders = variant === "spin-only" ? [`/${variant}`, ""] : [`/${variant}`];
  const wanted = folders.flatMap((folder) => [
    { path: `/assets/talos${folder}/vmlinuz`, sha256: recorded.vmlinuz },
    { path: `/assets/talos${folder}/initramfs.xz`, sha256: recorded.initramfs },
  ]);
  for (const { path, sha256 } of wanted) {
    const { status, body } = await get(bastion, { host: address, port: ports.matchbox, path });
    if (status !== 200) return red(`${path} answered ${status}`);
    const found = `sha256:${createHash("sha256").update(body).digest("hex")}`;
    if (found !== sha256) return red(`${path} has ${found}, not ${sha256}; \`docker compose --project-name netboot restart ${oneShot}\` on the bastion fetches it again`);
  }
  return green(wanted.map(({ path, sha256 }) => `${path} ${sha256}`).join(", "));
}
