"""Refusals of the network interface calls. Fixed addresses are the plan of the bastion and the nodes, so they must bite."""

from __future__ import annotations

from collections.abc import Iterator

from call import Call

from .addresses import Address, Network, address, network, reserved
from .table import moto_refuses, refuses

moto_refuses("interface-unknown-subnet", "ec2:CreateNetworkInterface", "InvalidSubnetID.NotFound", "The subnet must exist (API error codes).")
moto_refuses("delete-unknown-interface", "ec2:DeleteNetworkInterface", "InvalidNetworkInterfaceID.NotFound", "The interface must exist (API error codes).")


def wanted_addresses(call: Call) -> Iterator[tuple[Address | None, str]]:
    """Every address the call asks for, parsed, beside its own spelling."""
    given = [call.get("PrivateIpAddress")]
    given += [item.get("PrivateIpAddress") for item in call.get("PrivateIpAddresses", [])]
    given += [item.get("Ipv6Address") for item in call.get("Ipv6Addresses", [])]
    for text in filter(None, given):
        yield address(text), text


def _blocks(call: Call) -> list[Network]:
    subnet = call.subnet(call.get("SubnetId"))
    if subnet is None:
        return []
    given = [subnet.cidr_block, *(a["ipv6CidrBlock"] for a in subnet.ipv6_cidr_block_associations.values())]
    return [block for block in map(network, given) if block is not None]


@refuses(
    "interface-address-outside-subnet", "ec2:CreateNetworkInterface", "InvalidParameterValue",
    "An interface's addresses lie inside its subnet (API CreateNetworkInterface).",
)
def address_outside_subnet(call: Call) -> str | None:
    blocks = _blocks(call)
    for wanted, text in wanted_addresses(call) if blocks else ():
        if wanted is None or not any(wanted in block for block in blocks):
            return f"Address {text} does not fall within the subnet's address range"
    return None


@refuses(
    "interface-address-reserved", "ec2:CreateNetworkInterface", "InvalidParameterValue",
    "The first four addresses and the last one of a subnet are AWS's (VPC user guide, Subnet sizing).",
)
def address_reserved(call: Call) -> str | None:
    taken = {a for block in _blocks(call) for a in reserved(block)}
    for wanted, text in wanted_addresses(call):
        if wanted in taken:
            return f"Address {text} is in subnet's reserved address range"
    return None


def used_addresses(call: Call) -> set[Address | None]:
    """The addresses of the interfaces in the call's subnet; another VPC's may be the same ones."""
    used: set[Address | None] = set()
    for interface in call.interfaces():
        if interface.subnet.id == call.get("SubnetId"):
            used |= {address(item["PrivateIpAddress"]) for item in interface.private_ip_addresses}
            used |= {address(text) for text in interface.ipv6_addresses}
    return used


@refuses("interface-address-in-use", "ec2:CreateNetworkInterface", "InvalidIPAddress.InUse", "An address of a subnet belongs to one interface (API error codes).")
def address_in_use(call: Call) -> str | None:
    used = used_addresses(call)
    for wanted, _ in wanted_addresses(call):
        if wanted in used:
            return "The specified address is already in use."
    return None


@refuses(
    "interface-subnet-full", "ec2:CreateNetworkInterface", "InsufficientFreeAddressesInSubnet",
    "The subnet has an address left (API error codes).",
)
def subnet_full(call: Call) -> str | None:
    subnet = call.subnet(call.get("SubnetId"))
    block = network(subnet.cidr_block) if subnet else None
    if block is None or any(True for _ in wanted_addresses(call)) or free_address(call, block) is not None:
        return None
    return "The specified subnet does not have enough free addresses to satisfy the request."


def free_address(call: Call, block: Network) -> str | None:
    taken = used_addresses(call) | reserved(block)
    return next((str(host) for host in block if host not in taken), None)


@refuses(
    "interface-unknown-group", "ec2:CreateNetworkInterface", "InvalidGroup.NotFound",
    "The security groups must exist (API error codes; moto makes the missing group).",
)
def unknown_group(call: Call) -> str | None:
    known = {group.id for group in call.security_groups()}
    unknown = [group_id for group_id in call.get("Groups", []) if group_id not in known]
    return f"The security group '{unknown[0]}' does not exist" if unknown else None


@refuses(
    "interface-group-of-other-network", "ec2:CreateNetworkInterface", "InvalidParameter",
    "An interface and its security groups are of one VPC (EC2: … belong to different networks).",
)
def group_of_other_network(call: Call) -> str | None:
    subnet = call.subnet(call.get("SubnetId"))
    for group in call.security_groups() if subnet else []:
        if group.id in call.get("Groups", []) and group.vpc_id != subnet.vpc_id:
            return f"Security group {group.id} and subnet {subnet.id} belong to different networks."
    return None


@refuses(
    "delete-interface-in-use", "ec2:DeleteNetworkInterface", "InvalidParameterValue",
    "An interface is detached before it is deleted (API DeleteNetworkInterface).",
)
def delete_in_use(call: Call) -> str | None:
    interface = call.ec2.enis.get(call.get("NetworkInterfaceId"))
    if interface is None or interface.instance is None:
        return None
    return f"Network interface '{interface.id}' is currently in use."
