"""Refusals of the route and route table calls."""

from __future__ import annotations

from typing import Any

from call import Call

from .addresses import network
from .table import moto_refuses, refuses

DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock")


def _route(call: Call) -> Any:
    """The route of the call's table to the call's destination."""
    table = call.route_table(call.get("RouteTableId"))
    wanted = [network(call.get(key)) for key in DESTINATIONS if call.get(key)]
    for route in table.routes if table else []:
        if network(route.destination_cidr_block or route.destination_ipv6_cidr_block) in wanted:
            return route
    return None


moto_refuses("route-table-unknown-vpc", "ec2:CreateRouteTable", "InvalidVpcID.NotFound", "The VPC must exist (API error codes).")
moto_refuses("route-unknown-table", "ec2:CreateRoute", "InvalidRouteTableID.NotFound", "The route table must exist (API error codes).")
moto_refuses("route-unknown-gateway", "ec2:CreateRoute", "InvalidInternetGatewayID.NotFound", "The gateway must exist (API error codes).")


@refuses("route-malformed-cidr", "ec2:CreateRoute", "InvalidParameterValue", "The destination must parse (API error codes).")
def malformed_cidr(call: Call) -> str | None:
    for key, version in zip(DESTINATIONS, (4, 6), strict=True):
        given = call.get(key)
        block = network(given)
        if given and (block is None or block.version != version):
            return f"Value ({given}) for parameter {key[0].lower()}{key[1:]} is invalid. This is not a valid CIDR block."
    return None


@refuses(
    "route-exists", "ec2:CreateRoute", "RouteAlreadyExists",
    "A table has one route for a destination, the local ones included (API error codes; moto overwrites IPv6 and local routes).",
)
def exists(call: Call) -> str | None:
    if _route(call) is None:
        return None
    return f"The route identified by {call.get(DESTINATIONS[0]) or call.get(DESTINATIONS[1])} already exists."


@refuses(
    "route-gateway-of-other-network", "ec2:CreateRoute", "InvalidParameterValue",
    "An internet gateway is a target only in the VPC it is attached to (API CreateRoute).",
)
@refuses(
    "replace-route-gateway-of-other-network", "ec2:ReplaceRoute", "InvalidParameterValue",
    "An internet gateway is a target only in the VPC it is attached to (API ReplaceRoute).",
)
def gateway_of_other_network(call: Call) -> str | None:
    table = call.route_table(call.get("RouteTableId"))
    igw = call.ec2.internet_gateways.get(call.get("GatewayId"))
    if table is None or igw is None or (igw.vpc and igw.vpc.id == table.vpc_id):
        return None
    return f"route table {table.id} and network gateway {igw.id} belong to different networks"


@refuses(
    "route-unknown-nat-gateway", "ec2:CreateRoute", "InvalidNatGatewayID.NotFound",
    "The NAT gateway must exist (API error codes; moto makes a route to nowhere).",
)
def unknown_nat_gateway(call: Call) -> str | None:
    wanted = call.get("NatGatewayId")
    if not wanted or wanted in call.ec2.nat_gateways:
        return None
    return f"The natGateway ID '{wanted}' does not exist"


moto_refuses(
    "replace-missing-route", "ec2:ReplaceRoute", "InvalidParameterValue",
    "Only an existing route is replaced (EC2 answers: There is no route defined for … in the route table).",
)
moto_refuses("delete-missing-route", "ec2:DeleteRoute", "InvalidRoute.NotFound", "The route must exist (API error codes).")
moto_refuses("delete-route-unknown-table", "ec2:DeleteRoute", "InvalidRouteTableID.NotFound", "The route table must exist (API error codes).")


@refuses(
    "delete-local-route", "ec2:DeleteRoute", "InvalidParameterValue",
    "The local route cannot be removed (VPC user guide, Route table concepts).",
)
def delete_local(call: Call) -> str | None:
    route = _route(call)
    if route is None or not route.local:
        return None
    return f"cannot remove local route {route.destination_cidr_block or route.destination_ipv6_cidr_block} in route table {route.route_table.id}"


moto_refuses("associate-unknown-table", "ec2:AssociateRouteTable", "InvalidRouteTableID.NotFound", "The route table must exist (API error codes).")
moto_refuses("associate-table-unknown-subnet", "ec2:AssociateRouteTable", "InvalidSubnetID.NotFound", "The subnet must exist (API error codes).")


@refuses(
    "table-of-other-network", "ec2:AssociateRouteTable", "InvalidParameterValue",
    "A subnet uses a route table of its own VPC (API AssociateRouteTable).",
)
def table_of_other_network(call: Call) -> str | None:
    table, subnet = call.route_table(call.get("RouteTableId")), call.subnet(call.get("SubnetId"))
    if table is None or subnet is None or table.vpc_id == subnet.vpc_id:
        return None
    return f"Route table {table.id} and subnet {subnet.id} belong to different networks"


@refuses(
    "subnet-already-has-table", "ec2:AssociateRouteTable", "Resource.AlreadyAssociated",
    "A subnet is associated with one route table; a second one replaces it by ReplaceRouteTableAssociation (API error codes).",
)
def already_associated(call: Call) -> str | None:
    table, subnet_id = call.route_table(call.get("RouteTableId")), call.get("SubnetId")
    if table is None or not subnet_id:
        return None
    others = (t for t in call.ec2.route_tables.values() if t.id != table.id)
    if any(subnet_id in other._associations.values() for other in others):
        return f"the specified association for route table {table.id} conflicts with an existing association"
    return None


moto_refuses("replace-unknown-association", "ec2:ReplaceRouteTableAssociation", "InvalidAssociationID.NotFound", "The association must exist (API error codes).")
moto_refuses("replace-association-unknown-table", "ec2:ReplaceRouteTableAssociation", "InvalidRouteTableID.NotFound", "The route table must exist (API error codes).")


@refuses(
    "replace-association-of-other-network", "ec2:ReplaceRouteTableAssociation", "InvalidParameterValue",
    "A subnet uses a route table of its own VPC (API ReplaceRouteTableAssociation).",
)
def replacement_of_other_network(call: Call) -> str | None:
    table, association = call.route_table(call.get("RouteTableId")), call.get("AssociationId")
    current = next((t for t in call.ec2.route_tables.values() if association in t.all_associations_ids), None)
    if table is None or current is None or table.vpc_id == current.vpc_id:
        return None
    return f"Route table {table.id} and association {association} belong to different networks"


moto_refuses("disassociate-unknown-association", "ec2:DisassociateRouteTable", "InvalidAssociationID.NotFound", "The association must exist (API error codes).")


@refuses(
    "disassociate-main-table", "ec2:DisassociateRouteTable", "InvalidParameterValue",
    "The main association is replaced, never removed (API DisassociateRouteTable).",
)
def disassociate_main(call: Call) -> str | None:
    association = call.get("AssociationId")
    if any(t.main_association_id == association for t in call.ec2.route_tables.values()):
        return f"cannot disassociate the main route table association {association}"
    return None


moto_refuses("delete-unknown-table", "ec2:DeleteRouteTable", "InvalidRouteTableID.NotFound", "The route table must exist (API error codes).")
moto_refuses(
    "delete-associated-table", "ec2:DeleteRouteTable", "DependencyViolation",
    "A route table is disassociated from its subnets before it is deleted (API DeleteRouteTable).",
)


@refuses("delete-main-table", "ec2:DeleteRouteTable", "DependencyViolation", "The main route table cannot be deleted (API DeleteRouteTable).")
def delete_main(call: Call) -> str | None:
    table = call.route_table(call.get("RouteTableId"))
    if table is None or table.main_association_id is None:
        return None
    return f"The routeTable '{table.id}' has dependencies and cannot be deleted."
