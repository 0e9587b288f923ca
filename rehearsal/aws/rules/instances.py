"""Refusals of launching instances and of starting and stopping them."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from call import Call

from .interfaces import specifications
from .table import moto_refuses, refuses

USER_DATA_BYTES = 16384

for _verb in ("Start", "Stop", "Terminate"):
    moto_refuses(f"{_verb.lower()}-unknown-instance", f"ec2:{_verb}Instances", "InvalidInstanceID.NotFound", "The instance must exist (API error codes).")
moto_refuses("console-unknown-instance", "ec2:GetConsoleOutput", "InvalidInstanceID.NotFound", "The instance must exist (API error codes).")
moto_refuses("metadata-unknown-instance", "ec2:ModifyInstanceMetadataOptions", "InvalidInstanceID.NotFound", "The instance must exist (API error codes).")


def user_data_bytes(text: object) -> int | None:
    """Length before base64; None for what is not base64."""
    try:
        return len(base64.b64decode(str(text or ""), validate=True))
    except (binascii.Error, ValueError):
        return None


def missing_template(call: Call, given: dict[str, Any]) -> str | None:
    if not given or call.template(given) is not None:
        return None
    named = f"ID {given['LaunchTemplateId']}" if given.get("LaunchTemplateId") else f"name {given.get('LaunchTemplateName')}"
    return f"The specified launch template, with template {named}, does not exist."


@refuses("run-unknown-template", "ec2:RunInstances", "InvalidLaunchTemplateId.NotFound", "The launch template must exist (API error codes).")
def unknown_template(call: Call) -> str | None:
    given = call.get("LaunchTemplate") or {}
    return missing_template(call, given) if given.get("LaunchTemplateId") else None


@refuses("run-unknown-template-name", "ec2:RunInstances", "InvalidLaunchTemplateName.NotFoundException", "The launch template must exist (API error codes).")
def unknown_template_name(call: Call) -> str | None:
    given = call.get("LaunchTemplate") or {}
    return None if given.get("LaunchTemplateId") else missing_template(call, given)


@refuses("run-unknown-template-version", "ec2:RunInstances", "InvalidLaunchTemplateId.VersionNotFound", "The template's version must exist (API error codes).")
def unknown_template_version(call: Call) -> str | None:
    given = call.get("LaunchTemplate")
    if not given or call.template_version(given) is not None:
        return None
    return f"Could not find launch template version {given.get('Version')}."


@refuses("run-without-image", "ec2:RunInstances", "MissingParameter", "The request or its template names an image (API RunInstances, ImageId).")
def without_image(call: Call) -> str | None:
    return None if call.get("ImageId") else "The request must contain the parameter ImageId"


@refuses("run-unknown-image", "ec2:RunInstances", "InvalidAMIID.NotFound", "The image must exist (API error codes).")
def unknown_image(call: Call) -> str | None:
    return None if call.get("ImageId") in call.ec2.amis else f"The image id '[{call.get('ImageId')}]' does not exist"


def _type(call: Call) -> Any:
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    return INSTANCE_TYPES.get(call.get("InstanceType") or call.params.setdefault("InstanceType", "m1.small"))


@refuses("run-unknown-type", "ec2:RunInstances", "InvalidParameterValue", "The instance type must exist (API RunInstances, InstanceType).")
def unknown_type(call: Call) -> str | None:
    return f"Invalid value '{call.get('InstanceType')}' for InstanceType." if _type(call) is None else None


@refuses("run-other-architecture", "ec2:RunInstances", "InvalidParameterValue", "Instance type and image have one architecture (EC2 user guide, AMI types).")
def other_architecture(call: Call) -> str | None:
    able = _type(call)["ProcessorInfo"]["SupportedArchitectures"]
    image = call.ec2.amis[call.get("ImageId")].architecture
    if image in able:
        return None
    return (
        f"The architecture '{','.join(able)}' of the specified instance type does not match the architecture '{image}' of the "
        "specified AMI. Specify an instance type and an AMI that have matching architectures, and try again."
    )


@refuses("run-user-data-size", "ec2:RunInstances", "InvalidParameterValue", "User data has at most 16 KB before base64 (EC2 user guide, Instance user data).")
def user_data_size(call: Call) -> str | None:
    return f"User data is limited to {USER_DATA_BYTES} bytes" if (user_data_bytes(call.get("UserData")) or 0) > USER_DATA_BYTES else None


@refuses("run-malformed-user-data", "ec2:RunInstances", "InvalidUserData.Malformed", "User data is base64 (API RunInstances, UserData).")
def malformed_user_data(call: Call) -> str | None:
    return "Invalid BASE64 encoding of user data." if user_data_bytes(call.get("UserData")) is None else None


SAME_REQUEST = "Network interfaces and an instance-level {} may not be specified on the same request"


@refuses("run-groups-beside-interfaces", "ec2:RunInstances", "InvalidParameterCombination", "With interfaces, groups are given on them (seen in pulumi-aws#2506).")
def groups_beside_interfaces(call: Call) -> str | None:
    return SAME_REQUEST.format("security groups") if call.get("NetworkInterfaces") and groups_given(call.params) else None


@refuses("run-subnet-beside-interfaces", "ec2:RunInstances", "InvalidParameterCombination", "With interfaces, the subnet is given on them (seen in aws-cli#809).")
def subnet_beside_interfaces(call: Call) -> str | None:
    return SAME_REQUEST.format("subnet ID") if call.get("NetworkInterfaces") and call.get("SubnetId") else None


@refuses("run-address-beside-interfaces", "ec2:RunInstances", "InvalidParameterCombination", "With interfaces, addresses are given on them (seen in hashicorp/terraform#687).")
def address_beside_interfaces(call: Call) -> str | None:
    return SAME_REQUEST.format("private IP address") if call.get("NetworkInterfaces") and call.get("PrivateIpAddress") else None


def groups_given(data: dict[str, Any]) -> bool:
    return bool(data.get("SecurityGroupIds") or data.get("SecurityGroups"))


@refuses("run-unknown-interface", "ec2:RunInstances", "InvalidNetworkInterfaceID.NotFound", "An interface named by its id must exist (API error codes).")
def unknown_interface(call: Call) -> str | None:
    for spec in call.get("NetworkInterfaces", []):
        named = spec.get("NetworkInterfaceId")
        if named and call.interface(named) is None:
            return f"The networkInterface ID '{named}' does not exist"
    return None


# What an existing interface brings along, so that naming it again contradicts it or says nothing.
BROUGHT = ("SubnetId", "Groups", "PrivateIpAddress", "PrivateIpAddresses", "Ipv6Addresses", "Ipv6AddressCount", "Description")


@refuses("run-existing-interface-described", "ec2:RunInstances", "InvalidParameterCombination", "An existing interface brings its subnet, groups and addresses (API InstanceNetworkInterfaceSpecification).")
def existing_interface_described(call: Call) -> str | None:
    for spec in call.get("NetworkInterfaces", []):
        again = [name for name in BROUGHT if spec.get(name)] if spec.get("NetworkInterfaceId") else []
        if again:
            return f"A network interface may not specify both a network interface ID and {', '.join(again)}"
    return None


@refuses("run-interface-in-use", "ec2:RunInstances", "InvalidNetworkInterface.InUse", "An interface is attached to one instance at a time (API error codes).")
def interface_in_use(call: Call) -> str | None:
    for spec in call.get("NetworkInterfaces", []):
        interface = call.interface(spec.get("NetworkInterfaceId"))
        if interface is not None and interface.instance is not None:
            return f"Interface: [{interface.id}] in use."
    return None


@refuses("run-unknown-subnet", "ec2:RunInstances", "InvalidSubnetID.NotFound", "The subnet must exist (API error codes).")
def unknown_subnet(call: Call) -> str | None:
    for subnet_id, _ in specifications(call):
        if subnet_id and call.subnet(subnet_id) is None:
            return f"The subnet ID '{subnet_id}' does not exist"
    return None


@refuses("run-other-zone", "ec2:RunInstances", "InvalidParameterValue", "The subnet lies in the Availability Zone asked for (API RunInstances, Placement).")
def other_zone(call: Call) -> str | None:
    zone = (call.get("Placement") or {}).get("AvailabilityZone")
    for subnet_id, _ in specifications(call):
        subnet = call.subnet(subnet_id)
        if zone and subnet is not None and subnet.availability_zone != zone:
            return f"The availability zone {zone} does not match the one of subnet {subnet.id}, {subnet.availability_zone}"
    return None


def default_subnet(call: Call) -> Any:
    """Where an instance goes that nobody placed; None without a default subnet in the zone asked for."""
    defaults = call.ec2.get_default_subnets()
    zone = (call.get("Placement") or {}).get("AvailabilityZone")
    return defaults.get(zone) if zone else next(iter(defaults.values()), None)


@refuses("run-without-default-subnet", "ec2:RunInstances", "InvalidInput", "Without a subnet the zone needs a default one (EC2: No default subnet for availability zone).")
def without_default_subnet(call: Call) -> str | None:
    specs = call.get("NetworkInterfaces") or [call.params]
    placed = all(spec.get("SubnetId") or spec.get("NetworkInterfaceId") for spec in specs)
    if placed or default_subnet(call) is not None:
        return None
    return f"No default subnet for availability zone: '{(call.get('Placement') or {}).get('AvailabilityZone')}'."


@refuses("run-interface-for-many", "ec2:RunInstances", "InvalidParameterCombination", "An interface named by its id is for one instance (API InstanceNetworkInterfaceSpecification, NetworkInterfaceId).")
def interface_for_many(call: Call) -> str | None:
    named = any(spec.get("NetworkInterfaceId") for spec in call.get("NetworkInterfaces", []))
    return "A network interface ID may be specified for one instance only" if named and int(call.get("MaxCount", 1)) > 1 else None


def _profile(call: Call) -> tuple[str, Any]:
    given = call.get("IamInstanceProfile") or {}
    named = given.get("Arn") or given.get("Name") or ""
    found = next((p for p in call.iam.instance_profiles.values() if named in (p.arn, p.name)), None)
    return named, found


@refuses("run-unknown-profile", "ec2:RunInstances", "InvalidParameterValue", "The instance profile must exist (EC2: Invalid IAM Instance Profile name).")
def unknown_profile(call: Call) -> str | None:
    named, profile = _profile(call)
    if not named or profile is not None:
        return None
    kind = "Arn" if named.startswith("arn:") else "name"
    return f"Value ({named}) for parameter iamInstanceProfile.{kind.lower()} is invalid. Invalid IAM Instance Profile {kind}"


@refuses("run-profile-without-role", "ec2:RunInstances", "InvalidParameterValue", "The instance profile holds a role (EC2: … has no associated IAM Roles).")
def profile_without_role(call: Call) -> str | None:
    named, profile = _profile(call)
    return f"IAM Instance Profile '{profile.arn}' has no associated IAM Roles" if profile is not None and not profile.roles else None


@refuses("run-root-volume-size", "ec2:RunInstances", "InvalidBlockDeviceMapping", "A volume is no smaller than its image's snapshot (API EbsBlockDevice, VolumeSize).")
def root_volume_size(call: Call) -> str | None:
    image = call.ec2.amis[call.get("ImageId")]
    least = image.block_device_mappings[0]["Ebs"]["VolumeSize"]
    for mapping in call.get("BlockDeviceMappings", []):
        size = (mapping.get("Ebs") or {}).get("VolumeSize")
        if mapping.get("DeviceName") == image.root_device_name and size is not None and int(size) < least:
            return f"Volume of size {size}GB is smaller than snapshot '{image.ebs_snapshot.id}', expect size >= {least}GB"
    return None


@refuses("start-ended-instance", "ec2:StartInstances", "IncorrectInstanceState", "A terminated instance stays so (API error codes).")
@refuses("stop-ended-instance", "ec2:StopInstances", "IncorrectInstanceState", "A terminated instance stays so (API error codes).")
def ended(call: Call) -> str | None:
    verb = "started" if call.action == "StartInstances" else "stopped"
    for instance_id in call.get("InstanceIds", []):
        instance = call.instance(instance_id)
        if instance is not None and instance.state == "terminated":
            return f"The instance '{instance_id}' is not in a state from which it can be {verb}."
    return None
