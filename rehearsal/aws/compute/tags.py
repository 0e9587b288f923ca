"""EC2's tags: whose they are, how they are listed, and that they go with what they were on."""

from __future__ import annotations

import fnmatch
from typing import Any

from call import Call


def forget(call: Call) -> None:
    """moto keeps the tags of deleted resources, and a sweep that lists by tag would find ghosts."""
    ec2 = call.ec2
    rule_ids = {rule.id for group in call.security_groups() for rule in (*group.ingress_rules, *group.egress_rules)}
    alive: dict[str, Any] = {
        "vpc": ec2.vpcs, "igw": ec2.internet_gateways, "rtb": ec2.route_tables, "eni": ec2.enis, "fl": ec2.flow_logs,
        "acl": ec2.network_acls, "sgr": rule_ids, "lt": ec2.launch_templates, "vol": ec2.volumes,
        "subnet": {s.id for s in call.subnets()}, "sg": {g.id for g in call.security_groups()},
        "eipalloc": {address.allocation_id for address in ec2.addresses},
    }  # fmt: skip
    for resource in list(ec2.tags):
        prefix = resource.split("-", 1)[0]
        if prefix in alive and resource.count("-") == 1 and resource not in alive[prefix]:
            del ec2.tags[resource]


def install() -> None:
    from moto.core.responses import ActionResult
    from moto.ec2.responses.tags import TagResponse
    from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE

    # DescribeTags names types as TagSpecification does; moto as its own prefixes are called.
    EC2_PREFIX_TO_RESOURCE.update({"fl": "vpc-flow-log", "nat": "natgateway", "eipalloc": "elastic-ip"})

    def matches(tag: dict[str, str], name: str, patterns: list[str]) -> bool:
        if name.startswith("tag:"):
            value = tag["value"] if tag["key"] == name.removeprefix("tag:") else None
        else:
            value = tag[name.replace("-", "_")]
        return value is not None and any(fnmatch.fnmatchcase(value, pattern) for pattern in patterns)

    def describe(self: Any) -> ActionResult:
        """A terminated instance is listed with its tags for a while, but AWS lets go of the tags themselves "gradually"
        (EC2 user guide, Terminate your instance): here at once. moto passes over the filters it does not know."""
        filters = self._filters_from_querystring()
        for name in filters:
            if not name.startswith("tag:") and name not in ("key", "value", "resource-id", "resource-type"):
                raise NotImplementedError(f"filter {name}")
        ended = {i.id for i in self.ec2_backend.all_instances() if i.state == "terminated"}
        tags = [tag for tag in self.ec2_backend.describe_tags() if tag["resource_id"] not in ended]
        return ActionResult({"Tags": [tag for tag in tags if all(matches(tag, *one) for one in filters.items())]})

    TagResponse.describe_tags = describe  # type: ignore[method-assign]
