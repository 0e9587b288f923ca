"""Refusals of the network interface calls. Fixed addresses are the plan of the bastion and the nodes, so they must bite.

The rules about addresses are stacked: EC2 applies them wherever an interface is made or given addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from call import Call

from .addresses import Address, Network, address, network, reserved
from .table import Predicate, moto_refuses, refuses

moto_refuses("interface-unknown-subnet", "ec2:CreateNetworkInterface", "InvalidSubnetID.NotFound", "The subnet must exist (API error codes).")
moto_refuses("delete-unknown-interface", "ec2:DeleteNetworkInterface", "InvalidNetworkInterfaceID.NotFound", "The interface must exist (API error codes).")
for _id, _action in {
    "assign-ipv6": "AssignIpv6Addresses", "unassign-ipv6": "UnassignIpv6Addresses", "modify": "ModifyNetworkInterfaceAttribute",
    "assign-private": "AssignPrivateIpAddresses", "unassign-private": "UnassignPrivateIpAddresses",
}.items():  # fmt: skip
    moto_refuses(f"{_id}-unknown-interface", f"ec2:{_action}", "InvalidNetworkInterfaceID.NotFound", "The interface must exist (API error codes).")

# Prefix of a rule's id → the call it is about.
TAKES_ADDRESSES = {
    "interface": "CreateNetworkInterface",
    "assign-ipv6": "AssignIpv6Addresses",
    "assign-private": "AssignPrivateIpAddresses",
    "run": "RunInstances",
}


def each(names: dict[str, str], suffix: str, code: str, says: str) -> Callable[[Predicate], Predicate]:
    """One predicate for the same rule of several calls."""

    def declare(predicate: Predicate) -> Predicate:
        for prefix, action in names.items():
            refuses(f"{prefix}-{suffix}", f"ec2:{action}", code, says.format(action=action))(predicate)
        return predicate

    return declare


def specifications(call: Call) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """The subnet of every interface the call makes or changes, beside what it asks for there."""
    if call.action == "CreateNetworkInterface":
        yield call.get("SubnetId"), call.params
    elif call.action == "RunInstances":
        given = call.get("NetworkInterfaces") or [{**call.params, "Groups": call.get("SecurityGroupIds")}]
        for spec in given:
            interface = call.interface(spec.get("NetworkInterfaceId"))
            yield interface.subnet.id if interface else spec.get("SubnetId"), spec
    else:
        interface = call.interface(call.get("NetworkInterfaceId"))
        yield interface.subnet.id if interface else None, call.params


def _addresses(spec: dict[str, Any]) -> Iterator[tuple[Address | None, str]]:
    """Every address asked for, parsed, beside its own spelling; lists hold objects or, in the Assign calls, texts."""
    given = [spec.get("PrivateIpAddress")]
    for item in (*(spec.get("PrivateIpAddresses") or []), *(spec.get("Ipv6Addresses") or [])):
        given.append(item if isinstance(item, str) else item.get("PrivateIpAddress") or item.get("Ipv6Address"))
    # A primary address may be given in both ways.
    for text in dict.fromkeys(filter(None, given)):
        yield address(text), text


def blocks_of(subnet: Any) -> list[Network]:
    given = [subnet.cidr_block, *(a["ipv6CidrBlock"] for a in subnet.ipv6_cidr_block_associations.values())]
    return [block for block in map(network, given) if block is not None]


def _wanted(call: Call) -> Iterator[tuple[Any, Address | None, str]]:
    for subnet_id, spec in specifications(call):
        subnet = call.subnet(subnet_id)
        for wanted, text in _addresses(spec) if subnet else ():
            yield subnet, wanted, text


@each(TAKES_ADDRESSES, "address-outside-subnet", "InvalidParameterValue", "An interface's addresses lie inside its subnet (API {action}).")
def address_outside_subnet(call: Call) -> str | None:
    for subnet, wanted, text in _wanted(call):
        if wanted is None or not any(wanted in block for block in blocks_of(subnet)):
            return f"Address {text} does not fall within the subnet's address range"
    return None


@each(TAKES_ADDRESSES, "address-reserved", "InvalidParameterValue", "The first four addresses and the last one of a subnet are AWS's (VPC user guide, Subnet sizing).")
def address_reserved(call: Call) -> str | None:
    for subnet, wanted, text in _wanted(call):
        if any(wanted in reserved(block) for block in blocks_of(subnet)):
            return f"Address {text} is in subnet's reserved address range"
    return None


def used_addresses(ec2: Any, subnet_id: str) -> set[Address | None]:
    """The addresses of the interfaces in a subnet; another VPC's may be the same ones."""
    used: set[Address | None] = set()
    for interface in ec2.enis.values():
        if interface.subnet.id == subnet_id:
            used |= {address(item["PrivateIpAddress"]) for item in interface.private_ip_addresses}
            used |= {address(text) for text in interface.ipv6_addresses}
    return used


@each(TAKES_ADDRESSES, "address-in-use", "InvalidIPAddress.InUse", "An address of a subnet belongs to one interface (API error codes).")
def address_in_use(call: Call) -> str | None:
    for subnet, wanted, _ in _wanted(call):
        if wanted in used_addresses(call.ec2, subnet.id):
            return "The specified address is already in use."
    return None


@refuses(
    "interface-subnet-full", "ec2:CreateNetworkInterface", "InsufficientFreeAddressesInSubnet",
    "The subnet has an address left (API error codes).",
)
def subnet_full(call: Call) -> str | None:
    subnet = call.subnet(call.get("SubnetId"))
    if subnet is None or any(wanted and wanted.version == 4 for _, wanted, _ in _wanted(call)) or free_addresses(call.ec2, subnet):
        return None
    return "The specified subnet does not have enough free addresses to satisfy the request."


def free_addresses(ec2: Any, subnet: Any, count: int = 1, but: frozenset[str] = frozenset()) -> list[str]:
    """Up to `count` free IPv4 addresses of a subnet, the lowest first."""
    block = network(subnet.cidr_block)
    if block is None:
        return []
    taken = used_addresses(ec2, subnet.id) | reserved(block)
    found: list[str] = []
    for host in block:
        if len(found) == count:
            break
        if host not in taken and str(host) not in but:
            found.append(str(host))
    return found


HAVE_GROUPS = {"interface": "CreateNetworkInterface", "modify-interface": "ModifyNetworkInterfaceAttribute", "run": "RunInstances"}


@each(HAVE_GROUPS, "unknown-group", "InvalidGroup.NotFound", "The security groups must exist (API error codes; moto makes the missing group).")
def unknown_group(call: Call) -> str | None:
    known = {group.id for group in call.security_groups()}
    for _, spec in specifications(call):
        unknown = [group_id for group_id in spec.get("Groups") or [] if group_id not in known]
        if unknown:
            return f"The security group '{unknown[0]}' does not exist"
    return None


@each(HAVE_GROUPS, "group-of-other-network", "InvalidParameter", "An interface and its security groups are of one VPC (EC2: … belong to different networks).")
def group_of_other_network(call: Call) -> str | None:
    for subnet_id, spec in specifications(call):
        subnet = call.subnet(subnet_id)
        for group in call.security_groups() if subnet else []:
            if group.id in (spec.get("Groups") or []) and group.vpc_id != subnet.vpc_id:
                return f"Security group {group.id} and subnet {subnet.id} belong to different networks."
    return None


@refuses(
    "delete-interface-in-use", "ec2:DeleteNetworkInterface", "InvalidParameterValue",
    "An interface is detached before it is deleted (API DeleteNetworkInterface).",
)
def delete_in_use(call: Call) -> str | None:
    interface = call.interface(call.get("NetworkInterfaceId"))
    if interface is None or interface.instance is None:
        return None
    return f"Network interface '{interface.id}' is currently in use."


@refuses(
    "interface-attributes-one-at-a-time", "ec2:ModifyNetworkInterfaceAttribute", "InvalidParameterCombination",
    "One attribute is modified at a time (API ModifyNetworkInterfaceAttribute).",
)
def attributes_one_at_a_time(call: Call) -> str | None:
    given = [name for name in call.params if name not in ("NetworkInterfaceId", "DryRun")]
    return f"Fields for multiple attribute types specified: {', '.join(given)}" if len(given) > 1 else None


@refuses("attach-interface-in-use", "ec2:AttachNetworkInterface", "InvalidNetworkInterface.InUse", "An interface is attached to one instance at a time (API error codes).")
def attach_in_use(call: Call) -> str | None:
    interface = call.interface(call.get("NetworkInterfaceId"))
    return f"Interface: [{interface.id}] in use." if interface and interface.instance else None


@refuses("detach-primary-interface", "ec2:DetachNetworkInterface", "OperationNotPermitted", "The primary interface stays with its instance (EC2 user guide, Network interface concepts).")
def detach_primary(call: Call) -> str | None:
    attachment = call.get("AttachmentId")
    primary = any(n.attachment_id == attachment and n.device_index == 0 for n in call.interfaces() if n.instance)
    return "The network interface at device index 0 and networkCard index 0 cannot be detached." if primary else None


@refuses("unassign-primary-address", "ec2:UnassignPrivateIpAddresses", "InvalidParameterValue", "Only secondary addresses can be unassigned (API UnassignPrivateIpAddresses).")
def unassign_primary(call: Call) -> str | None:
    interface = call.interface(call.get("NetworkInterfaceId"))
    if interface is None or interface.private_ip_address not in call.get("PrivateIpAddresses", []):
        return None
    return f"{interface.private_ip_address} is the primary address of interface {interface.id} and cannot be unassigned"


@refuses("unassign-foreign-address", "ec2:UnassignPrivateIpAddresses", "InvalidParameterValue", "The addresses are the interface's own (API UnassignPrivateIpAddresses).")
@refuses("unassign-foreign-ipv6-address", "ec2:UnassignIpv6Addresses", "InvalidParameterValue", "The addresses are the interface's own (API UnassignIpv6Addresses).")
def unassign_foreign(call: Call) -> str | None:
    interface = call.interface(call.get("NetworkInterfaceId"))
    if interface is None:
        return None
    own = {address(item["PrivateIpAddress"]) for item in interface.private_ip_addresses} | {address(text) for text in interface.ipv6_addresses}
    foreign = [text for wanted, text in _addresses(call.params) if wanted not in own]
    return f"Some of [{', '.join(foreign)}] are not assigned to interface {interface.id}" if foreign else None
