// Owns who may talk to whom in the VPC: the closed default group, the bastion's and the nodes'.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { bastionServices } from "./ports.ts";

export interface SecurityGroupsArgs {
  readonly vpcId: pulumi.Input<string>;
  readonly vpcCidr: string;
  readonly subnetCidr: string;
  /** The one IPv6 range that may open SSH to the bastion; without it nobody outside the VPC may. */
  readonly operatorPrefix: string | undefined;
  /** UDP port of the tunnel home, where the bastion leaves by one. */
  readonly tunnelPort?: number | undefined;
}

type Rule = aws.types.input.ec2.SecurityGroupIngress;

/**
 * Rules are written inline, not as resources of their own: then a rule that somebody adds by hand is drift,
 * shown by the next preview and removed by the next up.
 */
export class SecurityGroups extends pulumi.ComponentResource {
  readonly bastionId: pulumi.Output<string>;
  readonly nodeId: pulumi.Output<string>;

  constructor(name: string, args: SecurityGroupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("moonback:network:SecurityGroups", name, {}, opts);
    const parent = { parent: this };
    // A group named in another's rules cannot be deleted, so a new one comes first. Both may have the one name, since only
    // another VPC makes a group a new one.
    const createFirst = { ...parent, deleteBeforeReplace: false };

    // What is put into a VPC without a group lands in the default one: leave nothing open there.
    new aws.ec2.DefaultSecurityGroup(`${name}-default`, { vpcId: args.vpcId, ingress: [], egress: [], tags: { Name: "default-closed" } }, parent);

    const bastion = new aws.ec2.SecurityGroup(
      `${name}-bastion`,
      {
        name: "bastion-sg",
        description: "Bastion: SSH from the operator, netboot services for the nodes",
        vpcId: args.vpcId,
        ingress: bastionIngress(args),
        egress: [...webEgress, ...(args.tunnelPort === undefined ? [] : [outward("udp", args.tunnelPort, "tunnel home")]), allWithin(args.vpcCidr, "everything inside the VPC")],
        tags: { Name: "bastion-sg" },
      },
      createFirst,
    );

    const node = new aws.ec2.SecurityGroup(
      `${name}-node`,
      {
        name: "node-sg",
        description: "Talos nodes: each other and the bastion, nothing outside the VPC",
        vpcId: args.vpcId,
        ingress: [
          { protocol: "-1", fromPort: 0, toPort: 0, self: true, description: "between nodes" },
          { protocol: "-1", fromPort: 0, toPort: 0, securityGroups: [bastion.id], description: "from the bastion" },
        ],
        egress: [allWithin(args.vpcCidr, "inside the VPC only")],
        tags: { Name: "node-sg" },
      },
      createFirst,
    );

    this.bastionId = bastion.id;
    this.nodeId = node.id;
    this.registerOutputs({ bastionId: this.bastionId, nodeId: this.nodeId });
  }
}

/** The bastion leaves for package registries and image registries; IPv4 matters for hosts without IPv6. */
const webEgress: Rule[] = [80, 443].map((port) => outward("tcp", port, `web, port ${port}`));

function bastionIngress({ subnetCidr, operatorPrefix }: SecurityGroupsArgs): Rule[] {
  const services = bastionServices.map(({ name, protocol, fromPort, toPort }) => ({
    protocol,
    fromPort,
    toPort,
    cidrBlocks: [subnetCidr],
    description: `${name}, from the nodes`,
  }));
  if (operatorPrefix === undefined) return services;
  return [{ protocol: "tcp", fromPort: 22, toPort: 22, ipv6CidrBlocks: [operatorPrefix], description: "SSH from the operator" }, ...services];
}

function allWithin(cidr: string, description: string): Rule {
  return { protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: [cidr], description };
}

function outward(protocol: string, port: number, description: string): Rule {
  return { protocol, fromPort: port, toPort: port, cidrBlocks: ["0.0.0.0/0"], ipv6CidrBlocks: ["::/0"], description };
}
