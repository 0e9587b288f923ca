"""The AMI catalogue, `amis.json`: only what the project asks for.

Owners and Debian's names are real. The ids are not (every region has its own), nor are the dates in iPXE's names.
moto's own catalogue has no Debian, Ubuntu or iPXE image for arm64.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

CATALOGUE = Path(__file__).parent.parent / "amis.json"
# Size of an image's snapshot, so the smallest root volume; moto says 15 for every image.
ROOT_GIB = 8


def use_catalogue() -> None:
    """moto reads the variable when its models are imported."""
    os.environ["MOTO_AMIS_PATH"] = str(CATALOGUE)


def install() -> None:
    from moto.ec2.models.amis import Ami, AmiBackend

    def devices(self: Any) -> list[dict[str, Any]]:
        ebs = {
            "SnapshotId": self.ebs_snapshot.id, "VolumeSize": ROOT_GIB, "VolumeType": "gp3",
            "DeleteOnTermination": True, "Encrypted": False,
        }  # fmt: skip
        return [{"DeviceName": self.root_device_name, "Ebs": ebs}]

    Ami.block_device_mappings = property(devices)  # type: ignore[method-assign,assignment]
    moto_load = AmiBackend._load_amis

    def load(self: Any) -> None:
        moto_load(self)
        for image in self.amis.values():
            image.owner_alias = None  # moto takes Amazon for everybody's owner

    AmiBackend._load_amis = load  # type: ignore[method-assign]
