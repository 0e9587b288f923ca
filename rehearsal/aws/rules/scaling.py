"""Refusals of the Auto Scaling group calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from call import Call

from .instances import groups_given
from .table import moto_refuses, refusal_of, refuses

NOT_FOUND = "AutoScalingGroup name not found - AutoScalingGroup '{}' not found"

moto_refuses("scaling-group-without-place", "autoscaling:CreateAutoScalingGroup", "ValidationError", "A group has zones or subnets (API CreateAutoScalingGroup).")
moto_refuses("scaling-group-without-template", "autoscaling:CreateAutoScalingGroup", "ValidationError", "A group launches from one thing (API CreateAutoScalingGroup).")


@refuses("scaling-group-exists", "autoscaling:CreateAutoScalingGroup", "AlreadyExists", "Names are unique in an account and region (API CreateAutoScalingGroup).")
def exists(call: Call) -> str | None:
    if call.scaling_group() is None:
        return None
    return f"AutoScalingGroup by this name already exists - A group with the name {call.get('AutoScalingGroupName')} already exists"


_UNKNOWN = {
    "UpdateAutoScalingGroup": "update", "DeleteAutoScalingGroup": "delete", "SetDesiredCapacity": "resize",
    "PutScheduledUpdateGroupAction": "schedule", "DeleteScheduledAction": "unschedule", "DescribeScheduledActions": "describe-schedule-of",
    "SuspendProcesses": "suspend", "ResumeProcesses": "resume",
}  # fmt: skip


def unknown(call: Call) -> str | None:
    name = call.get("AutoScalingGroupName")
    return NOT_FOUND.format(name) if name and call.scaling_group() is None else None


for _action, _verb in _UNKNOWN.items():
    refuses(f"{_verb}-unknown-scaling-group", f"autoscaling:{_action}", "ValidationError", f"The group must exist (API {_action}).")(unknown)


@refuses("tag-unknown-scaling-group", "autoscaling:CreateOrUpdateTags", "ValidationError", "The group must exist (API CreateOrUpdateTags).")
@refuses("untag-unknown-scaling-group", "autoscaling:DeleteTags", "ValidationError", "The group must exist (API DeleteTags, of EC2 Auto Scaling).")
def unknown_tagged(call: Call) -> str | None:
    known = call.autoscaling.autoscaling_groups
    return next((NOT_FOUND.format(tag.get("ResourceId")) for tag in call.get("Tags", []) if tag.get("ResourceId") not in known), None)


def _bounds(call: Call) -> tuple[int, int, int]:
    """Minimum, maximum and desired capacity as they will be."""
    group = call.scaling_group()
    low, high, desired = (call.get(name) for name in ("MinSize", "MaxSize", "DesiredCapacity"))
    if group is not None:
        low = group.min_size if low is None else low
        high = group.max_size if high is None else high
        desired = group.desired_capacity if desired is None else desired
    return int(low or 0), int(high or 0), int(low or 0) if desired is None else int(desired)


@refuses("scaling-group-bounds", "autoscaling:CreateAutoScalingGroup", "ValidationError", "The maximum is at least the minimum (API CreateAutoScalingGroup, MaxSize).")
@refuses("update-scaling-group-bounds", "autoscaling:UpdateAutoScalingGroup", "ValidationError", "The maximum is at least the minimum (API UpdateAutoScalingGroup, MaxSize).")
def bounds(call: Call) -> str | None:
    low, high, _ = _bounds(call)
    return f"Max bound, {high}, must be greater than or equal to min bound, {low}" if high < low else None


@refuses("scaling-group-desired", "autoscaling:CreateAutoScalingGroup", "ValidationError", "The desired capacity lies within the bounds (API CreateAutoScalingGroup, DesiredCapacity).")
@refuses("update-scaling-group-desired", "autoscaling:UpdateAutoScalingGroup", "ValidationError", "The desired capacity lies within the bounds (API UpdateAutoScalingGroup, DesiredCapacity).")
def desired_within_bounds(call: Call) -> str | None:
    low, high, desired = _bounds(call)
    if low <= desired <= high:
        return None
    return f"Desired capacity:{desired} must be between the specified min size:{low} and max size:{high}"


@refuses("desired-capacity-bounds", "autoscaling:SetDesiredCapacity", "ValidationError", "The desired capacity lies within the bounds (API SetDesiredCapacity).")
def set_within_bounds(call: Call) -> str | None:
    low, high, desired = _bounds(call)
    if desired > high:
        return f"New SetDesiredCapacity value {desired} is above max value {high} for the AutoScalingGroup."
    return f"New SetDesiredCapacity value {desired} is below min value {low} for the AutoScalingGroup." if desired < low else None


@refuses("scaling-group-unknown-zone", "autoscaling:CreateAutoScalingGroup", "ValidationError", "The Availability Zones are the region's (API CreateAutoScalingGroup).")
@refuses("update-scaling-group-unknown-zone", "autoscaling:UpdateAutoScalingGroup", "ValidationError", "The Availability Zones are the region's (API UpdateAutoScalingGroup).")
def unknown_zone(call: Call) -> str | None:
    known = [zone.name for zone in call.ec2.describe_availability_zones()]
    wrong = [zone for zone in call.get("AvailabilityZones", []) if zone not in known]
    return f"Invalid availability zones: [{', '.join(wrong)}]" if wrong else None


def _version(call: Call) -> Any:
    return call.template_version(call.get("LaunchTemplate")) if call.get("LaunchTemplate") else None


@refuses("scaling-group-template-groups", "autoscaling:CreateAutoScalingGroup", "InvalidQueryParameter", "With an interface in the template, groups are given on it (seen in terraform-provider-aws#4570).")
@refuses("update-scaling-group-template-groups", "autoscaling:UpdateAutoScalingGroup", "InvalidQueryParameter", "With an interface in the template, groups are given on it (seen in terraform-provider-aws#4570).")
def template_groups(call: Call) -> str | None:
    version = _version(call)
    if version is None or not version.data.get("NetworkInterfaces") or not groups_given(version.data):
        return None
    return "Invalid launch template: When a network interface is provided, the security groups must be a part of it."


@refuses("scaling-group-interface-and-subnets", "autoscaling:CreateAutoScalingGroup", "ValidationError", "An existing interface brings its subnet, so the group is placed by zones (seen in terraform-provider-aws#7615).")
@refuses("update-scaling-group-interface-and-subnets", "autoscaling:UpdateAutoScalingGroup", "ValidationError", "An existing interface brings its subnet, so the group is placed by zones (seen in terraform-provider-aws#7615).")
def interface_and_subnets(call: Call) -> str | None:
    version = _version(call)
    existing = version is not None and any(spec.get("NetworkInterfaceId") for spec in version.data.get("NetworkInterfaces") or [])
    return "You must not specify VPCZoneIdentifier with a launch template that names a network interface." if existing and call.get("VPCZoneIdentifier") else None


# What may have changed by the time of a launch does not make a template wrong.
_LATER = ("run-interface-in-use", "run-address-in-use")


@refuses("scaling-group-template-launches", "autoscaling:CreateAutoScalingGroup", "ValidationError", "The template could be launched from (EC2 Auto Scaling: You must use a valid fully-formed launch template).")
@refuses("update-scaling-group-template-launches", "autoscaling:UpdateAutoScalingGroup", "ValidationError", "The template could be launched from (EC2 Auto Scaling: You must use a valid fully-formed launch template).")
def template_launches(call: Call) -> str | None:
    from compute.scaling import launch_call

    if not call.get("LaunchTemplate"):
        return None
    zones = call.get("AvailabilityZones") or [None]
    trial = launch_call(call.account, call.region, call.partition, call.get("LaunchTemplate"), zones[0], {})
    refusal = refusal_of(trial, but=_LATER)
    return f"You must use a valid fully-formed launch template. {refusal.message}" if refusal else None


@refuses("delete-scaling-group-in-use", "autoscaling:DeleteAutoScalingGroup", "ResourceInUse", "A group goes with its instances only by force (API DeleteAutoScalingGroup, ForceDelete).")
def delete_in_use(call: Call) -> str | None:
    group = call.scaling_group()
    if group is None or call.get("ForceDelete") or not group.instance_states:
        return None
    return "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group."


@refuses("terminate-unmanaged-instance", "autoscaling:TerminateInstanceInAutoScalingGroup", "ValidationError", "The instance is one of a group's (API TerminateInstanceInAutoScalingGroup).")
def terminate_unmanaged(call: Call) -> str | None:
    instance_id = call.get("InstanceId")
    return None if _group_of(call) else f"Instance Id not found - No managed instance found for instance ID: {instance_id}"


def _group_of(call: Call) -> Any:
    groups = call.autoscaling.autoscaling_groups.values()
    return next((g for g in groups for s in g.instance_states if s.instance.id == call.get("InstanceId")), None)


@refuses("terminate-below-minimum", "autoscaling:TerminateInstanceInAutoScalingGroup", "ValidationError", "The capacity does not shrink below the minimum (API TerminateInstanceInAutoScalingGroup).")
def terminate_below_minimum(call: Call) -> str | None:
    group = _group_of(call)
    if group is None or not call.get("ShouldDecrementDesiredCapacity") or group.desired_capacity > group.min_size:
        return None
    return (
        f"Currently, desiredSize equals minSize ({group.min_size}). Terminating instance without replacement will violate group's min size "
        "constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size."
    )


def _tags(call: Call) -> Iterator[tuple[str, str]]:
    for tag in call.get("Tags", []):
        yield str(tag.get("Key") or ""), str(tag.get("Value") or "")


for _prefix, _action in {"scaling-group": "CreateAutoScalingGroup", "tag-scaling-group": "CreateOrUpdateTags"}.items():

    @refuses(f"{_prefix}-reserved-tag-key", f"autoscaling:{_action}", "ValidationError", f"Keys starting with aws: are AWS's (API {_action}, Tags).")
    def reserved_key(call: Call) -> str | None:
        return "The aws: prefix is reserved" if any(key.lower().startswith("aws:") for key, _ in _tags(call)) else None

    @refuses(f"{_prefix}-tag-key-length", f"autoscaling:{_action}", "ValidationError", f"A key has 1 to 128 characters (API Tag, of {_action}).")
    def key_length(call: Call) -> str | None:
        return "A tag key has 1 to 128 characters" if any(not 1 <= len(key) <= 128 for key, _ in _tags(call)) else None

    @refuses(f"{_prefix}-tag-value-length", f"autoscaling:{_action}", "ValidationError", f"A value has at most 256 characters (API Tag, of {_action}).")
    def value_length(call: Call) -> str | None:
        return "A tag value has at most 256 characters" if any(len(value) > 256 for _, value in _tags(call)) else None
