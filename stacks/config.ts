import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ExitCode, UserError, errorMessage } from "../common/errors.ts";
import { ports } from "../components/ports.ts";
import { near, parseSettings } from "./config-parse.ts";
import { ConfigError, type ConfigProblem } from "./config-problems.ts";
import { secretProblem } from "./secret-references.ts";
import { beforeUp, type Settings } from "./settings.ts";
import type { NodePlan } from "./settings-nodes.ts";
import type { Variant } from "./variants.ts";

/** One environment as the rest of the program sees it: validated settings and its name. */
export interface Environment extends Settings {
  readonly name: string;
}

/** The bastion's Auto Scaling group: such names are unique per account and region, so the usual one carries the environment. */
export function groupName({ name, names }: Environment): string {
  return names?.asg ?? `moonback-${name}-bastion`;
}

/** The `Name` tag of what there is once in an environment. */
export function title({ name }: Environment): string {
  return `moonback-${name}`;
}

export { nodesOf, type NodePlan } from "./settings-nodes.ts";

/** A node's Auto Scaling group, and its launch template. */
export function nodeGroupName({ name }: Environment, node: Pick<NodePlan, "name">): string {
  return `moonback-${name}-${node.name}`;
}

/** Where the Kubernetes API answers: at the control plane itself, or, with three, at the bastion, which knows which of them are up. */
export function apiEndpoint({ bastion, nodes }: Environment): string {
  return `https://${nodes.controlPlanes === 1 ? nodes.firstAddress : bastion.address}:${ports.kubernetesApi}`;
}

/** Where the image of a variant is published. */
export function talosRepository(variant: Variant): string {
  return `ghcr.io/urmanac/talos-cozystack-${variant}/talos`;
}

/** What the operator reaches on a node, through the bastion: Talos' API and Kubernetes'. */
export const operatorPorts = { talosApi: 50_000, kubernetesApi: ports.kubernetesApi } as const;

/** What installs a node's Talos. A plan shows what is meant where no image is published yet; `up` asks for it before anything is touched. */
export function installImage({ image }: Environment, { variant }: Pick<NodePlan, "variant">): string {
  const published = image?.[variant];
  return published === undefined ? `${talosRepository(variant)}:not-published` : `${talosRepository(variant)}@${published.digest}`;
}

/** Below the range that systems take outgoing ports from, above the well-known ones; by name and address plan, so that a state fits every operator's machine. */
const firstForwardPort = 17_000;
const forwardPorts = 2_000;

/** The operator's own end of the way to the nodes: a proxy on loopback that leads through the bastion's SSH. */
export function forwardAddress({ name, network }: Environment): { readonly host: string; readonly port: number } {
  const sum = Array.from(`${name} ${network.vpcCidr}`).reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % forwardPorts, 7);
  return { host: "127.0.0.1", port: firstForwardPort + sum };
}

export function forwardUrl(environment: Environment): string {
  const { host, port } = forwardAddress(environment);
  return `http://${host}:${port}`;
}

/** No hyphen: `<env>-<stage>` must fall apart in one way only. */
const environmentName = /^[a-z][a-z0-9]{0,15}$/;

export function settingsFile(environment: string): string {
  return `Pulumi.${environment}.yaml`;
}

/** The environments that have a settings file in `directory`, sorted. */
export function listEnvironments(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .map((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? "")
    .filter((name) => environmentName.test(name))
    .sort();
}

/**
 * Reads and validates Pulumi.<name>.yaml. Nothing but that file is read.
 * @throws ConfigError with every problem at once; UserError when there is no such environment.
 */
export function loadEnvironment(directory: string, name: string): Environment {
  const file = settingsFile(name);
  const source = environmentName.test(name) ? readSettings(join(directory, file)) : undefined;
  if (source === undefined) throw noEnvironment(directory, name);
  const { settings, problems } = parseSettings(source);
  if (settings === undefined) throw new ConfigError(file, problems);
  return { name, ...settings };
}

/** What an environment still lacks before it may be built, secrets that cannot be had among it. A plan works without. */
export function missingForUp(environment: Environment): ConfigProblem[] {
  const missing = beforeUp
    .filter((setting) => setting.missing(environment))
    .map(({ key, allowed, fix }) => ({ key, problem: "is needed before up and is not set", allowed, fix }));
  return [...missing, ...secretReferences(environment).flatMap(unreadable)];
}

/** Every setting of the environment that names a secret and is used. */
function secretReferences({ bastion, nodes }: Environment): { readonly key: string; readonly reference: string }[] {
  const tunnel = bastion.egress === "wireguard" ? bastion.wireguard?.privateKey : undefined;
  const tailnet = (nodes.gateways ?? []).length > 0 ? nodes.tailscaleAuthKey : undefined;
  return [
    ...(tunnel === undefined ? [] : [{ key: "bastion.wireguard.privateKey", reference: tunnel }]),
    ...(tailnet === undefined ? [] : [{ key: "nodes.tailscaleAuthKey", reference: tailnet }]),
  ];
}

function unreadable({ key, reference }: { readonly key: string; readonly reference: string }): ConfigProblem[] {
  const problem = secretProblem(reference);
  return problem === undefined ? [] : [{ key, value: reference, problem: `names a secret that cannot be had: ${problem}`, allowed: "env:NAME or file:PATH", fix: "put the secret there, or change the reference" }];
}

/** The file's text; undefined where there is no such file. */
function readSettings(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new UserError(`The settings file cannot be read: ${errorMessage(error)}.`, { exitCode: ExitCode.usage, fix: `Make ${path} a file that you may read.`, cause: error });
  }
}

function noEnvironment(directory: string, name: string): UserError {
  const known = listEnvironments(directory);
  const named = environmentName.test(name);
  const why = named ? `${settingsFile(name)} does not exist in ${directory}` : "a name is a lower-case letter and up to 15 more letters and digits";
  // A far-fetched guess could name an environment that costs money.
  const guess = near(name, known);
  const steps = [guess === undefined ? "" : `Did you mean "${guess}"?`, named ? `Write ${settingsFile(name)} to make it.` : ""].filter(Boolean);
  return new UserError(`There is no environment "${name}": ${why}. Known: ${known.join(", ") || "none"}.`, {
    exitCode: ExitCode.usage,
    fix: steps.join(" ") || "Name one of the known ones.",
  });
}
