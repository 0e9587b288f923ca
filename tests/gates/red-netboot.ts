import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { globSync } from "node:fs";
import { registryCaches } from "../../components/ports.ts";
import type { BastionSeen } from "./bastion-seen.ts";
import type { Break, RedTests } from "./break.ts";

const compose = "docker compose --project-name netboot";

/** A service stopped on the bastion. */
const down = (service: string, names: string): Break<BastionSeen> => async ({ onBastion }) => {
  await onBastion(`${compose} stop ${service}`);
  return { names, mend: () => onBastion(`${compose} start ${service}`) };
};

/** A file of the bundle changed on the bastion, and its service started again with it. */
const changed = (file: string, service: string, change: (text: string, plan: string) => string, names: string): Break<BastionSeen> => async ({ onBastion, plan }) => {
  const path = `/opt/moonback/netboot/${file}`;
  const { stdout: own } = await onBastion(`cat ${path}`);
  const use = async (text: string): Promise<void> => {
    await onBastion(`cat > ${path}`, text);
    await onBastion(`${compose} restart ${service}`);
  };
  await use(change(own, plan));
  return { names, mend: () => use(own) };
};

/** A byte of a served file changed; `restart assets` fetches it again. */
const corrupted = (variant: string): Break<BastionSeen> => ({ trial, instance, onBastion }) => {
  const [file] = globSync(join(trial.runData.replaceAll(/[[\]{}#]/g, "?"), "machines", instance.InstanceId, "**", "talos", variant, "vmlinuz"));
  if (file === undefined) throw new Error(`no kernel of ${variant} lies below ${trial.runData}`);
  const bytes = readFileSync(file);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  return Promise.resolve({ names: `/assets/talos/${variant}/vmlinuz has sha256:`, mend: () => onBastion(`${compose} restart assets`) });
};

const ofRegistries = registryCaches.flatMap(({ host }, index) => {
  const stop = { "the cache stopped": down(`registry-${host}`, String(5050 + index)) };
  return [[`03.registry-${host}`, stop], [`03.cache-${host}`, stop]] as const;
});

export const redNetboot: RedTests<BastionSeen> = {
  "03.running": { "a service stopped": down("matchbox", "matchbox is exited"), "the Kubernetes API's proxy stopped": down("kube-api", "kube-api is exited"), "a service removed": async ({ onBastion }) => {
    await onBastion(`${compose} rm --stop --force pihole`);
    return { names: "pihole is not there", mend: () => onBastion("docker compose --project-directory /opt/moonback/netboot up --detach") };
  } },
  "03.dnsmasq": { "dnsmasq stopped": down("dnsmasq", "no answer") },
  "03.dhcp-range": {
    "a range outside the subnet": changed("dnsmasq.conf", "dnsmasq", (text, plan) => text.replace(/^dhcp-range=.*$/m, `dhcp-range=${plan}.9.10,${plan}.9.20,255.255.255.0,1h`), ".9.10"),
  },
  "03.matchbox": { "matchbox stopped": down("matchbox", "8080") },
  "03.assets-spin-only": { "a kernel corrupted": corrupted("spin-only") },
  "03.assets-spin-tailscale": { "a kernel corrupted": corrupted("spin-tailscale") },
  ...Object.fromEntries(ofRegistries),
  "03.dns": { "pihole stopped": down("pihole", "53") },
  "03.dns-block": { "the list emptied": changed("pihole.conf", "pihole", (text) => text.replaceAll(/^address=.*$/gm, ""), "blocked.moonback.internal is") },
  "03.proxy": { "a proxy for everybody": changed("squid.conf", "proxy", (text) => text.replace("http_access deny all", "http_access allow all"), "not-allowed.example"), "the proxy stopped": down("proxy", "3128") },
};
