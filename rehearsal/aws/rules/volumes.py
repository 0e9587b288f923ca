"""Refusals of the volume calls."""

from __future__ import annotations

from call import Call

from .table import moto_refuses, refuses

moto_refuses("delete-unknown-volume", "ec2:DeleteVolume", "InvalidVolume.NotFound", "The volume must exist (API error codes).")
moto_refuses("delete-volume-in-use", "ec2:DeleteVolume", "VolumeInUse", "A volume is detached before it is deleted (API DeleteVolume).")
moto_refuses("attach-unknown-volume", "ec2:AttachVolume", "InvalidVolume.NotFound", "The volume must exist (API error codes).")
moto_refuses("attach-volume-unknown-instance", "ec2:AttachVolume", "InvalidInstanceID.NotFound", "The instance must exist (API error codes).")


@refuses("volume-unknown-zone", "ec2:CreateVolume", "InvalidZone.NotFound", "The Availability Zone must exist (API error codes).")
def unknown_zone(call: Call) -> str | None:
    zone = call.get("AvailabilityZone")
    return None if zone is None or call.ec2.get_zone_by_name(zone) else f"The zone '{zone}' does not exist."


@refuses("attach-volume-in-use", "ec2:AttachVolume", "VolumeInUse", "A volume is attached to one instance (API AttachVolume).")
def in_use(call: Call) -> str | None:
    volume = call.ec2.volumes.get(call.get("VolumeId"))
    return f"{volume.id} is already attached to an instance" if volume is not None and volume.attachment else None


@refuses("attach-volume-other-zone", "ec2:AttachVolume", "InvalidVolume.ZoneMismatch", "Volume and instance are in one Availability Zone (API AttachVolume).")
def other_zone(call: Call) -> str | None:
    volume, instance = call.ec2.volumes.get(call.get("VolumeId")), call.instance(call.get("InstanceId"))
    if volume is None or instance is None or volume.availability_zone == instance.availability_zone:
        return None
    return f"The volume '{volume.id}' is not in the same availability zone as instance '{instance.id}'"


@refuses("attach-volume-device-in-use", "ec2:AttachVolume", "InvalidParameterValue", "A device name is used once on an instance (API AttachVolume, Device).")
def device_in_use(call: Call) -> str | None:
    instance, device = call.instance(call.get("InstanceId")), call.get("Device")
    if instance is None or device not in instance.block_device_mapping:
        return None
    return f"Invalid value '{device}' for unixDevice. Attachment point {device} is already in use"


@refuses("attach-volume-ended-instance", "ec2:AttachVolume", "IncorrectState", "The instance runs or is stopped (API error codes).")
def ended_instance(call: Call) -> str | None:
    instance = call.instance(call.get("InstanceId"))
    return f"Instance '{instance.id}' is not 'running'." if instance is not None and instance.state == "terminated" else None


moto_refuses("detach-unknown-volume", "ec2:DetachVolume", "InvalidVolume.NotFound", "The volume must exist (API error codes).")


@refuses("detach-available-volume", "ec2:DetachVolume", "IncorrectState", "The volume is attached (API error codes).")
def detach_available(call: Call) -> str | None:
    volume = call.ec2.volumes.get(call.get("VolumeId"))
    return f"Volume '{volume.id}' is in the 'available' state." if volume is not None and volume.attachment is None else None


@refuses("detach-root-volume", "ec2:DetachVolume", "OperationNotPermitted", "The root volume stays while its instance runs (API DetachVolume).")
def detach_root(call: Call) -> str | None:
    volume = call.ec2.volumes.get(call.get("VolumeId"))
    instance = volume.attachment.instance if volume is not None and volume.attachment else None
    if instance is None or not instance.is_running() or volume.attachment.device != instance.root_device_name:
        return None
    return f"Unable to detach root volume '{volume.id}' from instance '{instance.id}'"
