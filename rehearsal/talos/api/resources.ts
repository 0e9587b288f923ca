import { stringify } from "yaml";
import { staticPods } from "../machine-status.ts";
import type { Talos } from "../talos.ts";
import type { Calls } from "./calls.ts";
import type { Message } from "./descriptors.ts";
import { forbidden, notFound } from "./failure.ts";

interface Kind {
  /** "ExtensionStatuses.runtime.talos.dev" */
  readonly type: string;
  readonly namespace: string;
  readonly aliases?: readonly string[];
  readonly columns?: Readonly<Record<string, string>>;
  readonly sensitive?: boolean;
  /** Its resources by id; a text is taken as YAML already. */
  readonly list: (node: Talos) => Promise<Readonly<Record<string, object | string>>> | Readonly<Record<string, object | string>>;
}

/** The resources of Talos that a node answers, as its own definitions name them (pkg/machinery/resources). */
const kinds: readonly Kind[] = [
  {
    type: "ExtensionStatuses.runtime.talos.dev",
    namespace: "runtime",
    aliases: ["extensions"],
    columns: { Name: "{.metadata.name}", Version: "{.metadata.version}" },
    list: ({ software }) => Object.fromEntries(software.extensions.map((metadata, index) => [String(index), { image: `${String(index).padStart(3, "0")}.sqsh`, metadata }])),
  },
  { type: "MachineConfigs.config.talos.dev", namespace: "config", sensitive: true, list: ({ config }) => ({ v1alpha1: config.text }) },
  {
    type: "MachineStatuses.runtime.talos.dev",
    namespace: "runtime",
    columns: { Stage: "{.stage}", Ready: "{.status.ready}" },
    list: async ({ status }) => {
      const unmetConditions = await status.unmet();
      return { machine: { stage: status.stage, status: { ready: unmetConditions.length === 0, unmetConditions } } };
    },
  },
  { type: "Nodenames.kubernetes.talos.dev", namespace: "k8s", columns: { Nodename: "{.nodename}" }, list: ({ hostname }) => ({ nodename: { nodename: hostname } }) },
  { type: "HostnameStatuses.net.talos.dev", namespace: "network", aliases: ["hostname"], columns: { Hostname: "{.hostname}", Domainname: "{.domainname}" }, list: ({ hostname }) => ({ hostname: { hostname, domainname: "" } }) },
  {
    type: "Services.v1alpha1.talos.dev",
    namespace: "runtime",
    aliases: ["svc", "services"],
    columns: { Running: "{.running}", Healthy: "{.healthy}", "Health Unknown": "{.unknown}" },
    list: ({ services }) => Object.fromEntries(services.list().map(({ id, state, health: { healthy, unknown } }) => [id, { running: state === "Running", healthy, unknown }])),
  },
  {
    type: "StaticPodStatuses.kubernetes.talos.dev",
    namespace: "k8s",
    aliases: ["podstatus"],
    columns: { Ready: '{.podStatus.conditions[?(@.type=="Ready")].status}' },
    list: (node) => Object.fromEntries(staticPods(node).map(({ id, ready }) => [id, { podStatus: { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] } }])),
  },
];

const definitions = { type: "ResourceDefinitions.meta.cosi.dev", namespace: "meta" } as const;

/** COSI's State service: `talosctl get`. Reading only; watching is not answered. */
export function resourceCalls(node: Talos): Calls {
  const find = async (type: string): Promise<Readonly<Record<string, Message>>> => {
    if (type === definitions.type) return Object.fromEntries(kinds.map((kind) => [kind.type.toLowerCase(), definition(node, kind)]));
    const kind = kinds.find((one) => one.type === type);
    if (kind === undefined) throw forbidden(`resource "${type}" is not one that the rehearsal's nodes have: ${kinds.map((one) => one.type).join(", ")}`);
    const found = Object.entries(await kind.list(node));
    return Object.fromEntries(found.map(([id, spec]) => [id, resource(kind, id, { yaml_spec: typeof spec === "string" ? spec : stringify(spec, { lineWidth: 0 }) })]));
  };
  return {
    unary: {
      "/cosi.resource.State/Get": async ({ type, id }) => {
        const found = (await find(String(type)))[String(id)];
        if (found === undefined) throw notFound(`resource ${String(type)}(${String(id)}) doesn't exist`);
        return { resource: found };
      },
    },
    streaming: {
      "/cosi.resource.State/List": async ({ type }, _caller, send) => {
        for (const found of Object.values(await find(String(type)))) send({ resource: found });
      },
    },
  };
}

function resource({ type, namespace }: Pick<Kind, "type" | "namespace">, id: string, spec: Message): Message {
  const epoch = { seconds: "0", nanos: 0 };
  return { metadata: { namespace, type, id, version: "1", owner: "", phase: "running", created: epoch, updated: epoch }, spec };
}

/** What talosctl looks up first: how a kind may be called, and what its table shows. */
function definition(node: Talos, { type, namespace, aliases = [], columns = {}, sensitive = false }: Kind): Message {
  const [plural = "", group = ""] = type.toLowerCase().split(".");
  const singular = plural.replace(/(?:(?<=s)es|s)$/, "");
  const spec = {
    resource_type: type,
    display_type: singular,
    default_namespace: namespace,
    aliases,
    all_aliases: [...aliases, plural, singular, `${plural}.${group}`],
    print_columns: Object.entries(columns).map(([name, json_path]) => ({ name, json_path })),
    sensitivity: sensitive ? 1 : 0,
  };
  return resource(definitions, type.toLowerCase(), { proto_spec: node.site.descriptors.encode("cosi.resource.ResourceDefinitionSpec", spec), yaml_spec: stringify(spec) });
}
