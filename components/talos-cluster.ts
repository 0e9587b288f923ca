// Owns who a Talos cluster is: its secrets and the operator's access to its nodes, made by `talosctl` and kept in the state.
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { parse, stringify } from "yaml";
import { generateSecrets, generateTalosconfig, keepOutput } from "./render/talos-commands.ts";
import { talosVersions } from "./render/talos-versions.ts";

export interface TalosClusterArgs {
  readonly clusterName: string;
  /** Where its Kubernetes API answers, `https://10.10.0.11:6443`. */
  readonly endpoint: string;
  /** Addresses of the control planes. */
  readonly controlPlanes: readonly string[];
}

export class TalosCluster extends pulumi.ComponentResource {
  readonly clusterName: string;
  readonly endpoint: string;
  /** What all configs are made from. A secret. */
  readonly secrets: pulumi.Output<string>;
  /** The operator's access to the nodes, through one of the control planes. A secret. */
  readonly talosconfig: pulumi.Output<string>;
  /** Goes when the cluster goes: what dies with it names this as `deletedWith`. */
  readonly identity: pulumi.Resource;

  constructor(name: string, args: TalosClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("moonback:talos:TalosCluster", name, {}, opts);
    const options = { parent: this, additionalSecretOutputs: ["stdout"] };
    const secrets = new command.local.Command(
      `${name}-secrets`,
      { create: generateSecrets(), update: keepOutput(), environment: { TALOS_VERSION: talosVersions.talos }, logging: "none" },
      options,
    );
    const access = new command.local.Command(
      `${name}-access`,
      { create: generateTalosconfig(), environment: generation({ ...args, secrets: secrets.stdout }), logging: "none" },
      options,
    );
    this.clusterName = args.clusterName;
    this.endpoint = args.endpoint;
    this.identity = secrets;
    this.secrets = pulumi.secret(secrets.stdout);
    this.talosconfig = pulumi.secret(access.stdout.apply((text) => withEndpoints(text, args.controlPlanes)));
    this.registerOutputs({});
  }
}

/** The variables that every `talosctl gen config` takes. */
export function generation(args: { readonly clusterName: string; readonly endpoint: string; readonly secrets: pulumi.Input<string> }) {
  return {
    CLUSTER: args.clusterName,
    ENDPOINT: args.endpoint,
    SECRETS: pulumi.secret(args.secrets),
    TALOS_VERSION: talosVersions.talos,
    KUBERNETES_VERSION: talosVersions.kubernetes,
  };
}

/** `talosctl gen` knows no node's address. */
export function withEndpoints(talosconfig: string, controlPlanes: readonly string[]): string {
  const config = parse(talosconfig) as { context: string; contexts: Record<string, object> };
  const contexts = Object.fromEntries(Object.entries(config.contexts).map(([name, context]) => [name, { ...context, endpoints: [...controlPlanes], nodes: controlPlanes.slice(0, 1) }]));
  return stringify({ ...config, contexts }, { lineWidth: 0 });
}
