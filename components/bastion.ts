// Owns the bastion: its identity, its static interface, what it must be (user data), and the group that runs it inside the window.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { ipv6InSubnet } from "./addresses.ts";
import { BastionIdentity } from "./bastion-identity.ts";
import { MachineGroup } from "./machine-group.ts";
import { renderBundle, type BundleArgs } from "./render/bundle.ts";
import { bastionUser, renderUserData } from "./render/cloud-init.ts";
import type { Window } from "./window.ts";

/** A tunnel to the home lab, for hosts that have no IPv6 address. */
export interface WireguardEgress {
  readonly kind: "wireguard";
  /** The home's end: host:port. */
  readonly endpoint: string;
  readonly peerPublicKey: string;
  /** The bastion's address in the tunnel, with prefix length. */
  readonly address: string;
  /** The bastion's private key. It goes to an SSM parameter, never into user data. */
  readonly privateKey: pulumi.Input<string>;
}

/** How the bastion reaches hosts that have no IPv6 address: by a public address of its interface, or by a tunnel home. */
export type Egress = "public-ipv4" | WireguardEgress;

export interface BastionArgs {
  readonly environment: string;
  readonly subnetId: pulumi.Input<string>;
  /** The subnet's /64; the bastion is `::100` in it. */
  readonly subnetIpv6Cidr: pulumi.Input<string>;
  readonly securityGroupId: pulumi.Input<string>;
  /** Fixed IPv4 address in the subnet. */
  readonly address: string;
  readonly availabilityZone: string;
  /** An arm64 type. */
  readonly instanceType: string;
  /** Size of the root disk, in GiB. */
  readonly volumeGiB: number;
  /** Name of the Auto Scaling group, unique per account and region. */
  readonly groupName: string;
  readonly window: Window;
  readonly egress: Egress;
  /** What it serves to the nodes. */
  readonly bundle: Omit<BundleArgs, "address" | "homelab">;
}

/** The SHA-256 of a variant's files, as matchbox must serve them. */
export interface AssetSums {
  readonly vmlinuz: string;
  readonly initramfs: string;
}

/** The `Name` of the instance, and its host name. */
export const bastionName = "tf-bastion";

const ipv6Host = "::100";

/** Debian's own account (wiki.debian.org/Cloud/AmazonEC2Image), and one image of it: another one is another machine. */
const debian = { owner: "136693071363", name: "debian-13-arm64-20251117-2299", rootDevice: "/dev/xvda" };

export class Bastion extends pulumi.ComponentResource {
  readonly groupName: pulumi.Output<string>;
  readonly launchTemplateId: pulumi.Output<string>;
  readonly networkInterfaceId: pulumi.Output<string>;
  readonly address: string;
  readonly ipv6Address: pulumi.Output<string>;
  readonly user = bastionUser;
  /** Opens SSH as `user`. A secret. */
  readonly operatorPrivateKey: pulumi.Output<string>;
  readonly operatorPublicKey: pulumi.Output<string>;
  /** The only host key that it will ever show. */
  readonly hostPublicKey: pulumi.Output<string>;
  /** Variant to what must be served for it. */
  readonly assets: Readonly<Record<string, AssetSums>>;

  constructor(name: string, args: BastionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("moonback:bastion:Bastion", name, {}, opts);
    const parent = { parent: this };
    const tunnel = args.egress === "public-ipv4" ? undefined : args.egress;
    const bundle = renderBundle({ ...args.bundle, address: args.address });

    const identity = new BastionIdentity(
      `${name}-identity`,
      { environment: args.environment, ...(tunnel === undefined ? {} : { wireguardKey: tunnel.privateKey }) },
      parent,
    );
    const ipv6Address = pulumi.output(args.subnetIpv6Cidr).apply((cidr) => ipv6InSubnet(cidr, ipv6Host));
    const nic = new aws.ec2.NetworkInterface(
      `${name}-interface`,
      {
        subnetId: args.subnetId,
        description: "Bastion: addresses that outlive its instances",
        privateIps: [args.address],
        ipv6Addresses: [ipv6Address],
        securityGroups: [args.securityGroupId],
        tags: { Name: bastionName },
      },
      // Two interfaces cannot hold the same address.
      { ...parent, deleteBeforeReplace: true },
    );
    const image = aws.ec2.getAmiOutput(
      { owners: [debian.owner], filters: [{ name: "name", values: [debian.name] }, { name: "architecture", values: ["arm64"] }] },
      parent,
    );
    const userData = pulumi.all([identity.operatorPublicKey, identity.hostPublicKey]).apply(([operatorPublicKey, hostPublicKey]) =>
      renderUserData({
        hostname: bastionName,
        operatorPublicKey,
        hostPublicKey,
        secrets: identity.secrets,
        ...(tunnel === undefined ? {} : { tunnel: { endpoint: tunnel.endpoint, peerPublicKey: tunnel.peerPublicKey, address: tunnel.address } }),
        bundle,
      }),
    );
    const group = new MachineGroup(
      `${name}-group`,
      {
        groupName: args.groupName,
        templateName: `moonback-${args.environment}-bastion`,
        instanceName: bastionName,
        availabilityZone: args.availabilityZone,
        networkInterfaceId: nic.id,
        imageId: image.id,
        rootDevice: debian.rootDevice,
        instanceType: args.instanceType,
        volumeGiB: args.volumeGiB,
        instanceProfileName: identity.instanceProfileName,
        metadataTokens: "required",
        userData,
        window: args.window,
        schedule: "open-and-close",
      },
      // A machine that the schedule starts must find its secrets and be allowed to read them; no property carries that.
      { ...parent, dependsOn: [identity] },
    );

    this.groupName = group.groupName;
    this.launchTemplateId = group.launchTemplateId;
    this.networkInterfaceId = nic.id;
    this.address = args.address;
    this.ipv6Address = ipv6Address;
    this.operatorPrivateKey = identity.operatorPrivateKey;
    this.operatorPublicKey = identity.operatorPublicKey;
    this.hostPublicKey = identity.hostPublicKey;
    this.assets = Object.fromEntries(args.bundle.assets.map(({ variant, vmlinuz, initramfs }) => [variant, { vmlinuz, initramfs }]));
    this.registerOutputs({ groupName: this.groupName, networkInterfaceId: this.networkInterfaceId });
  }
}
