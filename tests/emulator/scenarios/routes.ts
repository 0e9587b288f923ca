// One refused call for every rule about routes and route tables.

import * as ec2 from "@aws-sdk/client-ec2";
import type { Aws, Scenarios } from "../aws.ts";

const noTable = "rtb-00000000000000000";
const noAssociation = "rtbassoc-00000000000000000";
const everywhere = "0.0.0.0/0";

/** A route table, its VPC, and the gateway attached to it. */
async function routed(aws: Aws): Promise<{ vpc: string; gateway: string; table: string }> {
  const { id } = await aws.vpc();
  return { vpc: id, gateway: await aws.gateway(id), table: await aws.routeTable(id) };
}

async function associated(aws: Aws): Promise<{ vpc: string; subnet: string; table: string; association: string }> {
  const { vpc, subnet } = await aws.network();
  const table = await aws.routeTable(vpc);
  const made = await aws.ec2.send(new ec2.AssociateRouteTableCommand({ RouteTableId: table, SubnetId: subnet }));
  return { vpc, subnet, table, association: made.AssociationId! };
}

export const routes: Scenarios = {
  "route-table-unknown-vpc": () => new ec2.CreateRouteTableCommand({ VpcId: "vpc-00000000000000000" }),
  "route-unknown-table": async (aws) => new ec2.CreateRouteCommand({
    RouteTableId: noTable, DestinationCidrBlock: everywhere, GatewayId: (await routed(aws)).gateway,
  }),
  "route-unknown-gateway": async (aws) => new ec2.CreateRouteCommand({
    RouteTableId: (await routed(aws)).table, DestinationCidrBlock: everywhere, GatewayId: "igw-00000000000000000",
  }),
  "route-malformed-cidr": async (aws) => {
    const { table, gateway } = await routed(aws);
    return new ec2.CreateRouteCommand({ RouteTableId: table, DestinationIpv6CidrBlock: "::/200", GatewayId: gateway });
  },
  "route-exists": async (aws) => {
    const { table, gateway } = await routed(aws);
    const route = { RouteTableId: table, DestinationIpv6CidrBlock: "::/0", GatewayId: gateway };
    await aws.ec2.send(new ec2.CreateRouteCommand(route));
    return new ec2.CreateRouteCommand(route);
  },
  "route-gateway-of-other-network": async (aws) => new ec2.CreateRouteCommand({
    RouteTableId: (await routed(aws)).table, DestinationCidrBlock: everywhere, GatewayId: (await routed(aws)).gateway,
  }),
  "route-unknown-nat-gateway": async (aws) => new ec2.CreateRouteCommand({
    RouteTableId: (await routed(aws)).table, DestinationCidrBlock: everywhere, NatGatewayId: "nat-00000000000000000",
  }),
  "replace-route-gateway-of-other-network": async (aws) => {
    const { table, gateway } = await routed(aws);
    await aws.ec2.send(new ec2.CreateRouteCommand({ RouteTableId: table, DestinationCidrBlock: everywhere, GatewayId: gateway }));
    return new ec2.ReplaceRouteCommand({ RouteTableId: table, DestinationCidrBlock: everywhere, GatewayId: await aws.gateway() });
  },
  "replace-missing-route": async (aws) => {
    const { table, gateway } = await routed(aws);
    return new ec2.ReplaceRouteCommand({ RouteTableId: table, DestinationCidrBlock: everywhere, GatewayId: gateway });
  },
  "delete-missing-route": async (aws) => new ec2.DeleteRouteCommand({ RouteTableId: (await routed(aws)).table, DestinationCidrBlock: everywhere }),
  "delete-route-unknown-table": () => new ec2.DeleteRouteCommand({ RouteTableId: noTable, DestinationCidrBlock: everywhere }),
  "delete-local-route": async (aws) => new ec2.DeleteRouteCommand({ RouteTableId: (await routed(aws)).table, DestinationCidrBlock: "10.10.0.0/16" }),
};

export const routeTables: Scenarios = {
  "associate-unknown-table": async (aws) => new ec2.AssociateRouteTableCommand({ RouteTableId: noTable, SubnetId: (await aws.network()).subnet }),
  "associate-table-unknown-subnet": async (aws) => new ec2.AssociateRouteTableCommand({
    RouteTableId: (await routed(aws)).table, SubnetId: "subnet-00000000000000000",
  }),
  "table-of-other-network": async (aws) => new ec2.AssociateRouteTableCommand({
    RouteTableId: (await routed(aws)).table, SubnetId: (await aws.network()).subnet,
  }),
  "subnet-already-has-table": async (aws) => {
    const { vpc, subnet } = await associated(aws);
    return new ec2.AssociateRouteTableCommand({ RouteTableId: await aws.routeTable(vpc), SubnetId: subnet });
  },
  "replace-unknown-association": async (aws) => new ec2.ReplaceRouteTableAssociationCommand({
    AssociationId: noAssociation, RouteTableId: (await routed(aws)).table,
  }),
  "replace-association-unknown-table": async (aws) => new ec2.ReplaceRouteTableAssociationCommand({
    AssociationId: (await associated(aws)).association, RouteTableId: noTable,
  }),
  "replace-association-of-other-network": async (aws) => new ec2.ReplaceRouteTableAssociationCommand({
    AssociationId: (await associated(aws)).association, RouteTableId: (await routed(aws)).table,
  }),
  "disassociate-unknown-association": () => new ec2.DisassociateRouteTableCommand({ AssociationId: noAssociation }),
  "disassociate-main-table": async (aws) => {
    const main = await aws.mainTable((await aws.vpc()).id);
    return new ec2.DisassociateRouteTableCommand({ AssociationId: main.Associations![0]!.RouteTableAssociationId! });
  },
  "delete-unknown-table": () => new ec2.DeleteRouteTableCommand({ RouteTableId: noTable }),
  "delete-associated-table": async (aws) => new ec2.DeleteRouteTableCommand({ RouteTableId: (await associated(aws)).table }),
  "delete-main-table": async (aws) => {
    const main = await aws.mainTable((await aws.vpc()).id);
    return new ec2.DeleteRouteTableCommand({ RouteTableId: main.RouteTableId! });
  },
};
