"""Refusals of the subnet calls."""

from __future__ import annotations

from call import Call

from .addresses import address, inside, network
from .table import moto_refuses, refuses

IPV6_LENGTHS = range(44, 65, 4)

moto_refuses("subnet-unknown-vpc", "ec2:CreateSubnet", "InvalidVpcID.NotFound", "The VPC must exist (API error codes).")
moto_refuses("subnet-malformed-cidr", "ec2:CreateSubnet", "InvalidParameterValue", "The CIDR block must parse (API error codes).")
moto_refuses("subnet-outside-vpc", "ec2:CreateSubnet", "InvalidSubnet.Range", "A subnet lies inside its VPC's blocks (API CreateSubnet).")
moto_refuses("subnet-overlap", "ec2:CreateSubnet", "InvalidSubnet.Conflict", "Subnets of a VPC do not overlap (API CreateSubnet).")


@refuses("subnet-size", "ec2:CreateSubnet", "InvalidSubnet.Range", "A subnet's IPv4 block is between /16 and /28 (API CreateSubnet).")
def size(call: Call) -> str | None:
    block = network(call.get("CidrBlock"))
    if block is None or block.version != 4 or 16 <= block.prefixlen <= 28:
        return None
    return f"The CIDR '{block}' is invalid."


@refuses(
    "subnet-unknown-zone", "ec2:CreateSubnet", "InvalidParameterValue",
    "The Availability Zone is one of the region's (API CreateSubnet; moto takes any region's).",
)
def unknown_zone(call: Call) -> str | None:
    zones = call.ec2.describe_availability_zones()
    for parameter, known in (("AvailabilityZone", [z.name for z in zones]), ("AvailabilityZoneId", [z.zone_id for z in zones])):
        given = call.get(parameter)
        if given and given not in known:
            return (
                f"Value ({given}) for parameter {parameter} is invalid. "
                f"Subnets can currently only be created in the following availability zones: {', '.join(known)}."
            )
    return None


def _vpc_id(call: Call) -> str | None:
    if call.action == "CreateSubnet":
        return call.get("VpcId")
    subnet = call.subnet(call.get("SubnetId"))
    return subnet.vpc_id if subnet else None


@refuses(
    "subnet-ipv6-length", "ec2:CreateSubnet", "InvalidParameterValue",
    "An IPv6 subnet's prefix length is a multiple of 4 between /44 and /64 (VPC user guide, Subnet sizing for IPv6).",
)
@refuses(
    "associate-subnet-ipv6-length", "ec2:AssociateSubnetCidrBlock", "InvalidParameterValue",
    "An IPv6 subnet's prefix length is a multiple of 4 between /44 and /64 (VPC user guide, Subnet sizing for IPv6).",
)
def ipv6_length(call: Call) -> str | None:
    given = call.get("Ipv6CidrBlock")
    block = network(given)
    if given is None or (block is not None and block.version == 6 and block.prefixlen in IPV6_LENGTHS):
        return None
    return f"invalid value for parameter ipv6-cidr-block: {given}"


@refuses(
    "subnet-ipv6-outside-vpc", "ec2:CreateSubnet", "InvalidSubnet.Range",
    "A subnet's IPv6 block lies inside its VPC's (API CreateSubnet).",
)
@refuses(
    "associate-subnet-ipv6-outside-vpc", "ec2:AssociateSubnetCidrBlock", "InvalidSubnet.Range",
    "A subnet's IPv6 block lies inside its VPC's (API AssociateSubnetCidrBlock).",
)
def ipv6_outside_vpc(call: Call) -> str | None:
    block, vpc = network(call.get("Ipv6CidrBlock")), call.vpc(_vpc_id(call))
    if block is None or vpc is None:
        return None
    blocks = [network(a["cidr_block"]) for a in vpc.get_cidr_block_association_set(ipv6=True)]
    if any(outer is not None and inside(block, outer) for outer in blocks):
        return None
    return f"The IPv6 CIDR '{block}' is invalid."


@refuses(
    "subnet-ipv6-overlap", "ec2:CreateSubnet", "InvalidSubnet.Conflict",
    "IPv6 blocks of a VPC's subnets do not overlap (API CreateSubnet).",
)
@refuses(
    "associate-subnet-ipv6-overlap", "ec2:AssociateSubnetCidrBlock", "InvalidSubnet.Conflict",
    "IPv6 blocks of a VPC's subnets do not overlap (API AssociateSubnetCidrBlock).",
)
def ipv6_overlap(call: Call) -> str | None:
    block = network(call.get("Ipv6CidrBlock"))
    vpc_id = _vpc_id(call)
    if block is None or vpc_id is None:
        return None
    for subnet in call.subnets(vpc_id):
        for association in subnet.ipv6_cidr_block_associations.values():
            taken = network(association["ipv6CidrBlock"])
            if taken is not None and taken.overlaps(block):
                return f"The IPv6 CIDR '{block}' conflicts with another subnet"
    return None


moto_refuses("associate-unknown-subnet", "ec2:AssociateSubnetCidrBlock", "InvalidSubnetID.NotFound", "The subnet must exist (API error codes).")
moto_refuses(
    "subnet-unknown-block-association", "ec2:DisassociateSubnetCidrBlock", "InvalidSubnetCidrBlockAssociationID.NotFound",
    "The association must exist (API error codes).",
)


@refuses(
    "subnet-block-assigns-addresses", "ec2:DisassociateSubnetCidrBlock", "InvalidCidrBlock.InUse",
    "An IPv6 block stays while its subnet assigns addresses on creation (seen in terraform-provider-aws#1519).",
)
def block_assigns_addresses(call: Call) -> str | None:
    subnet = call.ec2.get_subnet_from_ipv6_association(call.get("AssociationId"))
    if subnet is None or not subnet.assign_ipv6_address_on_creation:
        return None
    return (
        f"The subnet IPv6 CIDR block with association ID {call.get('AssociationId')} may not be disassociated, "
        "because its subnet has assign-ipv6-address-on-creation set to true."
    )


@refuses(
    "subnet-block-has-addresses", "ec2:DisassociateSubnetCidrBlock", "InvalidCidrBlock.InUse",
    "An IPv6 block stays while an interface has an address of it (API DisassociateSubnetCidrBlock).",
)
def block_has_addresses(call: Call) -> str | None:
    association = call.get("AssociationId")
    subnet = call.ec2.get_subnet_from_ipv6_association(association)
    block = network(subnet.ipv6_cidr_block_associations[association]["ipv6CidrBlock"]) if subnet else None
    if block is None:
        return None
    addresses = [address(a) for n in call.interfaces() if n.subnet.id == subnet.id for a in n.ipv6_addresses]
    if any(a is not None and a in block for a in addresses):
        return f"The subnet IPv6 CIDR block with association ID {association} may not be disassociated. It has addresses in use."
    return None


moto_refuses("modify-unknown-subnet", "ec2:ModifySubnetAttribute", "InvalidSubnetID.NotFound", "The subnet must exist (API error codes).")


@refuses(
    "subnet-assigns-ipv6-without-block", "ec2:ModifySubnetAttribute", "InvalidParameterValue",
    "Only a subnet with an IPv6 block assigns IPv6 addresses on creation (API ModifySubnetAttribute).",
)
def assigns_ipv6_without_block(call: Call) -> str | None:
    subnet = call.subnet(call.get("SubnetId"))
    wanted = (call.get("AssignIpv6AddressOnCreation") or {}).get("Value")
    if subnet is None or not wanted or subnet.ipv6_cidr_block_associations:
        return None
    return (
        "Invalid value 'true' for assign-ipv6-address-on-creation. Cannot set assign-ipv6-address-on-creation to true "
        f"unless the subnet ({subnet.id}) has an IPv6 CIDR block associated with it."
    )


@refuses(
    "subnet-attributes-one-at-a-time", "ec2:ModifySubnetAttribute", "InvalidParameterCombination",
    "One attribute is modified at a time (API ModifySubnetAttribute).",
)
def attributes_one_at_a_time(call: Call) -> str | None:
    given = [name for name in call.params if name not in ("SubnetId", "DryRun")]
    return f"Fields for multiple attribute types specified: {', '.join(given)}" if len(given) > 1 else None


moto_refuses("delete-unknown-subnet", "ec2:DeleteSubnet", "InvalidSubnetID.NotFound", "The subnet must exist (API error codes).")


@refuses(
    "subnet-in-use", "ec2:DeleteSubnet", "DependencyViolation",
    "A subnet stays while a network interface is in it, attached or not (API DeleteSubnet).",
)
def in_use(call: Call) -> str | None:
    subnet_id = call.get("SubnetId")
    if any(n.subnet.id == subnet_id for n in call.interfaces()):
        return f"The subnet '{subnet_id}' has dependencies and cannot be deleted."
    return None
