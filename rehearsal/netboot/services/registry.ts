import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { localText } from "../../addresses.ts";
import { listenText } from "./listen-text.ts";
import { mountedPath, mountedText } from "./mounts.ts";
import { runProgram } from "./program.ts";
import type { ServiceContext, StartService } from "./service.ts";

/** `library/registry`: the real distribution registry. Only its upstream is another: the one in the rehearsal's internet. */
export const startRegistry: StartService = async (context) => {
  const { spec, mounts, tools, scratch, vpcCidr } = context;
  const [verb, configPath, ...more] = spec.command;
  if (spec.entrypoint !== undefined || verb !== "serve" || configPath === undefined || more.length > 0) {
    throw new Error(`${spec.name}: the registry is run as [serve, <config file>] here, not as ${JSON.stringify([...(spec.entrypoint ?? []), ...spec.command])}`);
  }
  const environment = Object.fromEntries(Object.entries(spec.environment).map(([name, value]) => [name, mountedText(localText(value, vpcCidr), mounts)]));
  for (const name of ["REGISTRY_HTTP_ADDR", "REGISTRY_HTTP_DEBUG_ADDR"]) {
    const address = spec.environment[name];
    if (address !== undefined) environment[name] = listenText(context, address);
  }
  const { name: upstream } = upstreamOf(spec.environment["REGISTRY_PROXY_REMOTEURL"]);
  const config = localConfig(context, configPath);
  const relay = await context.egress.relay(upstream, hostOf(environment["REGISTRY_HTTP_ADDR"]));
  environment["REGISTRY_PROXY_REMOTEURL"] = relay.url;
  const running = await runProgram(context, { program: tools.registry, args: ["serve", config], directory: scratch, variables: { HOME: scratch, ...environment } });
  void running.ended.then(relay.close);
  return running;
};

function upstreamOf(url: string | undefined): { name: string } {
  if (url === undefined || !url.startsWith("https://")) throw new Error(`REGISTRY_PROXY_REMOTEURL is ${url ?? "missing"}: it must be the https:// address of the cached registry`);
  return { name: new URL(url).hostname };
}

function hostOf(address: string | undefined): string {
  if (address === undefined) throw new Error("REGISTRY_HTTP_ADDR is missing: the registry would listen on every address");
  return address.slice(0, address.lastIndexOf(":"));
}

/** A copy of the mounted file with addresses of this machine. An upstream in it would be the real one, so there must be none. */
function localConfig(context: ServiceContext, path: string): string {
  const text = localText(readFileSync(mountedPath(path, context), "utf8"), context.vpcCidr);
  const config: unknown = parse(text);
  if (typeof config === "object" && config !== null && "proxy" in config && JSON.stringify(config.proxy).includes("remoteurl")) {
    throw new Error(`${path}: proxy.remoteurl belongs into the environment (REGISTRY_PROXY_REMOTEURL), where the rehearsal maps it`);
  }
  const copy = join(context.scratch, "config.yml");
  writeFileSync(copy, text);
  return copy;
}
