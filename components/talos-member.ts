// Owns how one machine becomes a node: matchbox serves its config for as long as it needs it, and no longer.
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { matchboxFiles } from "./render/matchbox-files.ts";
import { renderMatchboxNode } from "./render/matchbox-node.ts";
import { awaitNode, throughProxy } from "./render/talos-commands.ts";

/** The bastion's SSH. */
export interface BastionConnection {
  readonly host: pulumi.Input<string>;
  readonly user: pulumi.Input<string>;
  readonly privateKey: pulumi.Input<string>;
  readonly hostKey: pulumi.Input<string>;
}

export interface TalosMemberArgs {
  readonly bastion: BastionConnection & { readonly address: string };
  readonly node: { readonly name: string; readonly address: string; readonly variant: string; readonly mac: pulumi.Input<string> };
  /** A secret. */
  readonly machineConfig: pulumi.Input<string>;
  /** A secret. */
  readonly talosconfig: pulumi.Input<string>;
  /** The instance that runs now: another one has an empty disk and must be served again. */
  readonly instanceId: pulumi.Input<string>;
  readonly proxyUrl: string;
}

/** How long a machine may take from its group's start to answering as Talos, in seconds: minutes in AWS. */
const bootSeconds = 900;

/** A node that has joined takes a new config from `apply`: matchbox is for a machine that has none. */
const done = "true";

export class TalosMember extends pulumi.ComponentResource {
  /** Whatever needs the node waits for this. */
  readonly joined: pulumi.Resource;

  constructor(name: string, args: TalosMemberArgs, opts?: pulumi.ComponentResourceOptions) {
    super("moonback:talos:TalosMember", name, {}, opts);
    const parent = { parent: this };
    const { bastion, node } = args;
    const { host, user, privateKey, hostKey } = bastion;
    const connection = { host, user, privateKey: pulumi.secret(privateKey), hostKey };
    const served = pulumi.secret(
      pulumi
        .all([pulumi.output(args.machineConfig), pulumi.output(node.mac)])
        .apply(([machineConfig, mac]) => JSON.stringify(renderMatchboxNode({ name: node.name, mac, variant: node.variant, bastion: bastion.address, machineConfig }))),
    );

    const serve = new command.remote.Command(
      `${name}-serve`,
      { connection, create: `sudo ${matchboxFiles.program} put`, stdin: served, update: done, triggers: [args.instanceId], logging: "none" },
      parent,
    );
    const joined = new command.local.Command(
      `${name}-joined`,
      {
        create: awaitNode(),
        environment: { NODE: node.address, TALOS_ACCESS: pulumi.secret(args.talosconfig), PATIENCE: String(bootSeconds), INSTANCE: args.instanceId, ...throughProxy(args.proxyUrl) },
      },
      { ...parent, dependsOn: [serve] },
    );
    new command.remote.Command(
      `${name}-withdraw`,
      { connection, create: `sudo ${matchboxFiles.program} remove ${node.name}`, update: done, triggers: [args.instanceId] },
      { ...parent, dependsOn: [joined] },
    );
    this.joined = joined;
    this.registerOutputs({});
  }
}
