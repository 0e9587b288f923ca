// Owns who the bastion is: its keys, the parameters it fetches its secrets from, and the role that lets it do so and nothing else.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { secretFiles } from "./render/cloud-init.ts";
import type { FetchedSecret } from "./render/fetch-secrets.ts";

export interface BastionIdentityArgs {
  /** Environment name: parameters and roles are unique per account, so they carry it. */
  readonly environment: string;
  /** The private key of the tunnel home, where there is one. */
  readonly wireguardKey?: pulumi.Input<string>;
}

export class BastionIdentity extends pulumi.ComponentResource {
  /** Opens SSH. A secret. */
  readonly operatorPrivateKey: pulumi.Output<string>;
  /** One line, as in authorized_keys. */
  readonly operatorPublicKey: pulumi.Output<string>;
  /** One line, as in known_hosts after the name. */
  readonly hostPublicKey: pulumi.Output<string>;
  readonly instanceProfileName: pulumi.Output<string>;
  /** What the machine fetches at boot, and where it puts it. */
  readonly secrets: readonly FetchedSecret[];

  constructor(name: string, args: BastionIdentityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("moonback:bastion:BastionIdentity", name, {}, opts);
    const parent = { parent: this };
    const title = `moonback-${args.environment}-bastion`;

    const operator = new tls.PrivateKey(`${name}-operator`, { algorithm: "ED25519" }, parent);
    const host = new tls.PrivateKey(`${name}-host`, { algorithm: "ED25519" }, parent);

    const kept = (role: string, description: string, value: pulumi.Input<string>, path: string) => {
      const parameterName = `/moonback/${args.environment}/bastion/${role}`;
      const parameter = new aws.ssm.Parameter(
        `${name}-${role}`,
        // Standard, under the account's own key: both are free, and that key lets whoever may read the parameter decrypt it.
        { name: parameterName, type: "SecureString", tier: "Standard", description, value },
        { ...parent, deleteBeforeReplace: true },
      );
      return { parameter, secret: { parameter: parameterName, path } };
    };
    const all = [
      kept("ssh-host-key", "SSH host key of the bastion", host.privateKeyOpenssh, secretFiles.sshHostKey),
      ...(args.wireguardKey === undefined ? [] : [kept("wireguard-key", "WireGuard key of the bastion", args.wireguardKey, secretFiles.wireguardKey)]),
    ];

    const role = new aws.iam.Role(
      `${name}-role`,
      { name: title, path: "/moonback/", description: "Lets the bastion fetch its own secrets", assumeRolePolicy: trustPolicy },
      { ...parent, deleteBeforeReplace: true },
    );
    new aws.iam.RolePolicy(
      `${name}-policy`,
      { name: "fetch-secrets", role: role.name, policy: pulumi.all(all.map(({ parameter }) => parameter.arn)).apply(readPolicy) },
      parent,
    );
    const profile = new aws.iam.InstanceProfile(`${name}-profile`, { name: title, path: "/moonback/", role: role.name }, { ...parent, deleteBeforeReplace: true });

    this.operatorPrivateKey = pulumi.secret(operator.privateKeyOpenssh);
    this.operatorPublicKey = operator.publicKeyOpenssh.apply(oneLine);
    this.hostPublicKey = host.publicKeyOpenssh.apply(oneLine);
    this.instanceProfileName = profile.name;
    this.secrets = all.map(({ secret }) => secret);
    this.registerOutputs({ operatorPublicKey: this.operatorPublicKey, hostPublicKey: this.hostPublicKey });
  }
}

const trustPolicy = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
});

function readPolicy(parameterArns: readonly string[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "ssm:GetParameter", Resource: parameterArns }] });
}

/** The provider ends a public key with a newline (terraform-provider-tls, tls_private_key). */
function oneLine(key: string): string {
  return key.trim();
}
