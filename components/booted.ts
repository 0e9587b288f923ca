// Owns the moment at which the bastion can be used: what later stages put on it waits for this.
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

export interface BootedArgs {
  /** The bastion's IPv6 address. */
  readonly host: pulumi.Input<string>;
  readonly user: pulumi.Input<string>;
  /** OpenSSH format; secret. */
  readonly privateKey: pulumi.Input<string>;
  /** The only key that the bastion may show, `ssh-ed25519 AAAA…`. */
  readonly hostKey: pulumi.Input<string>;
  /** Names this life of the machine: another one is waited for anew. */
  readonly generation: pulumi.Input<string>;
}

export class Booted extends pulumi.ComponentResource {
  readonly generation: pulumi.Output<string>;

  constructor(name: string, args: BootedArgs, opts?: pulumi.ComponentResourceOptions) {
    super("moonback:bastion:Booted", name, {}, opts);
    new command.remote.Command(
      `${name}-ready`,
      {
        connection: {
          host: args.host,
          user: args.user,
          privateKey: args.privateKey,
          hostKey: args.hostKey,
          // A machine needs minutes until its SSH answers: packages come first, and its host key with them.
          dialErrorLimit: 60,
          perDialTimeout: 10,
        },
        // 2 is "done, with recoverable errors" (cloud-init, "Failure states"): gate 02 tells which.
        create: "cloud-init status --wait || [ $? -eq 2 ]",
        triggers: [args.generation],
        // No `delete`: what it waited for ends with the machine, which may be gone by then.
      },
      { parent: this },
    );
    this.generation = pulumi.output(args.generation);
    this.registerOutputs({ generation: this.generation });
  }
}
