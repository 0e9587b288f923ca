"""Corrections of moto 5.2.5's models: what it computes wrongly while it answers a call that succeeds.

`install` imports the models, the slowest part of starting, so it runs beside the server rather than before it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import compute
import parameters
import profiles
from corrections import canonical
from rules.security_groups import existing_keys


def install() -> None:
    _subnets()
    _vpcs()
    _routes()
    _security_groups()
    _gateways()
    _logs()
    _identity()
    compute.install()
    parameters.install()
    profiles.install()


def _subnets() -> None:
    from moto.ec2.models.subnets import Subnet, SubnetBackend

    def association_set(self: Any) -> list[dict[str, Any]]:
        # moto nests the state once too often.
        return [
            {
                "ipv6CidrBlock": association["ipv6CidrBlock"],
                "associationId": association["associationId"],
                "ipv6CidrBlockState": {"State": association["ipv6CidrBlockState"]["State"]},
            }
            for association in self.ipv6_cidr_block_associations.values()
            if association["ipv6CidrBlockState"]["State"] == "associated"
        ]

    Subnet.ipv6_cidr_block_association_set = property(association_set)  # type: ignore[method-assign,assignment]
    moto_create = SubnetBackend.create_subnet

    def create_subnet(self: Any, *args: Any, **kwargs: Any) -> Any:
        subnet = moto_create(self, *args, **kwargs)
        if not self.get_vpc(subnet.vpc_id).is_default:
            # moto takes the first subnet it sees in a zone for the zone's default one, which gives public addresses.
            subnet.default_for_az = subnet.map_public_ip_on_launch = False
        return subnet

    SubnetBackend.create_subnet = create_subnet  # type: ignore[method-assign]


def _vpcs() -> None:
    from moto.ec2.models.vpcs import VPC

    moto_associate = VPC.associate_vpc_cidr_block

    def associate(self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        association = moto_associate(self, *args, **kwargs)
        if "ipv6_pool" in association:
            # moto's blocks keep leading zeros, and lose their border group when they are added later.
            canonical(association, "cidr_block")
            association["ipv6_cidr_block_network_border_group"] = (
                association.get("ipv6_cidr_block_network_border_group") or self.region
            )
        return association

    VPC.associate_vpc_cidr_block = associate  # type: ignore[method-assign]

    def ipv6_blocks(self: Any) -> list[dict[str, Any]]:
        # moto leaves out the border group.
        return [
            {
                "AssociationId": association["association_id"],
                "Ipv6CidrBlock": association["cidr_block"],
                "Ipv6CidrBlockState": {"State": association["cidr_block_state"]["state"]},
                "Ipv6Pool": association.get("ipv6_pool"),
                "NetworkBorderGroup": association.get("ipv6_cidr_block_network_border_group"),
            }
            for association in self.get_cidr_block_association_set(ipv6=True)
        ]

    VPC.ipv6_cidr_block_association_set = property(ipv6_blocks)  # type: ignore[method-assign,assignment]


def _routes() -> None:
    from moto.ec2.models.route_tables import Route

    def state(self: Any) -> str:
        """`blackhole` when the target is gone or no longer attached (VPC user guide, Route table concepts)."""
        ec2 = self.route_table.ec2_backend
        gateway, nat, interface, instance = self.gateway, self.nat_gateway, self.interface, self.instance
        dead = (
            (gateway is not None and gateway.id.startswith("igw-")
             and (gateway.id not in ec2.internet_gateways or not gateway.vpc or gateway.vpc.id != self.route_table.vpc_id))
            or (nat is not None and nat.state == "deleted")
            or (interface is not None and interface.id not in ec2.enis)
            or (instance is not None and instance.state != "running")
            or (self.egress_only_igw is not None and self.egress_only_igw.id not in ec2.egress_only_internet_gateways)
        )  # fmt: skip
        return "blackhole" if dead else "active"

    Route.state = property(state)  # type: ignore[method-assign,assignment]


def _security_groups() -> None:
    from moto.core.responses import ActionResult
    from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupBackend, SecurityGroupRule
    from moto.ec2.responses.security_groups import SecurityGroups

    moto_create = SecurityGroupBackend.create_security_group

    def create(self: Any, *args: Any, **kwargs: Any) -> Any:
        group = moto_create(self, *args, **kwargs)
        if group.is_default:
            # A VPC's default group admits its own members (VPC user guide, Default security groups); moto's is empty.
            itself = {"GroupId": group.id, "UserId": group.owner_id}
            group.ingress_rules.append(
                SecurityGroupRule(self, "-1", group.id, None, None, None, source_group=itself, is_egress=False)
            )
        return group

    SecurityGroupBackend.create_security_group = create  # type: ignore[method-assign]

    for filtered in (SecurityGroup, SecurityGroupRule):
        _known_filters_only(filtered)

    def same_rule(self: Any, other: Any) -> bool:
        # moto counts a source group's description and owner as part of the rule.
        return existing_keys([self]) == existing_keys([other])

    SecurityGroupRule.__eq__ = same_rule  # type: ignore[method-assign,assignment]

    SecurityGroupRule.group_owner_id = property(lambda self: self.owner_id)  # type: ignore[attr-defined]

    def authorize(direction: str) -> Callable[[Any], ActionResult]:
        def respond(self: Any) -> ActionResult:
            # moto answers with the rules of the last permission only.
            self.error_on_dryrun()
            add = getattr(self.ec2_backend, f"authorize_security_group_{direction}")
            added = [copy.copy(rule) for given in self._process_rules_from_querystring() for rule in add(**given)[0]]
            for rule in added:
                # "All ports" is -1 in a rule, and left out in a group's permissions.
                rule.from_port = -1 if rule.from_port is None else rule.from_port
                rule.to_port = -1 if rule.to_port is None else rule.to_port
            return ActionResult({"Return": True, "SecurityGroupRules": added})

        return respond

    SecurityGroups.authorize_security_group_ingress = authorize("ingress")  # type: ignore[method-assign]
    SecurityGroups.authorize_security_group_egress = authorize("egress")  # type: ignore[method-assign]


def _known_filters_only(model: Any) -> None:
    """An unknown filter is a gap to be named, not the KeyError moto raises."""
    moto_matches = model.matches_filter

    def matches(self: Any, key: str, values: Any) -> Any:
        if not key.startswith("tag") and key not in self.filters:
            raise NotImplementedError(f"filter {key}")
        return moto_matches(self, key, values)

    model.matches_filter = matches


def _gateways() -> None:
    from moto.ec2.models.nat_gateways import NatGatewayBackend
    from moto.ec2.utils import is_tag_filter, tag_filter_matches

    moto_describe = NatGatewayBackend.describe_nat_gateways

    def describe(self: Any, filters: Any, nat_gateway_ids: list[str] | None) -> list[Any]:
        # moto passes over the filters it does not know, so a list by tag would hold everybody's gateways.
        found = moto_describe(self, filters, nat_gateway_ids)
        for name, values in (filters or {}).items():
            if is_tag_filter(name):
                found = [gateway for gateway in found if tag_filter_matches(gateway, name, values)]
            elif name not in ("nat-gateway-id", "vpc-id", "subnet-id", "state"):
                raise NotImplementedError(f"filter {name}")
        return found

    NatGatewayBackend.describe_nat_gateways = describe  # type: ignore[method-assign]


def _logs() -> None:
    from moto.logs.models import LogGroup

    moto_describe = LogGroup.to_describe_dict

    def describe(self: Any) -> dict[str, Any]:
        return {"logGroupClass": "STANDARD", **moto_describe(self)}

    LogGroup.to_describe_dict = describe  # type: ignore[method-assign]


def _identity() -> None:
    from moto.sts.models import STSBackend

    moto_identity = STSBackend.get_caller_identity

    def identity(self: Any, access_key_id: str, region: str) -> tuple[str, str, str]:
        user_id, arn, account = moto_identity(self, access_key_id, region)
        # An IAM user's ARN is IAM's; moto puts unknown keys under STS.
        return user_id, arn.replace(":sts::", ":iam::") if ":user/" in arn else arn, account

    STSBackend.get_caller_identity = identity  # type: ignore[method-assign]
