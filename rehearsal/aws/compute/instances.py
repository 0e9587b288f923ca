"""Instances: what they show of their interfaces, how they end, and how they are found."""

from __future__ import annotations

import copy
import fnmatch
from typing import Any

from call import Call
from steps import before

# Filter of DescribeInstances that moto lacks → the values an instance has for it.
_MORE_FILTERS = {
    "instance-state-code": lambda i: [str(i.state_code)],
    "instance-lifecycle": lambda i: [i.lifecycle] if i.lifecycle else [],
    "iam-instance-profile.arn": lambda i: [i.iam_instance_profile["Arn"]] if i.iam_instance_profile else [],
    "metadata-options.http-tokens": lambda i: [i.metadata_options.http_tokens],
    "metadata-options.http-put-response-hop-limit": lambda i: [str(i.metadata_options.http_put_response_hop_limit)],
    "root-device-name": lambda i: [i.root_device_name],
    "block-device-mapping.volume-id": lambda i: [d.volume_id for d in i.block_device_mapping.values()],
    "ipv6-address": lambda i: [a for n in i.nics.values() for a in n.ipv6_addresses],
    "network-interface.ipv6-addresses.ipv6-address": lambda i: [a for n in i.nics.values() for a in n.ipv6_addresses],
    "network-interface.addresses.private-ip-address": lambda i: [
        a["PrivateIpAddress"] for n in i.nics.values() for a in n.private_ip_addresses
    ],
    "network-interface.network-interface-id": lambda i: [n.id for n in i.nics.values()],
    "network-interface.subnet-id": lambda i: [n.subnet.id for n in i.nics.values()],
    "network-interface.vpc-id": lambda i: [n.vpc_id for n in i.nics.values()],
    "network-interface.group-id": lambda i: [g.id for n in i.nics.values() for g in n.group_set],
}  # fmt: skip
_UNLIMITED_BY_DEFAULT = ("t3.", "t3a.", "t4g.")


@before("DescribeInstances")
def more_than_a_hundred(call: Call) -> None:
    """moto shows a hundred reservations where AWS, not told how many, shows a thousand: ended instances would hide others."""
    call.params.setdefault("MaxResults", 1000)


@before("ModifyInstanceMetadataOptions")
def keep_other_options(call: Call) -> None:
    """What the call does not name stays; moto sets it back to its default."""
    instance = call.instance(call.get("InstanceId"))
    if instance is None:
        return
    now = instance.metadata_options
    for key, value in (
        ("HttpTokens", now.http_tokens), ("HttpPutResponseHopLimit", now.http_put_response_hop_limit), ("HttpEndpoint", now.http_endpoint),
        ("HttpProtocolIpv6", now.http_protocol_ipv6), ("InstanceMetadataTags", now.instance_metadata_tags),
    ):  # fmt: skip
        call.params.setdefault(key, value)


def install() -> None:
    _interfaces()
    _endings()
    _filters()
    _credits()


def _primary(name: str, without: Any = None) -> Any:
    """An attribute that is the primary interface's; a terminated instance has none."""

    def read(self: Any) -> Any:
        primary = getattr(self, "nics", {}).get(0)
        return without if primary is None else getattr(primary, name)

    def write(self: Any, value: Any) -> None:
        primary = getattr(self, "nics", {}).get(0)
        if primary is not None:  # moto's constructor assigns before there is one
            setattr(primary, name, value)

    return property(read, write)


def _interfaces() -> None:
    from moto.ec2.models.instances import Instance

    for name in ("private_ip", "private_ip_address"):
        setattr(Instance, name, _primary("private_ip_address"))
    for name in ("public_ip", "public_ip_address"):
        setattr(Instance, name, _primary("public_ip"))
    Instance.security_groups = _primary("_group_set", [])
    Instance.source_dest_check = _primary("source_dest_check", True)  # type: ignore[assignment]
    Instance.ipv6_address = property(lambda self: next((a for n in self.nics.values() for a in n.ipv6_addresses), None))
    Instance.public_dns_name = property(  # type: ignore[method-assign,assignment]
        lambda self: self.nics[0].association.get("PublicDnsName", "") if self.nics else ""
    )
    moto_attach, moto_detach = Instance.attach_eni, Instance.detach_eni

    def attach(self: Any, eni: Any, device_index: int) -> str:
        attachment = moto_attach(self, eni, device_index)
        eni.check_auto_public_ip()
        return attachment

    def detach(self: Any, eni: Any) -> None:
        moto_detach(self, eni)
        eni.delete_on_termination = False
        eni.check_auto_public_ip()

    Instance.attach_eni, Instance.detach_eni = attach, detach  # type: ignore[method-assign]


def _endings() -> None:
    from moto.ec2.models.instances import Instance

    moto_start, moto_terminate = Instance.start, Instance.terminate

    def start(self: Any) -> Any:
        previous = moto_start(self)
        # moto starts the interfaces first, while the instance does not run yet.
        for interface in self.nics.values():
            interface.start()
        return previous

    def terminate(self: Any) -> Any:
        """A terminated instance lets go of its interfaces at once; those that were made for it go with it."""
        if self.state == "terminated":
            return copy.copy(self._state)
        going = [interface for interface in self.nics.values() if interface.delete_on_termination]
        for elastic in self.ec2_backend.addresses:
            if elastic.instance is self:
                elastic.instance = None
            if elastic.eni in going:
                elastic.eni = elastic.association_id = None
        interfaces = list(self.nics.values())
        previous = moto_terminate(self)
        for interface in interfaces:
            self.detach_eni(interface)
        self._subnet_id = None
        return previous

    Instance.start, Instance.terminate = start, terminate  # type: ignore[method-assign]


def _filters() -> None:
    from moto.ec2 import utils
    from moto.ec2.models.instances import Instance

    def values_of(instance: Any, name: str) -> list[str]:
        if name in _MORE_FILTERS:
            return _MORE_FILTERS[name](instance)
        value = utils.get_object_value(instance, utils.filter_dict_attribute_mapping[name])
        items = value if isinstance(value, list) else [value]
        return [str(item).lower() if isinstance(item, bool) else str(item) for item in items if item is not None]

    def passes(instance: Any, filters: dict[str, list[str]]) -> bool:
        """moto takes no wildcards here, so that `instance-type=t4g.*` would find nothing."""
        for name, wanted in filters.items():
            if utils.is_tag_filter(name):
                if not utils.tag_filter_matches(instance, name, wanted):
                    return False
            elif name not in _MORE_FILTERS and name not in utils.filter_dict_attribute_mapping:
                raise NotImplementedError(f"filter {name}")
            elif not any(fnmatch.fnmatchcase(value, pattern) for value in values_of(instance, name) for pattern in wanted):
                return False
        return True

    utils.passes_filter_dict = passes
    moto_applies = Instance.applies

    def applies(self: Any, filters: list[dict[str, Any]]) -> bool:
        # DescribeInstanceStatus; moto passes over the filters it does not know.
        for one in filters or []:
            if one["name"] not in ("instance-state-name", "instance-state-code"):
                raise NotImplementedError(f"filter {one['name']}")
        return moto_applies(self, filters)

    Instance.applies = applies  # type: ignore[method-assign]


def _credits() -> None:
    from moto.core.responses import ActionResult
    from moto.ec2.responses.instances import InstanceResponse

    def credits(self: Any) -> ActionResult:
        """T instances of today are `unlimited` unless told otherwise (EC2 user guide, Burstable performance)."""
        wanted = self._get_param("InstanceIds", [])
        found = self.ec2_backend.get_multi_instances_by_id(wanted) if wanted else self.ec2_backend.all_running_instances()
        specifications = [
            {
                "InstanceId": instance.id,
                "CpuCredits": instance.cpu_credits or ("unlimited" if instance.instance_type.startswith(_UNLIMITED_BY_DEFAULT) else "standard"),
            }
            for instance in found
            if instance.instance_type.startswith(("t2.", *_UNLIMITED_BY_DEFAULT))
        ]
        return ActionResult({"InstanceCreditSpecifications": specifications})

    InstanceResponse.describe_instance_credit_specifications = credits  # type: ignore[method-assign]
