// Owns the VPC: one public subnet, its way out, its security groups and its flow log. No NAT gateway, ever.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { firstSlash64 } from "../common/cidr.ts";
import { FlowLog } from "./flow-log.ts";
import { SecurityGroups } from "./security-groups.ts";

export interface NetworkArgs {
  readonly environment: string;
  /** `Name` of what there is once. */
  readonly title: string;
  /** IPv4 range of the VPC. */
  readonly vpcCidr: string;
  /** IPv4 range of the one subnet, inside `vpcCidr`. */
  readonly subnetCidr: string;
  readonly availabilityZone: string;
  /** The one IPv6 range that may open SSH to the bastion. */
  readonly operatorPrefix: string | undefined;
  /** UDP port of the tunnel home, where the bastion leaves by one. */
  readonly tunnelPort?: number | undefined;
  readonly flowLogRetentionDays: number;
}

/** AWS retries a delete that something still hangs on; the provider's own limit of 20 minutes says nothing for too long. */
const deleteWithin = { customTimeouts: { delete: "5m" } };

export class Network extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  readonly vpcIpv6Cidr: pulumi.Output<string>;
  readonly subnetId: pulumi.Output<string>;
  readonly subnetIpv6Cidr: pulumi.Output<string>;
  readonly bastionSecurityGroupId: pulumi.Output<string>;
  readonly nodeSecurityGroupId: pulumi.Output<string>;
  readonly flowLogGroupName: pulumi.Output<string>;

  constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("moonback:network:Network", name, {}, opts);
    const parent = { parent: this };
    const title = { Name: args.title };

    const vpc = new aws.ec2.Vpc(
      `${name}-vpc`,
      {
        cidrBlock: args.vpcCidr,
        assignGeneratedIpv6CidrBlock: true,
        enableDnsSupport: true,
        enableDnsHostnames: true,
        tags: title,
      },
      { ...parent, ...deleteWithin },
    );
    const gateway = new aws.ec2.InternetGateway(`${name}-igw`, { vpcId: vpc.id, tags: title }, parent);
    const subnetIpv6Cidr = vpc.ipv6CidrBlock.apply(firstSlash64);
    const subnet = new aws.ec2.Subnet(
      `${name}-subnet`,
      {
        vpcId: vpc.id,
        cidrBlock: args.subnetCidr,
        ipv6CidrBlock: subnetIpv6Cidr,
        availabilityZone: args.availabilityZone,
        // Only the bastion's own interface gets addresses of the outside world, and it asks for them by itself.
        assignIpv6AddressOnCreation: false,
        mapPublicIpOnLaunch: false,
        tags: title,
      },
      // Two subnets cannot hold the same range, so a replacement must wait until the old one is gone.
      { ...parent, ...deleteWithin, deleteBeforeReplace: true },
    );
    const routes = new aws.ec2.RouteTable(
      `${name}-routes`,
      {
        vpcId: vpc.id,
        routes: [
          { cidrBlock: "0.0.0.0/0", gatewayId: gateway.id },
          { ipv6CidrBlock: "::/0", gatewayId: gateway.id },
        ],
        tags: title,
      },
      parent,
    );
    new aws.ec2.RouteTableAssociation(`${name}-routes-subnet`, { subnetId: subnet.id, routeTableId: routes.id }, parent);

    const groups = new SecurityGroups(
      `${name}-groups`,
      { vpcId: vpc.id, vpcCidr: args.vpcCidr, subnetCidr: args.subnetCidr, operatorPrefix: args.operatorPrefix, tunnelPort: args.tunnelPort },
      parent,
    );
    const flowLog = new FlowLog(
      `${name}-flow-log`,
      { vpc, environment: args.environment, retentionDays: args.flowLogRetentionDays },
      parent,
    );

    this.vpcId = vpc.id;
    this.vpcIpv6Cidr = vpc.ipv6CidrBlock;
    this.subnetId = subnet.id;
    this.subnetIpv6Cidr = subnetIpv6Cidr;
    this.bastionSecurityGroupId = groups.bastionId;
    this.nodeSecurityGroupId = groups.nodeId;
    this.flowLogGroupName = flowLog.logGroupName;
    this.registerOutputs({ vpcId: this.vpcId, subnetId: this.subnetId });
  }
}
