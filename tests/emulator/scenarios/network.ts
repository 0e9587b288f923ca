// One refused call for every rule about VPCs, subnets and internet gateways.

import * as ec2 from "@aws-sdk/client-ec2";
import type { Scenarios } from "../aws.ts";

const noVpc = "vpc-00000000000000000";
const noSubnet = "subnet-00000000000000000";
const noGateway = "igw-00000000000000000";

const deleteVpc = (VpcId: string): ec2.DeleteVpcCommand => new ec2.DeleteVpcCommand({ VpcId });
const createSubnet = (input: ec2.CreateSubnetCommandInput): ec2.CreateSubnetCommand => new ec2.CreateSubnetCommand(input);

export const vpcs: Scenarios = {
  "vpc-size": () => new ec2.CreateVpcCommand({ CidrBlock: "10.0.0.0/8" }),
  "vpc-malformed-cidr": () => new ec2.CreateVpcCommand({ CidrBlock: "10.10.0.0/33" }),
  "modify-unknown-vpc": () => new ec2.ModifyVpcAttributeCommand({ VpcId: noVpc, EnableDnsSupport: { Value: true } }),
  "vpc-attributes-one-at-a-time": async (aws) => new ec2.ModifyVpcAttributeCommand({
    VpcId: (await aws.vpc()).id, EnableDnsSupport: { Value: true }, EnableDnsHostnames: { Value: true },
  }),
  "delete-unknown-vpc": () => deleteVpc(noVpc),
  "vpc-has-subnets": async (aws) => deleteVpc((await aws.network()).vpc),
  "vpc-has-internet-gateway": async (aws) => {
    const { id } = await aws.vpc();
    await aws.gateway(id);
    return deleteVpc(id);
  },
  "vpc-has-egress-only-gateway": async (aws) => {
    const { id } = await aws.vpc(true);
    await aws.ec2.send(new ec2.CreateEgressOnlyInternetGatewayCommand({ VpcId: id }));
    return deleteVpc(id);
  },
  "vpc-has-route-tables": async (aws) => {
    const { id } = await aws.vpc();
    await aws.routeTable(id);
    return deleteVpc(id);
  },
  "vpc-has-security-groups": async (aws) => {
    const { id } = await aws.vpc();
    await aws.group(id);
    return deleteVpc(id);
  },
  "vpc-has-network-acls": async (aws) => {
    const { id } = await aws.vpc();
    await aws.ec2.send(new ec2.CreateNetworkAclCommand({ VpcId: id }));
    return deleteVpc(id);
  },
  "vpc-has-endpoints": async (aws) => {
    const { id } = await aws.vpc();
    await aws.ec2.send(new ec2.CreateVpcEndpointCommand({ VpcId: id, ServiceName: "com.amazonaws.eu-west-1.s3", VpcEndpointType: "Gateway" }));
    return deleteVpc(id);
  },
  "associate-block-unknown-vpc": () => new ec2.AssociateVpcCidrBlockCommand({ VpcId: noVpc, AmazonProvidedIpv6CidrBlock: true }),
  "vpc-primary-block": async (aws) => {
    const { id } = await aws.vpc();
    const seen = await aws.ec2.send(new ec2.DescribeVpcsCommand({ VpcIds: [id] }));
    return new ec2.DisassociateVpcCidrBlockCommand({ AssociationId: seen.Vpcs![0]!.CidrBlockAssociationSet![0]!.AssociationId! });
  },
  "vpc-unknown-block-association": () => new ec2.DisassociateVpcCidrBlockCommand({ AssociationId: "vpc-cidr-assoc-00000000000000000" }),
  "vpc-block-in-use": async (aws) => {
    const { vpc } = await aws.dualStack();
    const seen = await aws.ec2.send(new ec2.DescribeVpcsCommand({ VpcIds: [vpc] }));
    return new ec2.DisassociateVpcCidrBlockCommand({ AssociationId: seen.Vpcs![0]!.Ipv6CidrBlockAssociationSet![0]!.AssociationId! });
  },
};

export const subnets: Scenarios = {
  "subnet-unknown-vpc": () => createSubnet({ VpcId: noVpc, CidrBlock: "10.10.0.0/24" }),
  "subnet-malformed-cidr": async (aws) => createSubnet({ VpcId: (await aws.vpc()).id, CidrBlock: "10.10.0.0/99" }),
  "subnet-outside-vpc": async (aws) => createSubnet({ VpcId: (await aws.vpc()).id, CidrBlock: "10.11.0.0/24" }),
  "subnet-overlap": async (aws) => createSubnet({ VpcId: (await aws.network()).vpc, CidrBlock: "10.10.0.128/25" }),
  "subnet-size": async (aws) => createSubnet({ VpcId: (await aws.vpc()).id, CidrBlock: "10.10.0.0/29" }),
  // A real zone, of another region.
  "subnet-unknown-zone": async (aws) => createSubnet({ VpcId: (await aws.vpc()).id, CidrBlock: "10.10.0.0/24", AvailabilityZone: "us-east-1a" }),
  "subnet-ipv6-length": async (aws) => {
    const { id, ipv6 } = await aws.vpc(true);
    return createSubnet({ VpcId: id, CidrBlock: "10.10.0.0/24", Ipv6CidrBlock: ipv6.replace("/56", "/63") });
  },
  "subnet-ipv6-outside-vpc": async (aws) => createSubnet({ VpcId: (await aws.vpc(true)).id, CidrBlock: "10.10.0.0/24", Ipv6CidrBlock: "2001:db8::/64" }),
  "subnet-ipv6-overlap": async (aws) => {
    const { vpc, six } = await aws.dualStack();
    return createSubnet({ VpcId: vpc, CidrBlock: "10.10.1.0/24", Ipv6CidrBlock: six(0) });
  },
  "associate-unknown-subnet": () => new ec2.AssociateSubnetCidrBlockCommand({ SubnetId: noSubnet, Ipv6CidrBlock: "2001:db8::/64" }),
  "associate-subnet-ipv6-length": async (aws) => {
    const { id, ipv6 } = await aws.vpc(true);
    return new ec2.AssociateSubnetCidrBlockCommand({ SubnetId: await aws.subnet(id), Ipv6CidrBlock: ipv6.replace("/56", "/65") });
  },
  "associate-subnet-ipv6-outside-vpc": async (aws) => {
    const { id } = await aws.vpc(true);
    return new ec2.AssociateSubnetCidrBlockCommand({ SubnetId: await aws.subnet(id), Ipv6CidrBlock: "2001:db8::/64" });
  },
  "associate-subnet-ipv6-overlap": async (aws) => {
    const { vpc, six } = await aws.dualStack();
    return new ec2.AssociateSubnetCidrBlockCommand({ SubnetId: await aws.subnet(vpc, "10.10.1.0/24"), Ipv6CidrBlock: six(0) });
  },
  "subnet-unknown-block-association": () => new ec2.DisassociateSubnetCidrBlockCommand({ AssociationId: "subnet-cidr-assoc-00000000000000000" }),
  "subnet-block-assigns-addresses": async (aws) => {
    const { subnet, association } = await aws.dualStack();
    await aws.ec2.send(new ec2.ModifySubnetAttributeCommand({ SubnetId: subnet, AssignIpv6AddressOnCreation: { Value: true } }));
    return new ec2.DisassociateSubnetCidrBlockCommand({ AssociationId: association });
  },
  "subnet-block-has-addresses": async (aws) => {
    const { subnet, association } = await aws.dualStack();
    await aws.interface(subnet, { Ipv6AddressCount: 1 });
    return new ec2.DisassociateSubnetCidrBlockCommand({ AssociationId: association });
  },
  "modify-unknown-subnet": () => new ec2.ModifySubnetAttributeCommand({ SubnetId: noSubnet, MapPublicIpOnLaunch: { Value: true } }),
  "subnet-assigns-ipv6-without-block": async (aws) => new ec2.ModifySubnetAttributeCommand({
    SubnetId: (await aws.network()).subnet, AssignIpv6AddressOnCreation: { Value: true },
  }),
  "subnet-attributes-one-at-a-time": async (aws) => new ec2.ModifySubnetAttributeCommand({
    SubnetId: (await aws.dualStack()).subnet, AssignIpv6AddressOnCreation: { Value: true }, MapPublicIpOnLaunch: { Value: true },
  }),
  "delete-unknown-subnet": () => new ec2.DeleteSubnetCommand({ SubnetId: noSubnet }),
  "subnet-in-use": async (aws) => {
    const { subnet } = await aws.network();
    await aws.interface(subnet);
    return new ec2.DeleteSubnetCommand({ SubnetId: subnet });
  },
};

export const gateways: Scenarios = {
  "gateway-already-attached": async (aws) => {
    const [first, second] = [await aws.vpc(), await aws.vpc()];
    return new ec2.AttachInternetGatewayCommand({ InternetGatewayId: await aws.gateway(first.id), VpcId: second.id });
  },
  "attach-unknown-gateway": async (aws) => new ec2.AttachInternetGatewayCommand({ InternetGatewayId: noGateway, VpcId: (await aws.vpc()).id }),
  "attach-unknown-vpc": async (aws) => new ec2.AttachInternetGatewayCommand({ InternetGatewayId: await aws.gateway(), VpcId: noVpc }),
  "vpc-second-gateway": async (aws) => {
    const { id } = await aws.vpc();
    await aws.gateway(id);
    return new ec2.AttachInternetGatewayCommand({ InternetGatewayId: await aws.gateway(), VpcId: id });
  },
  "gateway-not-attached": async (aws) => new ec2.DetachInternetGatewayCommand({ InternetGatewayId: await aws.gateway(), VpcId: (await aws.vpc()).id }),
  "detach-unknown-gateway": async (aws) => new ec2.DetachInternetGatewayCommand({ InternetGatewayId: noGateway, VpcId: (await aws.vpc()).id }),
  "gateway-serves-public-addresses": async (aws) => {
    const { vpc, subnet } = await aws.network();
    const gateway = await aws.gateway(vpc);
    const elastic = await aws.ec2.send(new ec2.AllocateAddressCommand({ Domain: "vpc" }));
    const network = await aws.interface(subnet);
    await aws.ec2.send(new ec2.AssociateAddressCommand({ AllocationId: elastic.AllocationId!, NetworkInterfaceId: network }));
    return new ec2.DetachInternetGatewayCommand({ InternetGatewayId: gateway, VpcId: vpc });
  },
  "gateway-still-attached": async (aws) => new ec2.DeleteInternetGatewayCommand({ InternetGatewayId: await aws.gateway((await aws.vpc()).id) }),
  "delete-unknown-gateway": () => new ec2.DeleteInternetGatewayCommand({ InternetGatewayId: noGateway }),
};
