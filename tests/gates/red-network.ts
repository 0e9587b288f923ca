import {
  AssociateRouteTableCommand,
  AssociateSubnetCidrBlockCommand,
  AssociateVpcCidrBlockCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateNatGatewayCommand,
  CreateRouteCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteNatGatewayCommand,
  DeleteRouteCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DetachInternetGatewayCommand,
  DisassociateRouteTableCommand,
  DisassociateSubnetCidrBlockCommand,
  DisassociateVpcCidrBlockCommand,
  ModifySubnetAttributeCommand,
  RevokeSecurityGroupIngressCommand,
} from "@aws-sdk/client-ec2";
import { firstSlash64 } from "../../common/cidr.ts";
import type { RedTests } from "./break.ts";
import type { NetworkSeen } from "./network-seen.ts";

export const redNetwork: RedTests<NetworkSeen> = {
  "01.vpc": {
    "a second VPC of ours": async ({ ec2, tags }) => {
      const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.5.0.0/16", TagSpecifications: [{ ResourceType: "vpc", Tags: tags }] }));
      const VpcId = Vpc!.VpcId!;
      return { names: VpcId, mend: () => ec2.send(new DeleteVpcCommand({ VpcId })) };
    },
  },
  "01.vpc-ipv6": {
    "the IPv6 block given back": async ({ ec2, vpc, subnet }) => {
      const own = vpc.Ipv6CidrBlockAssociationSet![0]!;
      await ec2.send(new DisassociateSubnetCidrBlockCommand({ AssociationId: subnet.Ipv6CidrBlockAssociationSet![0]!.AssociationId! }));
      await ec2.send(new DisassociateVpcCidrBlockCommand({ AssociationId: own.AssociationId! }));
      return {
        names: vpc.VpcId!,
        mend: async () => {
          const { Ipv6CidrBlockAssociation } = await ec2.send(new AssociateVpcCidrBlockCommand({ VpcId: vpc.VpcId!, AmazonProvidedIpv6CidrBlock: true }));
          await ec2.send(new AssociateSubnetCidrBlockCommand({ SubnetId: subnet.SubnetId!, Ipv6CidrBlock: firstSlash64(Ipv6CidrBlockAssociation!.Ipv6CidrBlock!) }));
        },
      };
    },
  },
  "01.subnet": {
    "a second subnet": async ({ ec2, vpc, plan }) => {
      const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: vpc.VpcId!, CidrBlock: `${plan}.1.0/24` }));
      const SubnetId = Subnet!.SubnetId!;
      return { names: `${plan}.1.0/24`, mend: () => ec2.send(new DeleteSubnetCommand({ SubnetId })) };
    },
  },
  "01.subnet-ipv6": {
    "the subnet's IPv6 block given back": async ({ ec2, vpc, subnet }) => {
      await ec2.send(new DisassociateSubnetCidrBlockCommand({ AssociationId: subnet.Ipv6CidrBlockAssociationSet![0]!.AssociationId! }));
      const Ipv6CidrBlock = firstSlash64(vpc.Ipv6CidrBlockAssociationSet![0]!.Ipv6CidrBlock!);
      return { names: subnet.SubnetId!, mend: () => ec2.send(new AssociateSubnetCidrBlockCommand({ SubnetId: subnet.SubnetId!, Ipv6CidrBlock })) };
    },
  },
  "01.no-automatic-addresses": {
    "IPv6 addresses on creation": async ({ ec2, subnet: { SubnetId } }) => {
      const assign = (Value: boolean) => ec2.send(new ModifySubnetAttributeCommand({ SubnetId: SubnetId!, AssignIpv6AddressOnCreation: { Value } }));
      await assign(true);
      return { names: SubnetId!, mend: () => assign(false) };
    },
    "public IPv4 addresses on launch": async ({ ec2, subnet: { SubnetId } }) => {
      const assign = (Value: boolean) => ec2.send(new ModifySubnetAttributeCommand({ SubnetId: SubnetId!, MapPublicIpOnLaunch: { Value } }));
      await assign(true);
      return { names: SubnetId!, mend: () => assign(false) };
    },
  },
  "01.internet-gateway": {
    "the gateway detached": async ({ ec2, vpc: { VpcId }, gateway: { InternetGatewayId } }) => {
      const both = { VpcId: VpcId!, InternetGatewayId: InternetGatewayId! };
      await ec2.send(new DetachInternetGatewayCommand(both));
      return { names: VpcId!, mend: () => ec2.send(new AttachInternetGatewayCommand(both)) };
    },
  },
  "01.no-nat-gateway": {
    "a NAT gateway": async ({ ec2, subnet }) => {
      const { NatGateway } = await ec2.send(new CreateNatGatewayCommand({ SubnetId: subnet.SubnetId!, ConnectivityType: "private" }));
      const NatGatewayId = NatGateway!.NatGatewayId!;
      return { names: NatGatewayId, mend: () => ec2.send(new DeleteNatGatewayCommand({ NatGatewayId })) };
    },
  },
  "01.routes": {
    "a route more": async ({ ec2, table: { RouteTableId }, gateway: { InternetGatewayId } }) => {
      const route = { RouteTableId: RouteTableId!, DestinationCidrBlock: "198.51.100.0/24" };
      await ec2.send(new CreateRouteCommand({ ...route, GatewayId: InternetGatewayId! }));
      return { names: "198.51.100.0/24", mend: () => ec2.send(new DeleteRouteCommand(route)) };
    },
    "the IPv6 route removed": async ({ ec2, table: { RouteTableId }, gateway: { InternetGatewayId } }) => {
      const route = { RouteTableId: RouteTableId!, DestinationIpv6CidrBlock: "::/0" };
      await ec2.send(new DeleteRouteCommand(route));
      return { names: "::/0", mend: () => ec2.send(new CreateRouteCommand({ ...route, GatewayId: InternetGatewayId! })) };
    },
    "the subnet on the main table": async ({ ec2, subnet, table }) => {
      await ec2.send(new DisassociateRouteTableCommand({ AssociationId: table.Associations![0]!.RouteTableAssociationId! }));
      return { names: subnet.SubnetId!, mend: () => ec2.send(new AssociateRouteTableCommand({ RouteTableId: table.RouteTableId!, SubnetId: subnet.SubnetId! })) };
    },
  },
  "01.default-group-closed": {
    "a rule in the default group": async ({ ec2, defaultGroup: { GroupId } }) => {
      const rule = { GroupId: GroupId!, IpPermissions: [{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "192.0.2.0/24" }] }] };
      await ec2.send(new AuthorizeSecurityGroupIngressCommand(rule));
      return { names: GroupId!, mend: () => ec2.send(new RevokeSecurityGroupIngressCommand(rule)) };
    },
  },
};
