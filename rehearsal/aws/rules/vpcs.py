"""Refusals of the VPC calls. A VPC that still holds something stays: this is what proves the teardown's order."""

from __future__ import annotations

from call import Call

from .addresses import inside, network
from .table import moto_refuses, refuses

HAS_DEPENDENCIES = "The vpc '{}' has dependencies and cannot be deleted."

moto_refuses("vpc-size", "ec2:CreateVpc", "InvalidVpc.Range", "A VPC's IPv4 block is between /16 and /28 (API CreateVpc).")
moto_refuses("vpc-malformed-cidr", "ec2:CreateVpc", "InvalidParameterValue", "The CIDR block must parse (API error codes).")
moto_refuses("modify-unknown-vpc", "ec2:ModifyVpcAttribute", "InvalidVpcID.NotFound", "The VPC must exist (API error codes).")
moto_refuses("delete-unknown-vpc", "ec2:DeleteVpc", "InvalidVpcID.NotFound", "The VPC must exist (API error codes).")
moto_refuses(
    "vpc-has-subnets", "ec2:DeleteVpc", "DependencyViolation",
    "Subnets, and with them every interface, NAT gateway and instance, go before their VPC (API DeleteVpc).",
)
moto_refuses(
    "vpc-has-route-tables", "ec2:DeleteVpc", "DependencyViolation",
    "Every route table but the main one goes before its VPC (API DeleteVpc).",
)


@refuses(
    "vpc-attributes-one-at-a-time", "ec2:ModifyVpcAttribute", "InvalidParameterCombination",
    "DNS support and DNS host names cannot be modified in one request (API ModifyVpcAttribute).",
)
def attributes_one_at_a_time(call: Call) -> str | None:
    given = [name for name in call.params if name.startswith("Enable")]
    return f"Fields for multiple attribute types specified: {', '.join(given)}" if len(given) > 1 else None


@refuses(
    "vpc-has-internet-gateway", "ec2:DeleteVpc", "DependencyViolation",
    "An attached internet gateway is detached before its VPC goes (API DeleteVpc).",
)
def has_internet_gateway(call: Call) -> str | None:
    vpc_id = call.get("VpcId")
    attached = any(igw.vpc and igw.vpc.id == vpc_id for igw in call.ec2.internet_gateways.values())
    return HAS_DEPENDENCIES.format(vpc_id) if attached else None


@refuses(
    "vpc-has-egress-only-gateway", "ec2:DeleteVpc", "DependencyViolation",
    "An egress-only internet gateway goes before its VPC (API DeleteVpc).",
)
def has_egress_only_gateway(call: Call) -> str | None:
    vpc_id = call.get("VpcId")
    held = any(eigw.vpc_id == vpc_id for eigw in call.ec2.egress_only_internet_gateways.values())
    return HAS_DEPENDENCIES.format(vpc_id) if held else None


@refuses(
    "vpc-has-security-groups", "ec2:DeleteVpc", "DependencyViolation",
    "Every security group but the default one goes before its VPC (API DeleteVpc).",
)
def has_security_groups(call: Call) -> str | None:
    vpc_id = call.get("VpcId")
    held = any(not group.is_default for group in call.security_groups(vpc_id))
    return HAS_DEPENDENCIES.format(vpc_id) if held else None


@refuses(
    "vpc-has-network-acls", "ec2:DeleteVpc", "DependencyViolation",
    "Every network ACL but the default one goes before its VPC (API DeleteVpc).",
)
def has_network_acls(call: Call) -> str | None:
    vpc_id = call.get("VpcId")
    held = any(acl.vpc_id == vpc_id and acl.default != "true" and acl.default is not True for acl in call.ec2.network_acls.values())
    return HAS_DEPENDENCIES.format(vpc_id) if held else None


@refuses(
    "vpc-has-endpoints", "ec2:DeleteVpc", "DependencyViolation",
    "VPC endpoints go before their VPC (API DeleteVpc).",
)
def has_endpoints(call: Call) -> str | None:
    vpc_id = call.get("VpcId")
    held = any(e.vpc_id == vpc_id and e.state != "deleted" for e in call.ec2.vpc_end_points.values())
    return HAS_DEPENDENCIES.format(vpc_id) if held else None


moto_refuses("associate-block-unknown-vpc", "ec2:AssociateVpcCidrBlock", "InvalidVpcID.NotFound", "The VPC must exist (API error codes).")
moto_refuses(
    "vpc-primary-block", "ec2:DisassociateVpcCidrBlock", "OperationNotPermitted",
    "The primary IPv4 block stays for the VPC's life (API DisassociateVpcCidrBlock).",
)


@refuses(
    "vpc-unknown-block-association", "ec2:DisassociateVpcCidrBlock", "InvalidVpcCidrBlockAssociationID.NotFound",
    "The association must exist (API error codes; moto's code has a stray word).",
)
def unknown_block_association(call: Call) -> str | None:
    association = call.get("AssociationId")
    known = any(association in vpc._cidr_block_association_set for vpc in call.ec2.vpcs.values())
    return None if known else f"The vpc CIDR block association ID '{association}' does not exist"


@refuses(
    "vpc-block-in-use", "ec2:DisassociateVpcCidrBlock", "InvalidCidrBlock.InUse",
    "A block stays while a subnet uses part of it (API DisassociateVpcCidrBlock).",
)
def block_in_use(call: Call) -> str | None:
    for vpc in call.ec2.vpcs.values():
        association = vpc._cidr_block_association_set.get(call.get("AssociationId"))
        block = network(association["cidr_block"]) if association else None
        if block is None or str(block) == str(network(vpc.cidr_block)):
            continue
        for subnet in call.subnets(vpc.id):
            used = [subnet.cidr_block, *(a["ipv6CidrBlock"] for a in subnet.ipv6_cidr_block_associations.values())]
            if any(part is not None and inside(part, block) for part in map(network, used)):
                return f"The vpc {vpc.id} currently has a subnet within CIDR block {block}"
    return None
