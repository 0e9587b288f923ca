"""Network interfaces: addresses AWS chooses, and the public IPv4 address that comes and goes with the instance."""

from __future__ import annotations

from typing import Any

from call import Call
from rules.addresses import address
from rules.interfaces import blocks_of, free_addresses, used_addresses
from steps import after, before


def _canonical(text: str) -> str:
    parsed = address(text)
    return str(parsed) if parsed else text


@before("CreateNetworkInterface", "AssignIpv6Addresses", "UnassignIpv6Addresses")
def canonical_addresses(call: Call) -> None:
    """EC2 stores an IPv6 address in its canonical form; moto the text."""
    given = call.get("Ipv6Addresses", [])
    if given:
        call.params["Ipv6Addresses"] = [
            _canonical(item) if isinstance(item, str) else {**item, "Ipv6Address": _canonical(item["Ipv6Address"])} for item in given
        ]


def random_ipv6(ec2: Any, subnet: Any, count: int) -> list[str]:
    """AWS chooses at random; moto does too, but only from a subnet's first block."""
    from moto.moto_api._internal import mock_random as random

    block = next((block for block in blocks_of(subnet) if block.version == 6), None)
    used = used_addresses(ec2, subnet.id)
    found: list[str] = []
    while block is not None and len(found) < count:
        chosen = block[random.randint(4, min(block.num_addresses, 2**64) - 2)]
        if chosen not in used:
            used.add(chosen)
            found.append(str(chosen))
    return found


def choose_addresses(ec2: Any, subnet: Any, spec: dict[str, Any]) -> None:
    """Fills in the addresses a specification leaves to AWS; moto's own choice may be taken or AWS's own.

    A full subnet leaves them out: that is a rule's business.
    """
    if subnet.assign_ipv6_address_on_creation and not spec.get("Ipv6Addresses") and spec.get("Ipv6AddressCount") is None:
        spec["Ipv6AddressCount"] = 1
    six = random_ipv6(ec2, subnet, int(spec.pop("Ipv6AddressCount", None) or 0))
    if six:
        spec["Ipv6Addresses"] = [{"Ipv6Address": text} for text in six]

    items = [dict(item) for item in spec.get("PrivateIpAddresses") or []]
    secondary = [item["PrivateIpAddress"] for item in items if not item.get("Primary")]
    primary = spec.get("PrivateIpAddress") or next((item["PrivateIpAddress"] for item in items if item.get("Primary")), None)
    count = int(spec.pop("SecondaryPrivateIpAddressCount", None) or 0)
    taken = frozenset([*secondary, primary or ""])
    free = free_addresses(ec2, subnet, count + (0 if primary else 1), taken)
    if primary is None and free:
        primary = free.pop(0)
    if primary is not None:
        spec["PrivateIpAddress"] = primary
        rest = [text for text in (*secondary, *free) if text != primary]
        spec["PrivateIpAddresses"] = [{"PrivateIpAddress": primary, "Primary": True}, *({"PrivateIpAddress": text, "Primary": False} for text in rest)]


@before("CreateNetworkInterface")
def addresses_of_aws_choice(call: Call) -> None:
    subnet = call.subnet(call.get("SubnetId"))
    if subnet is not None:
        choose_addresses(call.ec2, subnet, call.params)


@before("AssignPrivateIpAddresses")
def secondary_of_aws_choice(call: Call) -> None:
    interface = call.interface(call.get("NetworkInterfaceId"))
    count = int(call.params.pop("SecondaryPrivateIpAddressCount", None) or 0)
    if interface is not None and count:
        call.params["PrivateIpAddresses"] = free_addresses(call.ec2, interface.subnet, count)


@before("AssignIpv6Addresses")
def ipv6_of_aws_choice(call: Call) -> None:
    interface = call.interface(call.get("NetworkInterfaceId"))
    count = int(call.params.pop("Ipv6AddressCount", None) or 0)
    if interface is not None and count:
        call.params["Ipv6Addresses"] = random_ipv6(call.ec2, interface.subnet, count)


@after("ModifyNetworkInterfaceAttribute")
def attributes_moto_passes_over(call: Call) -> None:
    interface = call.interface(call.get("NetworkInterfaceId"))
    if "AssociatePublicIpAddress" in call.params:
        interface.public_ip_auto_assign = bool(call.get("AssociatePublicIpAddress"))
        interface.check_auto_public_ip()
    if (call.get("Description") or {}).get("Value") == "":
        interface.description = ""
    kept = (call.get("Attachment") or {}).get("DeleteOnTermination")
    if kept is not None:
        interface.delete_on_termination = bool(kept)


def install() -> None:
    _public_address()
    _filters()
    _answers()


def _public_address() -> None:
    from moto.ec2.models.elastic_network_interfaces import NetworkInterface
    from moto.ec2.utils import random_public_ip

    def elastic(self: Any) -> Any:
        return next((one for one in self.ec2_backend.addresses if one.eni is self), None)

    def check(self: Any) -> None:
        """An auto-assigned address is there while the interface is the primary one of a running instance
        (API ModifyNetworkInterfaceAttribute, AssociatePublicIpAddress); an Elastic IP address stays as it is."""
        if elastic(self) is not None:
            return
        wanted = str(self.public_ip_auto_assign).lower() == "true"
        if wanted and self.instance is not None and self.device_index == 0 and self.instance.is_running():
            self.public_ip = self.public_ip or random_public_ip()
        else:
            self.public_ip = None

    def stop(self: Any) -> None:
        if elastic(self) is None:
            self.public_ip = None

    def association(self: Any) -> dict[str, Any]:
        if not self.public_ip:
            return {}
        address = elastic(self)
        # An address AWS chose belongs to Amazon and has no ids.
        owner = {"IpOwnerId": "amazon"} if address is None else {
            "IpOwnerId": self.ec2_backend.account_id, "AllocationId": address.allocation_id, "AssociationId": address.association_id,
        }  # fmt: skip
        vpc, region = self.ec2_backend.vpcs.get(self.vpc_id), self.ec2_backend.region_name
        host = f"ec2-{self.public_ip.replace('.', '-')}.{region}.compute.amazonaws.com"
        return {"PublicIp": self.public_ip, "PublicDnsName": host if vpc and vpc.enable_dns_hostnames else "", **owner}

    NetworkInterface.check_auto_public_ip = check  # type: ignore[method-assign]
    NetworkInterface.stop = stop  # type: ignore[method-assign]
    NetworkInterface.association = property(association)  # type: ignore[method-assign,assignment]


def _filters() -> None:
    from moto.ec2.models.elastic_network_interfaces import NetworkInterface

    moto_value = NetworkInterface.get_filter_value

    def filter_value(self: Any, filter_name: str, method_name: str | None = None) -> Any:
        match filter_name:
            case "addresses.private-ip-address":
                return [item["PrivateIpAddress"] for item in self.private_ip_addresses]
            case "ipv6-addresses.ipv6-address":
                return list(self.ipv6_addresses)
            case "addresses.association.public-ip" | "association.public-ip":
                return self.public_ip or []
            case "attachment.device-index":
                return [] if self.instance is None else str(self.device_index)
            case "attachment.status":
                return "detached" if self.instance is None else "attached"
            case "attachment.delete-on-termination":
                return [] if self.instance is None else str(bool(self.delete_on_termination)).lower()
        return moto_value(self, filter_name, method_name)

    NetworkInterface.get_filter_value = filter_value  # type: ignore[method-assign]


def _answers() -> None:
    from moto.core.responses import ActionResult
    from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces

    # moto answers the Assign calls with every address the interface has; AWS with the new ones.
    def assign_ipv6(self: Any) -> ActionResult:
        wanted = self._get_param("Ipv6Addresses", [])
        eni = self.ec2_backend.assign_ipv6_addresses(self._get_param("NetworkInterfaceId"), wanted, 0)
        return ActionResult({"NetworkInterfaceId": eni.id, "AssignedIpv6Addresses": wanted})

    def assign_private(self: Any) -> ActionResult:
        wanted = self._get_param("PrivateIpAddresses", [])
        eni = self.ec2_backend.assign_private_ip_addresses(self._get_param("NetworkInterfaceId"), wanted, 0)
        assigned = [{"PrivateIpAddress": text} for text in wanted]
        return ActionResult({"NetworkInterfaceId": eni.id, "AssignedPrivateIpAddresses": assigned})

    moto_attribute = ElasticNetworkInterfaces.describe_network_interface_attribute

    def attribute(self: Any) -> ActionResult:
        if self._get_param("Attribute") != "associatePublicIpAddress":
            return moto_attribute(self)
        eni = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
        return ActionResult({"NetworkInterfaceId": eni.id, "AssociatePublicIpAddress": bool(eni.public_ip_auto_assign)})

    ElasticNetworkInterfaces.assign_ipv6_addresses = assign_ipv6  # type: ignore[method-assign]
    ElasticNetworkInterfaces.assign_private_ip_addresses = assign_private  # type: ignore[method-assign]
    ElasticNetworkInterfaces.describe_network_interface_attribute = attribute  # type: ignore[method-assign]
