"""RunInstances as EC2 does it: the request laid over its launch template, then one launch, whoever asks for it.

An Auto Scaling group launches through here too, with the call AWS's service makes, so that it is refused as anyone is.
"""

from __future__ import annotations

import copy
from typing import Any

from call import Call
from rules.instances import default_subnet
from steps import before

from .images import ROOT_GIB
from .interfaces import choose_addresses

Spec = dict[str, Any]


def tags_of(specifications: list[Spec] | None, resource_type: str) -> dict[str, str]:
    """The tags for one type; of a key given twice the later value wins."""
    return {
        tag["Key"]: tag.get("Value") or ""
        for spec in specifications or []
        if spec.get("ResourceType") == resource_type
        for tag in spec.get("Tags") or []
    }


def merged_tags(*lists: list[Spec] | None) -> list[Spec]:
    types = dict.fromkeys(spec.get("ResourceType") for given in lists for spec in given or [])
    merged = []
    for kind in types:
        tags: dict[str, str] = {}
        for given in lists:
            tags |= tags_of(given, str(kind))
        merged.append({"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]})
    return merged


def merged_devices(*lists: list[Spec] | None) -> list[Spec]:
    """Block device mappings by device; a later one changes what it names of an earlier one."""
    devices: dict[str, Spec] = {}
    for mapping in (one for given in lists for one in given or []):
        earlier = devices.get(mapping["DeviceName"], {})
        devices[mapping["DeviceName"]] = {**earlier, **mapping, "Ebs": {**earlier.get("Ebs", {}), **(mapping.get("Ebs") or {})}}
    return list(devices.values())


@before("RunInstances")
def lay_over_template(call: Call) -> None:
    """A request's parameters override its template's, tags by key and block devices by device (API RunInstances,
    LaunchTemplate); moto takes little of a template, and neither its interfaces nor its metadata options."""
    version = call.template_version(call.get("LaunchTemplate")) if call.get("LaunchTemplate") else None
    if version is None:
        return
    data = copy.deepcopy(version.data)
    tags = merged_tags(data.pop("TagSpecifications", None), call.get("TagSpecifications"))
    devices = merged_devices(data.pop("BlockDeviceMappings", None), call.get("BlockDeviceMappings"))
    placement = {**(data.pop("Placement", None) or {}), **(call.get("Placement") or {})}
    call.params.update({**data, **call.params})
    for key, value in (("TagSpecifications", tags), ("BlockDeviceMappings", devices), ("Placement", placement)):
        if value:
            call.params[key] = value


def _interface_specs(call: Call) -> list[Spec]:
    """Every interface of the launch; without any, the primary one that the instance-level parameters describe."""
    given = copy.deepcopy(call.get("NetworkInterfaces") or [])
    if not given:
        wanted = ("SubnetId", "PrivateIpAddress", "Ipv6Addresses", "Ipv6AddressCount")
        given = [{key: call.get(key) for key in wanted if call.get(key) is not None}]
        given[0]["Groups"] = _group_ids(call)
    for spec in given:
        spec.setdefault("DeviceIndex", 0)
        if not spec.get("NetworkInterfaceId") and not spec.get("SubnetId"):
            spec["SubnetId"] = default_subnet(call).id  # a rule sees to it that there is one
    return sorted(given, key=lambda spec: int(spec["DeviceIndex"]))


def _group_ids(call: Call) -> list[str]:
    names = call.get("SecurityGroups", [])
    return [*call.get("SecurityGroupIds", []), *(call.ec2.get_security_group_by_name_or_id(name).id for name in names)]


def _profile(call: Call) -> Any:
    from moto.ec2.utils import filter_iam_instance_profiles

    given = call.get("IamInstanceProfile") or {}
    if not given:
        return None
    return filter_iam_instance_profiles(call.account, call.partition, given.get("Arn"), given.get("Name"))


def launch(call: Call) -> Any:
    """Launches what a call that no rule refuses asks for; answers moto's reservation."""
    from moto.ec2.utils import parse_user_data

    image = call.ec2.amis[call.get("ImageId")]
    specs = _interface_specs(call)
    tags, data = call.get("TagSpecifications"), call.get("UserData")
    reservation = call.ec2.run_instances(
        image.id,
        int(call.get("MaxCount", 1)),
        parse_user_data(data) if data else None,
        [],
        instance_type=call.get("InstanceType"),
        is_instance_type_default=False,
        region_name=call.region,
        subnet_id=specs[0].get("SubnetId") or call.interface(specs[0]["NetworkInterfaceId"]).subnet.id,
        key_name=call.get("KeyName"),
        nics=specs,
        tags={"instance": tags_of(tags, "instance")},
        ebs_optimized=bool(call.get("EbsOptimized")),
        disable_api_stop=bool(call.get("DisableApiStop")),
        disable_api_termination=bool(call.get("DisableApiTermination")),
        instance_market_options=(call.get("InstanceMarketOptions") or {}).get("MarketType"),
        instance_initiated_shutdown_behavior=call.get("InstanceInitiatedShutdownBehavior"),
        hibernation_options=call.get("HibernationOptions", {}),
        monitoring_state="enabled" if (call.get("Monitoring") or {}).get("Enabled") else "disabled",
        metadata_options=call.get("MetadataOptions", {}),
        client_token=call.get("ClientToken", ""),
        block_device_mappings=[],
    )
    profile, version = _profile(call), call.template_version(call.get("LaunchTemplate"))
    for instance in reservation.instances:
        instance.cpu_credits = (call.get("CreditSpecification") or {}).get("CpuCredits")
        instance.launched_from = version
        if version is not None and call.get("LaunchTemplate"):
            instance.add_tags({"aws:ec2launchtemplate:id": version.template.id, "aws:ec2launchtemplate:version": str(version.number)})
        for spec, interface in zip(specs, instance.nics.values(), strict=True):
            if not spec.get("NetworkInterfaceId"):
                interface.add_tags(tags_of(tags, "network-interface"))
        _attach_volumes(call, instance, image, tags_of(tags, "volume"))
        if profile is not None:
            call.ec2.associate_iam_instance_profile(instance.id, iam_instance_profile_arn=profile.arn)
            # moto puts the association's id in the place of the profile's.
            instance.iam_instance_profile = {"Arn": profile.arn, "Id": profile.id}
    return reservation


def _attach_volumes(call: Call, instance: Any, image: Any, tags: dict[str, str]) -> None:
    """The image's root volume, changed by the mapping of its device, and the mapping's other volumes."""
    root = {"VolumeSize": ROOT_GIB, "VolumeType": "gp3", "DeleteOnTermination": True, "SnapshotId": image.ebs_snapshot.id}
    mapping = merged_devices([{"DeviceName": image.root_device_name, "Ebs": root}], call.get("BlockDeviceMappings"))
    for device in mapping:
        ebs = device["Ebs"]
        if device.get("NoDevice") is not None or not ebs:
            continue
        volume = call.ec2.create_volume(
            size=ebs.get("VolumeSize"),
            zone_name=instance.placement.zone,
            snapshot_id=ebs.get("SnapshotId"),
            encrypted=bool(ebs.get("Encrypted")),
            kms_key_id=ebs.get("KmsKeyId"),
            volume_type=ebs.get("VolumeType"),
            iops=ebs.get("Iops"),
            throughput=ebs.get("Throughput"),
        )
        volume.add_tags(tags)
        call.ec2.attach_volume(volume.id, instance.id, device["DeviceName"], bool(ebs.get("DeleteOnTermination")))


def make_interfaces(instance: Any, specs: list[Spec], **_: Any) -> None:
    """Replaces moto's `prep_nics`: attaches what exists, makes the rest, and follows the specification in all of it."""
    ec2 = instance.ec2_backend
    instance.nics = {}
    for given in specs:
        existing = given.get("NetworkInterfaceId")
        if existing:
            interface = ec2.get_network_interface(existing)
        else:
            subnet, spec = ec2.get_subnet(given["SubnetId"]), dict(given)
            choose_addresses(ec2, subnet, spec)
            interface = ec2.create_network_interface(
                subnet,
                spec.get("PrivateIpAddress"),
                spec.get("PrivateIpAddresses"),
                spec.get("Groups"),
                spec.get("Description"),
                ipv6_addresses=[item["Ipv6Address"] for item in spec.get("Ipv6Addresses") or []],
            )
            public = spec.get("AssociatePublicIpAddress")
            interface.public_ip_auto_assign = subnet.map_public_ip_on_launch if public is None else public
        # What a launch makes goes with the instance unless told to stay; what was there before stays.
        kept = given.get("DeleteOnTermination")
        interface.delete_on_termination = not existing if kept is None else bool(kept)
        instance.attach_eni(interface, int(given.get("DeviceIndex") or 0))


def install() -> None:
    from moto.core.responses import ActionResult
    from moto.ec2.models.instances import Instance
    from moto.ec2.responses.instances import InstanceResponse

    def run_instances(self: Any) -> ActionResult:
        self.error_on_dryrun()
        return ActionResult(launch(Call.of(self)))

    InstanceResponse.run_instances = run_instances  # type: ignore[method-assign]
    Instance.prep_nics = make_interfaces  # type: ignore[method-assign,assignment]
