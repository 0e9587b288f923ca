"""EC2's tag refusals, for CreateTags and for every call that takes tags at creation.

EC2 takes any character in a value, unlike IAM and CloudWatch Logs, whose pattern is in their own modules.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from call import Call

from .table import moto_refuses, refuses

# Call → the resource types its TagSpecifications may name (API reference of each call).
CREATES: dict[str, str | tuple[str, ...]] = {
    "CreateVpc": "vpc",
    "CreateSubnet": "subnet",
    "CreateInternetGateway": "internet-gateway",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "AuthorizeSecurityGroupIngress": "security-group-rule",
    "AuthorizeSecurityGroupEgress": "security-group-rule",
    "CreateNetworkInterface": "network-interface",
    "CreateFlowLogs": "vpc-flow-log",
    "CreateVolume": "volume",
    "CreateLaunchTemplate": "launch-template",
    "RunInstances": ("instance", "volume", "network-interface", "spot-instances-request", "elastic-gpu"),
}
# What a template's data may tag (API LaunchTemplateTagSpecificationRequest).
TEMPLATE_TAGS = ("instance", "volume", "network-interface", "spot-instances-request")


def kebab(action: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in action).lstrip("-")


def _tag_lists(call: Call) -> Iterator[list[dict[str, Any]]]:
    yield call.get("Tags", [])
    for spec in call.get("TagSpecifications", []):
        yield spec.get("Tags") or []


def reserved_key(call: Call) -> str | None:
    for tags in _tag_lists(call):
        if any(str(tag.get("Key", "")).lower().startswith("aws:") for tag in tags):
            return "Tag keys starting with 'aws:' are reserved for internal use"
    return None


def too_many(call: Call) -> str | None:
    for tags in _tag_lists(call):
        if len({tag.get("Key") for tag in tags}) > 50:
            return "More than 50 tags specified"
    return None


def key_length(call: Call) -> str | None:
    for tags in _tag_lists(call):
        if any(not 1 <= len(str(tag.get("Key") or "")) <= 128 for tag in tags):
            return "Tag key must have between 1 and 128 characters"
    return None


def value_length(call: Call) -> str | None:
    for tags in _tag_lists(call):
        if any(len(str(tag.get("Value") or "")) > 256 for tag in tags):
            return "Tag value exceeds the maximum length of 256 characters"
    return None


def repeated_key(call: Call) -> str | None:
    for tags in _tag_lists(call):
        keys = [tag.get("Key") for tag in tags]
        if len(keys) != len(set(keys)):
            return "Duplicate tag key specified."
    return None


def wrong_type(call: Call) -> str | None:
    for spec in call.get("TagSpecifications", []):
        types = CREATES[call.action]
        if spec.get("ResourceType") not in ((types,) if isinstance(types, str) else types):
            return f"'{spec.get('ResourceType')}' is not a valid taggable resource type for this operation."
    return None


@refuses("template-data-tag-type", "ec2:CreateLaunchTemplate", "InvalidParameterValue", "A template tags what a launch makes (API LaunchTemplateTagSpecificationRequest).")
@refuses("template-version-data-tag-type", "ec2:CreateLaunchTemplateVersion", "InvalidParameterValue", "A template tags what a launch makes (API LaunchTemplateTagSpecificationRequest).")
def wrong_template_type(call: Call) -> str | None:
    for spec in (call.get("LaunchTemplateData") or {}).get("TagSpecifications") or []:
        if spec.get("ResourceType") not in TEMPLATE_TAGS:
            return f"'{spec.get('ResourceType')}' is not a valid taggable resource type for this operation."
    return None


for _action in ("CreateTags", *CREATES):
    _call, _id = f"ec2:{_action}", kebab(_action)
    refuses(f"{_id}-reserved-tag-key", _call, "InvalidParameterValue", "Keys starting with aws: are AWS's (EC2 user guide, Tag restrictions).")(reserved_key)
    refuses(f"{_id}-too-many-tags", _call, "TagLimitExceeded", "At most 50 tags a resource (EC2 user guide, Tag restrictions).")(too_many)
    refuses(f"{_id}-tag-key-length", _call, "InvalidParameterValue", "A key has 1 to 128 characters (EC2 user guide, Tag restrictions).")(key_length)
    refuses(f"{_id}-tag-value-length", _call, "InvalidParameterValue", "A value has at most 256 characters (EC2 user guide, Tag restrictions).")(value_length)
    refuses(f"{_id}-repeated-tag-key", _call, "InvalidParameterValue", "A key is given once a request (EC2 user guide, Tag restrictions).")(repeated_key)
    if _action in CREATES:
        refuses(f"{_id}-tag-type", _call, "InvalidParameterValue", "Tags at creation are for what the call creates (API TagSpecification).")(wrong_type)

moto_refuses("tag-limit-of-resource", "ec2:CreateTags", "TagLimitExceeded", "New and present tags together are at most 50 (EC2 user guide, Tag restrictions).")
moto_refuses("tag-malformed-id", "ec2:CreateTags", "InvalidID", "A resource id has a known prefix (API error codes).")

for _kind, _code in {
    "vpc": "InvalidVpcID.NotFound",
    "subnet": "InvalidSubnetID.NotFound",
    "internet-gateway": "InvalidInternetGatewayID.NotFound",
    "route-table": "InvalidRouteTableID.NotFound",
    "security-group": "InvalidGroup.NotFound",
    "volume": "InvalidVolume.NotFound",
    "launch-template": "InvalidLaunchTemplateId.NotFound",
}.items():
    moto_refuses(f"tag-unknown-{_kind}", "ec2:CreateTags", _code, "The resource must exist (API error codes).")


@refuses("tag-unknown-interface", "ec2:CreateTags", "InvalidNetworkInterfaceID.NotFound", "The resource must exist (API error codes; moto does not look).")
def unknown_interface(call: Call) -> str | None:
    for resource in call.get("Resources", []):
        if resource.startswith("eni-") and resource not in call.ec2.enis:
            return f"The networkInterface ID '{resource}' does not exist"
    return None


@refuses("tag-unknown-instance", "ec2:CreateTags", "InvalidInstanceID.NotFound", "The resource must exist (API error codes; moto does not look).")
def unknown_instance(call: Call) -> str | None:
    for resource in call.get("Resources", []):
        if resource.startswith("i-") and call.instance(resource) is None:
            return f"The instance ID '{resource}' does not exist"
    return None


@refuses("tag-unknown-flow-log", "ec2:CreateTags", "InvalidFlowLogId.NotFound", "The resource must exist (API error codes; moto does not look).")
def unknown_flow_log(call: Call) -> str | None:
    for resource in call.get("Resources", []):
        if resource.startswith("fl-") and resource not in call.ec2.flow_logs:
            return f"These flow log ids in the input list are not found: [TotalCount: 1] {resource}"
    return None


@refuses("tag-unknown-group-rule", "ec2:CreateTags", "InvalidSecurityGroupRuleId.NotFound", "The resource must exist (API error codes; moto does not look).")
def unknown_group_rule(call: Call) -> str | None:
    known = {rule.id for group in call.security_groups() for rule in (*group.ingress_rules, *group.egress_rules)}
    for resource in call.get("Resources", []):
        if resource.startswith("sgr-") and resource not in known:
            return f"The security group rule ID '{resource}' does not exist"
    return None
