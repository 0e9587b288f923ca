"""Refusals of the internet gateway calls."""

from __future__ import annotations

from call import Call

from .table import moto_refuses, refuses

moto_refuses(
    "gateway-already-attached", "ec2:AttachInternetGateway", "Resource.AlreadyAssociated",
    "A gateway is attached to one VPC at most (API error codes).",
)
moto_refuses("attach-unknown-gateway", "ec2:AttachInternetGateway", "InvalidInternetGatewayID.NotFound", "The gateway must exist (API error codes).")
moto_refuses("attach-unknown-vpc", "ec2:AttachInternetGateway", "InvalidVpcID.NotFound", "The VPC must exist (API error codes).")
moto_refuses(
    "gateway-not-attached", "ec2:DetachInternetGateway", "Gateway.NotAttached",
    "Only a gateway attached to that VPC can be detached from it (API error codes).",
)
moto_refuses("detach-unknown-gateway", "ec2:DetachInternetGateway", "InvalidInternetGatewayID.NotFound", "The gateway must exist (API error codes).")
moto_refuses(
    "gateway-still-attached", "ec2:DeleteInternetGateway", "DependencyViolation",
    "A gateway is detached before it is deleted (API DeleteInternetGateway).",
)
moto_refuses("delete-unknown-gateway", "ec2:DeleteInternetGateway", "InvalidInternetGatewayID.NotFound", "The gateway must exist (API error codes).")


@refuses(
    "vpc-second-gateway", "ec2:AttachInternetGateway", "InvalidParameterValue",
    "A VPC has one internet gateway (VPC quotas: attached to one VPC at a time, one per VPC).",
)
def second_gateway(call: Call) -> str | None:
    vpc_id, wanted = call.get("VpcId"), call.ec2.internet_gateways.get(call.get("InternetGatewayId"))
    if wanted is None or wanted.vpc:
        return None
    taken = any(igw.vpc and igw.vpc.id == vpc_id for igw in call.ec2.internet_gateways.values())
    return f"Network {vpc_id} already has an internet gateway attached" if taken else None


@refuses(
    "gateway-serves-public-addresses", "ec2:DetachInternetGateway", "DependencyViolation",
    "A gateway stays while the VPC has running instances or interfaces with public addresses (API DetachInternetGateway).",
)
def serves_public_addresses(call: Call) -> str | None:
    vpc_id, igw = call.get("VpcId"), call.ec2.internet_gateways.get(call.get("InternetGatewayId"))
    if igw is None or not igw.vpc or igw.vpc.id != vpc_id:
        return None
    if any(n.public_ip for n in call.interfaces(vpc_id)):
        return f"Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
    return None
