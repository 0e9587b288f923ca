"""Volumes: what an attachment shows, and that a volume's id is enough to detach it."""

from __future__ import annotations

from typing import Any

from call import Call
from steps import before


@before("DetachVolume")
def where_it_is_attached(call: Call) -> None:
    """Instance and device are optional (API DetachVolume); moto needs them."""
    volume = call.ec2.volumes.get(call.get("VolumeId"))
    if volume is not None and volume.attachment is not None:
        call.params.setdefault("InstanceId", volume.attachment.instance_id)
        call.params.setdefault("Device", volume.attachment.device)


def install() -> None:
    from moto.ec2.models.elastic_block_store import VolumeAttachment

    def kept(self: Any) -> bool:
        device = self.instance.block_device_mapping.get(self.device)
        return bool(device is not None and device.delete_on_termination)

    VolumeAttachment.delete_on_termination = property(kept)  # type: ignore[attr-defined]
