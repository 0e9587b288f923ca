"""Refusals of the security group calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from call import Call

from .addresses import network
from .table import moto_refuses, refuses

# API CreateSecurityGroup: a-z, A-Z, 0-9, spaces and these, for a name and a description in a VPC.
ALLOWED_TEXT = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")
ALL_PORTS = ("-1", "icmp", "icmpv6", "1", "58")

Key = tuple[str, Any, Any, str]


def permissions(call: Call) -> list[dict[str, Any]]:
    """The call's permissions; EC2 also takes a single one as flat parameters."""
    given = call.get("IpPermissions", [])
    return given or ([call.params] if call.get("IpProtocol") else [])


def rule_keys(permission: dict[str, Any]) -> Iterator[Key]:
    """What makes two rules the same rule to EC2: protocol, ports and one source; not the description."""
    protocol = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}.get(
        str(permission.get("IpProtocol")).lower(), str(permission.get("IpProtocol")).lower()
    )
    ports = (None, None) if protocol == "-1" else (permission.get("FromPort"), permission.get("ToPort"))
    sources = [permission.get("CidrIp"), permission.get("CidrIpv6")]
    sources += [r.get("CidrIp") for r in permission.get("IpRanges") or []]
    sources += [r.get("CidrIpv6") for r in permission.get("Ipv6Ranges") or []]
    for cidr in filter(None, sources):
        yield protocol, *ports, str(network(cidr) or cidr)
    for pair in permission.get("UserIdGroupPairs") or []:
        yield protocol, *ports, pair.get("GroupId") or pair.get("GroupName") or ""
    for prefix_list in permission.get("PrefixListIds") or []:
        yield protocol, *ports, prefix_list.get("PrefixListId") or ""


def existing_keys(rules: list[Any]) -> set[Key]:
    keys: set[Key] = set()
    for rule in rules:
        cidr = rule.cidr_ipv4 or rule.cidr_ipv6
        source = str(network(cidr) or cidr) if cidr else rule.source_group.get("GroupId") or rule.prefix_list_id or ""
        keys.add((rule.ip_protocol, rule.from_port, rule.to_port, source))
    return keys


def _rules_of(call: Call, group: Any) -> list[Any]:
    return group.egress_rules if call.action.endswith("Egress") else group.ingress_rules


@refuses("group-unknown-vpc", "ec2:CreateSecurityGroup", "InvalidVpcID.NotFound", "The VPC must exist (API error codes; moto does not look).")
def unknown_vpc(call: Call) -> str | None:
    vpc_id = call.get("VpcId")
    return f"The vpc ID '{vpc_id}' does not exist" if vpc_id and call.vpc(vpc_id) is None else None


@refuses(
    "group-text-characters", "ec2:CreateSecurityGroup", "InvalidParameterValue",
    "Name and description: at most 255 of a-z, A-Z, 0-9, spaces and ._-:/()#,@[]+=&;{}!$* (API CreateSecurityGroup).",
)
def text_characters(call: Call) -> str | None:
    for parameter, label in (("GroupName", "groupName"), ("Description", "GroupDescription")):
        given = call.get(parameter)
        if given and not ALLOWED_TEXT.fullmatch(given):
            return f"Invalid value '{given}' for parameter {label}. Character sets beyond the allowed ones are not supported."
    return None


@refuses("group-name-like-an-id", "ec2:CreateSecurityGroup", "InvalidParameterValue", "A name cannot start with sg- (API CreateSecurityGroup).")
def name_like_an_id(call: Call) -> str | None:
    name = str(call.get("GroupName", ""))
    return "invalid parameter: group names may not be in the format sg-*" if name.lower().startswith("sg-") else None


moto_refuses("group-duplicate", "ec2:CreateSecurityGroup", "InvalidGroup.Duplicate", "Names are unique in a VPC (API CreateSecurityGroup).")

for _direction in ("ingress", "egress"):
    _authorize = f"ec2:AuthorizeSecurityGroup{_direction.capitalize()}"
    _revoke = f"ec2:RevokeSecurityGroup{_direction.capitalize()}"
    moto_refuses(f"authorize-{_direction}-unknown-group", _authorize, "InvalidGroup.NotFound", "The group must exist (API error codes).")
    moto_refuses(f"authorize-{_direction}-unknown-source", _authorize, "InvalidGroup.NotFound", "The source group must exist (API error codes).")
    moto_refuses(f"authorize-{_direction}-malformed-cidr", _authorize, "InvalidParameterValue", "A range is a CIDR block (API error codes).")
    moto_refuses(f"revoke-{_direction}-unknown-group", _revoke, "InvalidGroup.NotFound", "The group must exist (API error codes).")


@refuses("authorize-ingress-ports", "ec2:AuthorizeSecurityGroupIngress", "InvalidParameterValue", "TCP and UDP need both ports, in order (API IpPermission).")
@refuses("authorize-egress-ports", "ec2:AuthorizeSecurityGroupEgress", "InvalidParameterValue", "TCP and UDP need both ports, in order (API IpPermission).")
def ports(call: Call) -> str | None:
    for permission in permissions(call):
        first, last = permission.get("FromPort"), permission.get("ToPort")
        if str(permission.get("IpProtocol")).lower() in ALL_PORTS:
            continue
        if first is None or last is None:
            return "Invalid value for portRange. Must specify both from and to ports with TCP/UDP."
        if not 0 <= int(first) <= int(last) <= 65535:
            return f"Invalid port range ({first}-{last})"
    return None


@refuses("authorize-ingress-repeated", "ec2:AuthorizeSecurityGroupIngress", "InvalidParameterValue", "One request names a rule once (EC2: The same permission must not appear multiple times).")
@refuses("authorize-egress-repeated", "ec2:AuthorizeSecurityGroupEgress", "InvalidParameterValue", "One request names a rule once (EC2: The same permission must not appear multiple times).")
def repeated(call: Call) -> str | None:
    keys = [key for permission in permissions(call) for key in rule_keys(permission)]
    return "The same permission must not appear multiple times" if len(keys) != len(set(keys)) else None


@refuses(
    "authorize-ingress-duplicate", "ec2:AuthorizeSecurityGroupIngress", "InvalidPermission.Duplicate",
    "A rule exists once; the whole request is refused (API error codes; moto adds the rules before the duplicate).",
)
@refuses(
    "authorize-egress-duplicate", "ec2:AuthorizeSecurityGroupEgress", "InvalidPermission.Duplicate",
    "A rule exists once; the whole request is refused (API error codes; moto adds the rules before the duplicate).",
)
def duplicate(call: Call) -> str | None:
    group = call.security_group()
    if group is None:
        return None
    present = existing_keys(_rules_of(call, group))
    for permission in permissions(call):
        for key in rule_keys(permission):
            if key in present:
                return f'the specified rule "peer: {key[3]}, {key[0]}, from port: {key[1]}, to port: {key[2]}, ALLOW" already exists'
    return None


@refuses(
    "revoke-ingress-missing", "ec2:RevokeSecurityGroupIngress", "InvalidPermission.NotFound",
    "Outside the default VPC a rule must exist to be revoked (API RevokeSecurityGroupIngress).",
)
@refuses(
    "revoke-egress-missing", "ec2:RevokeSecurityGroupEgress", "InvalidPermission.NotFound",
    "Outside the default VPC a rule must exist to be revoked (API RevokeSecurityGroupEgress; moto ignores IPv6 ranges).",
)
def missing(call: Call) -> str | None:
    group = call.security_group()
    if group is None:
        return None
    present = existing_keys(_rules_of(call, group))
    wanted = [key for permission in permissions(call) for key in rule_keys(permission)]
    if all(key in present for key in wanted):
        return None
    return "The specified rule does not exist in this security group."


@refuses("revoke-ingress-unknown-rule", "ec2:RevokeSecurityGroupIngress", "InvalidSecurityGroupRuleId.NotFound", "A rule named by id must exist (API error codes).")
@refuses("revoke-egress-unknown-rule", "ec2:RevokeSecurityGroupEgress", "InvalidSecurityGroupRuleId.NotFound", "A rule named by id must exist (API error codes).")
def unknown_rule(call: Call) -> str | None:
    group = call.security_group()
    known = {rule.id for rule in _rules_of(call, group)} if group else set()
    for rule_id in call.get("SecurityGroupRuleIds", []) if group else []:
        if rule_id not in known:
            return f"The security group rule ID '{rule_id}' does not exist"
    return None


moto_refuses("delete-unknown-group", "ec2:DeleteSecurityGroup", "InvalidGroup.NotFound", "The group must exist (API error codes).")


@refuses("delete-default-group", "ec2:DeleteSecurityGroup", "CannotDelete", "A VPC's default group goes with its VPC only (API error codes).")
def delete_default(call: Call) -> str | None:
    group = call.security_group()
    if group is None or not group.is_default:
        return None
    return f'the specified group: "{group.id}" name: "{group.name}" cannot be deleted by a user'


@refuses(
    "delete-group-in-use", "ec2:DeleteSecurityGroup", "DependencyViolation",
    "A group stays while an interface has it (API DeleteSecurityGroup).",
)
def delete_in_use(call: Call) -> str | None:
    group = call.security_group()
    if group is None or not any(held.id == group.id for n in call.interfaces() for held in n.group_set):
        return None
    return f"resource {group.id} has a dependent object"


@refuses(
    "delete-referenced-group", "ec2:DeleteSecurityGroup", "DependencyViolation",
    "A group stays while a rule of another group names it (API DeleteSecurityGroup).",
)
def delete_referenced(call: Call) -> str | None:
    group = call.security_group()
    for other in call.security_groups() if group else []:
        rules = [*other.ingress_rules, *other.egress_rules]
        if other.id != group.id and any(rule.source_group.get("GroupId") == group.id for rule in rules):
            return f"resource {group.id} has a dependent object"
    return None
